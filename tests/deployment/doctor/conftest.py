"""A stage of the doctor's own, since these tests make it ill."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from infra.doctor.examined_stage import ExaminedStage
from tests.support.deployment.deployed import STAGE, deploy, make_whole
from tests.support.deployment.doctor_checks import say_verified
from tests.support.servers.engines import ministack
from tests.support.service import fresh_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.package.build import Package
    from tests.support.deployment.deployed import Deployed
    from tests.support.servers.dns_server import DnsServer


@pytest.fixture(scope="session")
def live_stage(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The stage."""
    with ministack(tmp_path_factory.mktemp("live_stage")) as engine:
        stage = deploy(engine, package, fresh_secrets())
        make_whole(stage, package)
        engine.client("sesv2").create_email_identity(EmailIdentity="hub.test")
        yield stage


@pytest.fixture(scope="session")
def shared_session() -> Any:
    """One session for all: a new one would read the models of eleven services anew."""
    return botocore.session.Session()


@pytest.fixture
def session(
    shared_session: Any, live_stage: Deployed, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """A session that sees a verified domain, which the emulator leaves pending for ever."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in live_stage.engine.environ.items():
        monkeypatch.setenv(name, value)
    event = "after-call.sesv2.GetEmailIdentity"
    shared_session.register(event, say_verified)
    yield shared_session
    shared_session.unregister(event, say_verified)


@pytest.fixture
def examined(session: Any, dns: DnsServer, live_stage: Deployed) -> ExaminedStage:
    """The healthy stage, its DKIM records in the DNS."""
    known = live_stage.engine.client("sesv2").get_email_identity(EmailIdentity="hub.test")
    for token in known["DkimAttributes"]["Tokens"]:
        dns.cnames[f"{token}._domainkey.hub.test"] = f"{token}.dkim.amazonses.com"
    return ExaminedStage(STAGE, session, lambda: datetime.now(UTC), dns.address)
