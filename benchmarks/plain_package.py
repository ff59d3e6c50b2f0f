"""Builds the package of plain `chalice package` from the same code, for comparison."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from infra.package import libraries
from infra.package.archive import write_zip
from infra.package.build import chalice_package
from infra.stack.stages import ROOT

# Libraries that only SSO needs: by far the largest part, and all compiled code.
SAML = ("isodate", "lxml", "onelogin", "python3_saml", "xmlsec")


def plain_zip(target: Path) -> None:
    """Write Chalice's zip: all files of each pinned wheel, and no precompiled modules."""
    with tempfile.TemporaryDirectory() as scratch:
        contents = Path(scratch) / "contents"
        contents.mkdir()
        libraries.copy_installed(ROOT / "requirements.txt", contents)
        with zipfile.ZipFile(chalice_package(Path(scratch) / "project", "prod").archive) as ours:
            ours.extractall(contents)
        write_zip(contents, target)


def packed_bytes_without_saml(archive: Path) -> int:
    """Return the compressed bytes of a zip's files, without the SAML libraries."""
    with zipfile.ZipFile(archive) as opened:
        files = opened.infolist()
    return sum(f.compress_size for f in files if not f.filename.startswith(SAML))
