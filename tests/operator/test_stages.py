"""A command finds its stage by the name alone, and answers in one sentence where it can't."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import argon2
import pytest

from infra.stack.resources import table_definitions
from infra.stack.stages import read_stage
from tests.support.servers.children import ROOT, clean_environ
from tests.support.servers.engines import ministack
from tests.support.service import environ_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers.engines import Engine

STAGE = "dev"
_KIM = "kim@acme.test"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Engine]:
    """An AWS in which the stage's tables, queue and secrets are, and nothing else."""
    stage = read_stage(STAGE)
    with ministack(tmp_path) as engine:
        for definition in table_definitions(stage.prefix):
            engine.client("dynamodb").create_table(**definition)
        made = environ_for(engine, stage.prefix)
        secrets = {name: made[name] for name in ("ADDRESS_KEY", "COOKIE_KEY")}
        secrets["PASSWORD_PEPPERS"] = made["PASSWORD_PEPPERS"].replace("test:", "of-the-stage:")
        for name, value in secrets.items():
            engine.client("ssm").put_parameter(
                Name=f"{stage.secrets_path}/{name}", Value=value, Type="SecureString"
            )
        yield engine


def _run(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.operator", *words],
        cwd=ROOT,
        env={**clean_environ(), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_settings_and_secrets_are_the_stages_whatever_the_shell_says(
    cloud: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "users.jsonl"
    made = argon2.PasswordHasher(1, 8192, 1).hash("violet harbour under snow")
    file.write_text(json.dumps({"email": _KIM, "name": "[red]Kim", "password_hash": made}))
    other = {
        "TABLE_PREFIX": "another-",
        "MAIL_QUEUE_URL": "http://127.0.0.1:9/another",
        "PASSWORD_PEPPERS": "another:" + "A" * 43 + "=",
        "ADDRESS_KEY": "A" * 43 + "=",
    }
    environ = {**cloud.environ, **other}
    done = _run(environ, "--stage", STAGE, "import-users", str(file))
    assert done.returncode == 0, done.stderr
    (row,) = cloud.client("dynamodb").scan(TableName="thub-dev-users")["Items"]
    assert row["password_hash"]["S"].startswith("of-the-stage$argon2id$")
    sent = _run(environ, "--stage", STAGE, "--as", "Jo", "send-reset", _KIM)
    assert sent.returncode == 0, sent.stderr
    assert "Told in the operators' trail, as Operator Jo: opr_" in sent.stdout
    queue = cloud.client("sqs").get_queue_url(QueueName="thub-dev-mail")["QueueUrl"]
    (message,) = cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["email"] == _KIM
    assert "[red]Kim" in _run(environ, "--stage", STAGE, "find", _KIM).stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--stage", "nowhere", "trail"), "There is no stage 'nowhere'"),
        (("--stage", "local", "find", _KIM), "There is no local run."),
        (("find", _KIM), "must be set to random bytes in base64."),
    ],
    ids=["unknown", "not running", "none"],
)
def test_a_stage_that_cannot_be_reached_ends_it_with_one_sentence(
    tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    done = _run({"LOCAL_DATA": str(tmp_path), "AWS_REGION": "eu-west-1"}, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_empty_cloud_ends_it_with_one_sentence(tmp_path: Path) -> None:
    with ministack(tmp_path) as engine:
        done = _run(dict(engine.environ), "--stage", STAGE, "find", _KIM)
    assert done.returncode == 2
    assert done.stderr.startswith("AWS doesn't answer as it should: ")
    assert done.stderr.count("\n") == 1


def test_help_needs_no_stage() -> None:
    for words in (("--help",), ("--stage", "prod", "import-users", "--help")):
        done = _run({}, *words)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Usage: " in done.stdout
