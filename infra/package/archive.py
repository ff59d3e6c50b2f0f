"""Compiles a directory and zips it, byte for byte the same at each build."""

from __future__ import annotations

import compileall
import py_compile
import zipfile
from typing import TYPE_CHECKING

from infra.errors import CommandError

if TYPE_CHECKING:
    from pathlib import Path

# Where Lambda unpacks it, as tracebacks show.
_TASK_ROOT = "/var/task"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644
# Of the unpacked files, layers included; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MOST_BYTES = 262_144_000


def compile_libraries(directory: Path) -> None:
    """Replace each module by its compiled form: source is a third of the zip and never read.

    A traceback still names file and line; the text of the line is in the package that is pinned.
    """
    _compile(directory, legacy=True)
    for path in directory.rglob("*.py"):
        path.unlink()


def compile_ours(directory: Path) -> None:
    """Add compiled modules beside our own source, which tracebacks show.

    They are unchecked, since the archive has no real times to compare. Lambda's disk is read-only,
    so a start could not save what it compiles.
    """
    _compile(directory, legacy=False)


def _compile(directory: Path, *, legacy: bool) -> None:
    done = compileall.compile_dir(
        directory,
        quiet=2,
        force=True,
        legacy=legacy,
        stripdir=str(directory),
        prependdir=_TASK_ROOT,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        message = f"Not every module in {directory} could be compiled."
        raise CommandError(message)


def write_zip(directory: Path, target: Path) -> None:
    """Zip a directory without times and owners; raises CommandError over Lambda's limit."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    size = sum(path.stat().st_size for path in files)
    if size > _MOST_BYTES:
        message = f"Unpacked, the package has {size:,} bytes; Lambda takes {_MOST_BYTES:,}."
        raise CommandError(message)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), _EPOCH)
            entry.external_attr = _READABLE << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
