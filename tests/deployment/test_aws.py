"""Commands find their region in either variable, and make their clients in one way."""

from __future__ import annotations

import pytest

from infra.aws import Aws, client, connect, open_session, region_of, resource
from infra.errors import CommandError

_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")


@pytest.fixture(autouse=True)
def _no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
    ],
    ids=["AWS_REGION", "AWS_DEFAULT_REGION", "both"],
)
def test_every_client_has_the_region_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], region: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    session = open_session()
    assert region_of(session) == region
    made = Aws(region, "123456789012", emulated=False, session=session).client("ssm")
    assert made.meta.region_name == region
    assert client("sqs").meta.region_name == region
    assert resource("dynamodb").meta.client.meta.region_name == region


def test_without_a_region_a_command_says_what_to_set() -> None:
    with pytest.raises(CommandError, match="export AWS_REGION=eu-west-1"):
        connect()
