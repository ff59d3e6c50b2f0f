"""The rules of the tree that no linter holds."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.order import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
HEAVY = (
    "pynamodb",
    "botocore",
    "boto3",
    "argon2",
    "bcrypt",
    "jinja2",
    "lxml",
    "xmlsec",
    "onelogin",
    "dns",
    "publicsuffixlist",
    "zxcvbn",
    "email_validator",
)


def _loaded_by(statement: str) -> set[str]:
    """Run one import in a fresh interpreter that has no settings, and list what it loaded."""
    finished = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)"],
        cwd=ROOT,
        # An empty environment, but for the path that lets coverage follow the child.
        env={k: v for k, v in os.environ.items() if k.startswith("COVERAGE")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return {name.partition(".")[0] for name in finished.stdout.split()}


def test_importing_the_app_needs_no_environment_and_loads_nothing_heavy() -> None:
    assert _loaded_by("import app").isdisjoint(HEAVY)


def test_app_imports_chalice_and_the_two_edges_only() -> None:
    tree = ast.parse((ROOT / "app.py").read_text())
    imported = {
        module
        for node in ast.walk(tree)
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    allowed = ("__future__", "chalice", "chalicelib.web", "chalicelib.jobs")
    strangers = {m for m in imported if not f"{m}.".startswith(tuple(f"{a}." for a in allowed))}
    assert strangers == set()


def test_nothing_outside_the_tests_imports_them() -> None:
    shipped = [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]
    guilty = [
        str(path.relative_to(ROOT))
        for path in shipped
        if "import tests" in path.read_text() or "from tests" in path.read_text()
    ]
    assert guilty == []


def test_everything_that_ships_is_imported() -> None:
    """`H14`: no requirement without a reader."""
    lines = (ROOT / "requirements.txt").read_text().partition("# Dependencies of")[0].splitlines()
    direct = {line.partition("==")[0] for line in lines if "==" in line}
    imported_as = {"python3-saml": "onelogin", "argon2-cffi": "argon2", "dnspython": "dns"}
    modules = {imported_as.get(name, name.replace("-", "_")) for name in direct}
    source = "\n".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*.py"))
    unread = {m for m in modules if f"import {m}" not in source and f"from {m}" not in source}
    assert unread == set()


def test_everything_that_is_imported_is_pinned() -> None:
    """`H14`: what a developer's own machine happens to have is not what a clean checkout has."""
    pinned = {
        line.partition("==")[0].lower().replace("_", "-")
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in (ROOT / name).read_text().splitlines()
        if "==" in line
    }
    places = ("chalicelib", "infra", "benchmarks", "tests")
    sources = [ROOT / "app.py", *(path for p in places for path in (ROOT / p).rglob("*.py"))]
    # Scripts of other products, which run in an environment of their own with pins of its own.
    sources = [path for path in sources if path.parent != ROOT / "benchmarks/peers/scripts"]
    found = {name for path in sources for name in _imported(path)}
    distributions = packages_distributions()
    missing = {
        name
        for name in found - set(sys.stdlib_module_names) - {"app", *places}
        if not {d.lower().replace("_", "-") for d in distributions.get(name, [])} & pinned
    }
    assert missing == set()


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_the_files_that_start_first_are_there() -> None:
    assert [name for name in LONGEST if not (ROOT / "tests" / name).is_file()] == []
