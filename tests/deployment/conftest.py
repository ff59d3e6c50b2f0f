"""One package and one stage made of it for the whole run, on this machine's emulator."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from infra.package.build import Package, build
from tests.support.deployment.deployed import Deployed, deploy, make_whole
from tests.support.servers.engines import ministack
from tests.support.service import fresh_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
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


@pytest.fixture(scope="session")
def deployed(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The package as a stage, on an emulator that no other test uses."""
    with ministack(tmp_path_factory.mktemp("emulator")) as engine:
        stage = deploy(engine, package, fresh_secrets())
        make_whole(stage, package)
        yield stage
