"""One package for the whole run, built for this machine's emulator."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from infra.package.build import Package, build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """What `make package STAGE=prod FOR=here` writes."""
    return build("prod", tmp_path_factory.mktemp("package"), for_this_machine=True)


@pytest.fixture(scope="session")
def unpacked(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip as Lambda unpacks it."""
    target = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package.archive) as archive:
        archive.extractall(target)
    return target
