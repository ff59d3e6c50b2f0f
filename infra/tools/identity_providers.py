"""Installs what the tests' identity providers need: PHP, SimpleSAMLphp and the xmlsec1 command.

It installs only on CI (`CI` is set), because the packages bring a web server. Elsewhere it prints
what is missing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = (
    "simplesamlphp",
    "php-cli",
    "php-xml",
    "php-mbstring",
    "php-sqlite3",
    "php-curl",
    "xmlsec1",
)
_COMMANDS = ("php", "xmlsec1")
_INSTALL_SECONDS = 600


def main(root: Path = Path("/")) -> int:
    """Install what is missing; or print the reason and return 1."""
    if _all_there(root):
        return 0
    reason = _install(root) if os.environ.get("CI") else "CI is not set"
    if reason is None and _all_there(root):
        return 0
    print(
        "Some sign-ins at foreign identity providers are not run: SimpleSAMLphp or xmlsec1 is "
        f"missing here ({reason}). On Debian: apt install {' '.join(PACKAGES)}",
        file=sys.stderr,
    )
    return 1


def _all_there(root: Path) -> bool:
    installed = root / "usr/share/simplesamlphp/www/_include.php"
    return installed.exists() and all(map(shutil.which, _COMMANDS))


def _install(root: Path) -> str | None:
    """Install Debian's packages without starting any service; returns why not."""
    if not (root / "etc/debian_version").exists() or os.geteuid() != 0:
        return "not root on Debian"
    print("Installing identity providers for the tests ...", file=sys.stderr)
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with _no_service_starts(root / "usr/sbin/policy-rc.d"):
        for command in (
            ("apt-get", "update", "-q"),
            ("apt-get", "install", "-q", "-y", "--no-install-recommends", *PACKAGES),
        ):
            try:
                subprocess.run(
                    command,
                    check=True,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=_INSTALL_SECONDS,
                )
            except (OSError, subprocess.SubprocessError) as error:
                return f"{' '.join(command[:2])} failed: {error}"
    return None


@contextlib.contextmanager
def _no_service_starts(policy: Path) -> Iterator[None]:
    """Keep Debian's packages from starting services, unless a policy exists already."""
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


if __name__ == "__main__":
    sys.exit(main())
