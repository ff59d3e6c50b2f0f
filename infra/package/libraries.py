"""Collects the pinned packages that ship: wheels for Lambda, or the ones installed here."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from infra.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
_PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9._!+-]+)\s*(?:#.*)?")
# Lambda's Python 3.11 runs on Amazon Linux 2, the later ones on Amazon Linux 2023.
_OLDER_GLIBC, _NEWER_GLIBC = 26, 34


def pins(requirements: Path) -> dict[str, str]:
    """Read the exact versions; raises CommandError for a line that isn't an exact pin."""
    found = {}
    for line in requirements.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pin = _PIN.fullmatch(line)
            if pin is None:
                message = f"{requirements.name} must pin exact versions; it says {line!r}."
                raise CommandError(message)
            found[pin[1]] = pin[2]
    return found


def fetch(requirements: Path, target: Path, architecture: str) -> None:
    """Unpack a wheel of each pin for Lambda; raises CommandError if one is missing."""
    pins(requirements)
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--target", str(target), "--no-deps", "--no-compile", "--only-binary", ":all:"),
        *("--implementation", "cp", "--python-version", f"{_major()}.{_minor()}"),
        *(part for abi in _abis() for part in ("--abi", abi)),
        *(part for tag in _platforms(architecture) for part in ("--platform", tag)),
        *("--requirement", str(requirements)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = "\n".join(line for line in done.stderr.splitlines() if line.startswith("ERROR"))
        message = (
            f"Not every pinned package could be had for Lambda's {architecture}:\n{said}\n"
            "A package index with its wheels is needed. (For an emulator on this machine:"
            " make package FOR=here.)"
        )
        raise CommandError(message)


def copy_installed(requirements: Path, target: Path) -> None:
    """Copy each pin as it is installed here; raises CommandError for another version."""
    for name, version in pins(requirements).items():
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            message = f"{name} is not installed here; `make test` installs every pin."
            raise CommandError(message) from None
        if distribution.version != version:
            message = f"{name} {distribution.version} is installed here, not {version}."
            raise CommandError(message)
        for source, relative in _files(distribution):
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / relative)


def _files(distribution: importlib.metadata.Distribution) -> Iterator[tuple[Path, str]]:
    from pathlib import Path

    for file in distribution.files or ():
        # Commands are installed outside, as ../../../bin; neither they nor caches ship.
        if ".." not in file.parts and "__pycache__" not in file.parts:
            yield Path(str(distribution.locate_file(file))), str(file)


def _platforms(architecture: str) -> list[str]:
    machine = _MACHINES[architecture]
    newest = _OLDER_GLIBC if (_major(), _minor()) < (3, 12) else _NEWER_GLIBC
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, 16, -1)]
    return [*tags, f"manylinux2014_{machine}"]


def _abis() -> tuple[str, ...]:
    return (f"cp{_major()}{_minor()}", "abi3", "none")


def _major() -> int:
    return sys.version_info.major


def _minor() -> int:
    return sys.version_info.minor
