"""Import-linter contracts that allow-list imports, where its own can only forbid them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph


class AllowedExternals(Contract):
    """A layer imports no third party except those named."""

    type_name = "allowed_externals"

    layer = fields.StringField()
    allowed = fields.SetField(subfield=fields.StringField(), required=False, default=set())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - import-linter's signature
        """Compare every direct import of the layer with the list."""
        output.verbose_print(verbose, f"Third parties of {self.layer}")
        strangers = [
            f"{importer} imports {imported}"
            for importer in sorted(self._modules(graph))
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if self._is_stranger(imported)
        ]
        return ContractCheck(kept=not strangers, metadata={"strangers": strangers})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that is not on the list."""
        for line in check.metadata["strangers"]:
            output.print_error(f"- {line}", bold=False)

    def _modules(self, graph: ImportGraph) -> set[str]:
        name = str(self.layer)
        return {m for m in graph.modules if m == name or m.startswith(f"{name}.")}

    def _is_stranger(self, imported: str) -> bool:
        top = imported.partition(".")[0]
        ours = {*self.session_options["root_packages"]}
        known = {*cast("set[str]", self.allowed), "__future__"}
        return top not in known | ours and top not in sys.stdlib_module_names


class AllowedDoors(Contract):
    """A root package imports another one only by the modules named, and what is in them."""

    type_name = "allowed_doors"

    importer = fields.StringField()
    imported = fields.StringField()
    doors = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - import-linter's signature
        """Compare every direct import between the two with the list."""
        output.verbose_print(verbose, f"Doors from {self.importer} to {self.imported}")
        others = [
            f"{module} imports {found}"
            for module in sorted(graph.modules)
            if _is_in(module, str(self.importer))
            for found in sorted(graph.find_modules_directly_imported_by(module))
            if _is_in(found, str(self.imported)) and not self._is_door(found)
        ]
        return ContractCheck(kept=not others, metadata={"others": others})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that is not on the list."""
        for line in check.metadata["others"]:
            output.print_error(f"- {line}", bold=False)

    def _is_door(self, found: str) -> bool:
        return any(_is_in(found, door) for door in cast("set[str]", self.doors))


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
