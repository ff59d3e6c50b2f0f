"""The secrets that a function reads for itself, once, and the authorizer never."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from chalicelib import bootstrap
from chalicelib.gateways.parameter_store import SECRET_NAMES, read_secrets
from infra.stack.stages import CONFIG
from tests.support.servers.children import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.engines import Engine

_SETTINGS = ROOT / "docs" / "settings.md"
_PATH = "/thub-test/secrets"
_KEEP = {
    "PASSWORD_PEPPERS": "1:" + b64encode(b"p" * 32).decode(),
    "ADDRESS_KEY": b64encode(b"a" * 32).decode(),
    "COOKIE_KEY": ",".join((b64encode(b"n" * 32).decode(), b64encode(b"o" * 32).decode())),
}


@pytest.fixture
def _kept(moto: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    ssm = moto.client("ssm")
    for name, value in {**_KEEP, "PUBLIC_URL": "https://elsewhere.example.com"}.items():
        ssm.put_parameter(Name=f"{_PATH}/{name}", Value=value, Type="SecureString")
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRETS_PATH", _PATH)
    bootstrap.use(None)
    yield
    bootstrap.use(None)


@pytest.mark.usefixtures("_kept")
def test_secrets_come_from_their_path_and_nothing_else_does() -> None:
    """`H3`."""
    settings = bootstrap.services().settings
    assert settings.password_peppers == _KEEP["PASSWORD_PEPPERS"]
    assert settings.address_key == b"a" * 32
    assert settings.cookie_keys == (b"n" * 32, b"o" * 32)
    assert settings.public_url == "http://localhost:8000"


@pytest.mark.usefixtures("_kept")
def test_no_secret_is_lost_among_more_parameters_than_one_answer_holds(moto: Engine) -> None:
    ssm = moto.client("ssm")
    for number in range(15):
        ssm.put_parameter(Name=f"{_PATH}/A{number}", Value="x", Type="SecureString")
    assert read_secrets(ssm, _PATH) == _KEEP


@pytest.mark.usefixtures("_kept")
def test_what_the_environment_brings_itself_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADDRESS_KEY", b64encode(b"l" * 32).decode())
    assert bootstrap.services().settings.address_key == b"l" * 32


@pytest.mark.usefixtures("moto")
def test_the_authorizer_reads_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """`H12`: it starts where the path holds nothing, and may not ask for it."""
    monkeypatch.setenv("SECRETS_PATH", "/nowhere")
    bootstrap.use(None)
    bootstrap.key_check()
    bootstrap.use(None)
    for stage in ("dev", "prod"):
        policy = json.loads((CONFIG.parent / f"policy-key-check-{stage}.json").read_text())
        assert "ssm" not in json.dumps(policy)


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_stage_reads_the_path_that_its_functions_may(stage: str) -> None:
    variables = json.loads(CONFIG.read_text())["stages"][stage]["environment_variables"]
    assert variables["SECRETS_PATH"] == f"/{variables['TABLE_PREFIX'].rstrip('-')}/secrets"
    for function in ("api", "mail", "sso-watch", "deletions"):
        policy = (CONFIG.parent / f"policy-{function}-{stage}.json").read_text()
        assert f":parameter{variables['SECRETS_PATH']}" in policy


def test_every_secret_may_be_kept_and_one_answer_holds_them_all() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` .*\. Secret \|$", _SETTINGS.read_text(), re.MULTILINE)
    assert {*documented, "SAML_CERTIFICATE", "SAML_SECOND_CERTIFICATE"} == set(SECRET_NAMES)
    assert len(SECRET_NAMES) <= 10
