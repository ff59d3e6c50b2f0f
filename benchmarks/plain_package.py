"""What plain `chalice package` makes of the same code: what ours is measured against."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from infra.package import libraries
from infra.package.archive import write_zip
from infra.package.build import chalice_package
from infra.stack.stages import ROOT

# The libraries that only single sign-on needs; by far the largest part, and all compiled code.
SAML = ("isodate", "lxml", "onelogin", "python3_saml", "xmlsec")


def plain_zip(target: Path) -> None:
    """Write Chalice's zip: every file of every pin as its wheel has it, and no compiled module."""
    with tempfile.TemporaryDirectory() as scratch:
        contents = Path(scratch) / "contents"
        contents.mkdir()
        libraries.copy_installed(ROOT / "requirements.txt", contents)
        with zipfile.ZipFile(chalice_package(Path(scratch) / "project", "prod").archive) as ours:
            ours.extractall(contents)
        write_zip(contents, target)


def packed_bytes_without_saml(archive: Path) -> int:
    """Count the bytes of a zip's files, apart from the SAML libraries'."""
    with zipfile.ZipFile(archive) as opened:
        files = opened.infolist()
    return sum(f.compress_size for f in files if not f.filename.startswith(SAML))
