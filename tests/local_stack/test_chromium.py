"""The browser for the tests is found, or got, or its lack explained."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers.children import ROOT, clean_environ

_DEBIAN_ROOT = Path("/etc/debian_version").exists() and os.geteuid() == 0
_INSTALLER = """#!/bin/sh
# Stands where apt-get does, and "installs" into the directory it stands in.
made="${0%/*}/chromium"
case "$1" in install) printf '#!/bin/sh\\n' > "$made"; /bin/chmod +x "$made";; esac
"""


def _find(path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Look for a browser on a machine whose PATH is one directory, and which has no network."""
    return subprocess.run(
        [sys.executable, "-m", "infra.tools.chromium"],
        cwd=ROOT,
        env={
            **{k: v for k, v in clean_environ().items() if k != "CHROMIUM"},
            "PATH": str(path),
            "PLAYWRIGHT_BROWSERS_PATH": str(path / "playwright"),
            "PLAYWRIGHT_DOWNLOAD_HOST": "http://127.0.0.1:1",
            **environ,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def _executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_named_one_is_taken(tmp_path: Path) -> None:
    named = _executable(tmp_path / "mine")
    _executable(tmp_path / "chromium")
    assert _find(tmp_path, CHROMIUM=str(named)).stdout == f"{named}\n"


def test_one_on_the_path_is_found(tmp_path: Path) -> None:
    chrome = _executable(tmp_path / "google-chrome")
    assert _find(tmp_path).stdout == f"{chrome}\n"


@pytest.mark.skipif(not _DEBIAN_ROOT, reason="only root on Debian installs packages")
def test_debians_is_installed_by_root(tmp_path: Path) -> None:
    _executable(tmp_path / "apt-get", _INSTALLER)
    found = _find(tmp_path)
    assert found.stdout == f"{tmp_path / 'chromium'}\n"
    assert "Installing Debian's Chromium" in found.stderr


def test_where_none_can_be_had_it_says_so_and_why(tmp_path: Path) -> None:
    _executable(tmp_path / "apt-get", "#!/bin/sh\necho no network >&2; exit 100\n")
    found = _find(tmp_path)
    assert (found.returncode, found.stdout) == (1, "")
    last = found.stderr.splitlines()[-1]
    assert last.startswith("The browser tests are not run: there is no Chromium here")
    assert "playwright install failed" in last
    assert ("no network" if _DEBIAN_ROOT else "not root on Debian") in last


def test_without_apt_get_the_reason_says_that(tmp_path: Path) -> None:
    found = _find(tmp_path)
    assert found.returncode == 1
    assert ("apt-get" if _DEBIAN_ROOT else "not root on Debian") in found.stderr
