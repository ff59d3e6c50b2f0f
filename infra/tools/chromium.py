"""Finds or installs a Chromium for the browser tests and prints its path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_INSTALL_SECONDS = 600


def main() -> int:
    """Print the browser's path; or print the reason and return 1."""
    reasons: list[str] = []
    path = _named() or _installed() or _playwrights() or _from_debian(reasons) or _fetched(reasons)
    if path:
        print(path)
        return 0
    print(
        "The browser tests are not run: there is no Chromium here, and none could be had "
        f"({'; '.join(reasons)}). Install Chromium, or name one by CHROMIUM=.",
        file=sys.stderr,
    )
    return 1


def _named() -> str | None:
    return shutil.which(os.environ.get("CHROMIUM") or "")


def _installed() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _playwrights() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _from_debian(reasons: list[str]) -> str | None:
    if not Path("/etc/debian_version").exists() or os.geteuid() != 0:
        reasons.append("not root on Debian")
        return None
    print("Installing Debian's Chromium for the browser tests ...", file=sys.stderr)
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    update = ["apt-get", "update", "-q"]
    install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"]
    if not (
        _succeeds("apt-get update", update, reasons, environ)
        and _succeeds("apt-get install", install, reasons, environ)
    ):
        return None
    return _installed()


def _fetched(reasons: list[str]) -> str | None:
    print("Fetching Playwright's Chromium for the browser tests ...", file=sys.stderr)
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    return (
        _playwrights()
        if _succeeds("playwright install", command, reasons, dict(os.environ))
        else None
    )


def _succeeds(tool: str, command: list[str], reasons: list[str], environ: dict[str, str]) -> bool:
    try:
        done = subprocess.run(
            command,
            check=False,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reasons.append(f"{tool} failed: {error}")
        return False
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        # The line that names the error, where there is one, rather than the end of a trace.
        shown = [line.strip() for line in lines if "error:" in line.lower()] or lines[-1:]
        reasons.append(" ".join([tool, "failed:", *shown[:1]]))
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
