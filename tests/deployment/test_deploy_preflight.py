"""What is wrong is said in a sentence, before anything is made."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest

from infra.aws import Aws
from infra.deploy.checks.preflight import check
from infra.errors import CommandError
from infra.stack.stages import Stage, read_stage
from tests.support.servers.children import ROOT, clean_environ
from tests.support.servers.engines import botocore_session

_OWN = {"PUBLIC_URL": "https://auth.acme.test.io", "MAIL_FROM": "Hub <no-reply@acme.test.io>"}


def _account(*, emulated: bool = False) -> Aws:
    return Aws("eu-west-1", "123456789012", emulated=emulated, session=botocore_session())


def _stage(**variables: str) -> Stage:
    stage = read_stage("prod")
    return dataclasses.replace(stage, environment=stage.environment | _OWN | variables)


def test_a_stage_with_its_own_addresses_may_go() -> None:
    assert check(_stage(), _account()).startswith("account 123456789012, eu-west-1, Python 3.")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "https://auth.example.com"),
        ("PUBLIC_URL", "http://localhost:8000"),
        ("MAIL_FROM", "no-reply@example.com"),
        ("MAIL_FROM", "Hub <no-reply@mail.example.com>"),
    ],
)
def test_an_address_that_is_nobodys_goes_to_an_emulator_and_not_to_aws(
    name: str, value: str
) -> None:
    stage = _stage(**{name: value})
    check(stage, _account(emulated=True))
    with pytest.raises(CommandError, match=f"{name} still names"):
        check(stage, _account())


def test_a_setting_that_no_function_would_start_with_is_found_first() -> None:
    with pytest.raises(CommandError, match=r"LOCKOUT_ATTEMPTS must be .*config\.json"):
        check(_stage(LOCKOUT_ATTEMPTS="many"), _account())


@pytest.mark.parametrize("version", [(3, 10), (3, 15)])
def test_a_python_that_lambda_or_this_code_lacks_is_named(
    version: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    with pytest.raises(CommandError, match=r"Lambda has 3\.11 to 3\.14"):
        check(_stage(), _account())


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({}, "No region is set."),
        ({"AWS_REGION": "eu-west-1"}, "AWS doesn't know who you are"),
    ],
)
def test_without_a_region_or_credentials_it_says_what_to_set(
    environ: dict[str, str], sentence: str
) -> None:
    offline = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    done = subprocess.run(
        [sys.executable, "-m", "infra.deploy", "up", "prod"],
        cwd=ROOT,
        env={**clean_environ(), **offline, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [("up", "nowhere"), ("rotate", "nowhere", "pepper"), ("destroy", "nowhere")]
)
def test_a_stage_that_is_not_there_is_told(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.deploy", *arguments],
        cwd=ROOT,
        env=clean_environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("There is no stage 'nowhere'")
