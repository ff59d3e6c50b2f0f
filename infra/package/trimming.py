"""Decides which files of the pinned packages ship: what runs, and licences."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from infra.package.models import SERVICES

# What botocore reads for each service, and for all of them.
_MODELS = re.compile(
    rf"botocore/data/(?:(?:{'|'.join(SERVICES)})/[0-9-]+/"
    r"(?:service-2|endpoint-rule-set-1)\.json(?:\.gz)?"
    r"|(?:endpoints|partitions|sdk-default-configuration|_retry)\.json)"
)
_OLD_MODELS = "botocore/data/dynamodb/2011-12-05/"

_LICENCE = re.compile(r"(?:licen[cs]es?|copying|notice|authors)(?:\b|_)", re.IGNORECASE)
# Its wheel has no licence text, only its name in the metadata.
_LICENSED_BY = re.compile(r"ua_parser_builtins-[^/]+/METADATA")
_NOT_RUN = (".c", ".cpp", ".h", ".html", ".md", ".pxd", ".pxi", ".pyi", ".pyx", ".rst", ".typed")

# Parts that no import reaches, as the cold starts in tests/deployment show.
_UNUSED = (
    "cffi/",  # compiles bindings; argon2's are compiled, and need _cffi_backend alone
    "pycparser",  # reads C for cffi
    "dateutil/zoneinfo/",  # time zones by name; botocore asks for UTC
    "lxml/html/",
    "lxml/includes/",
    "lxml/isoschematron/",
    "lxml/objectify.",
    "lxml/sax.",
    # The same data three times: matchers.py is what is read.
    "ua_parser_builtins/lazy.py",
    "ua_parser_builtins/regexes.py",
    "REVISION",
    "bin/",
)


def trim(directory: Path) -> None:
    """Remove what doesn't ship from a directory of packages."""
    for path in sorted(directory.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif not ships(path.relative_to(directory).as_posix()):
            path.unlink()


def ships(name: str) -> bool:
    """Return whether a file of the packages ships, by its path in the zip."""
    path = PurePosixPath(name)
    if name.startswith(_UNUSED):
        return False
    if path.parts[0].endswith(".dist-info"):
        return any(_LICENCE.match(part) for part in path.parts[1:]) or bool(
            _LICENSED_BY.fullmatch(name)
        )
    if name.startswith("botocore/data/"):
        return _MODELS.fullmatch(name) is not None and not name.startswith(_OLD_MODELS)
    if any(part in ("tests", "test", "testing", "__pycache__") for part in path.parts[:-1]):
        return False
    return path.suffix not in _NOT_RUN
