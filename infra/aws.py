"""The AWS account and region that the environment names: its sessions, clients and errors."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.errors import CommandError

_CONNECT_SECONDS = 10
# Longer than a long poll of SQS, which takes 20 seconds.
_READ_SECONDS = 60
_ATTEMPTS = 3
# API Gateway allows few changes per second, and DynamoDB throttles a table that is being rewritten.
MANY_ATTEMPTS = 12

# What a call to AWS can raise.
AWS_ERRORS = (BotoCoreError, ClientError)


def open_session() -> Any:
    """Return a botocore session for the region that the environment names, if it names one.

    The SDK reads AWS_DEFAULT_REGION, and Lambda sets AWS_REGION: either works here, and AWS_REGION
    wins, as it does for the AWS CLI.
    """
    import botocore.session

    session = botocore.session.get_session()
    if region := os.environ.get("AWS_REGION"):
        session.set_config_variable("region", region)
    return session


def region_of(session: Any) -> str:
    """Return a session's region; empty if none is set."""
    return session.get_config_variable("region") or ""


def client(
    service: str,
    session: Any = None,
    *,
    endpoint: str | None = None,
    attempts: int = _ATTEMPTS,
) -> Any:
    """Make a client, from a session of its own if none is given."""
    session = session or open_session()
    return session.create_client(service, endpoint_url=endpoint, config=_config(attempts))


def resource(service: str, *, attempts: int = _ATTEMPTS) -> Any:
    """Make a boto3 resource."""
    import boto3

    session = boto3.Session(botocore_session=open_session())
    return session.resource(service, config=_config(attempts))


def _config(attempts: int) -> Any:
    from botocore.config import Config

    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": attempts, "mode": "standard"},
    )


def code_of(error: ClientError) -> str:
    """Return AWS's code of an error, such as `ResourceNotFoundException`."""
    return str(error.response["Error"]["Code"])


@dataclass(frozen=True)
class Aws:
    """An account and a region; `emulated` if AWS_ENDPOINT_URL names an emulator."""

    region: str
    account: str
    emulated: bool
    session: Any = field(repr=False)

    def client(self, service: str) -> Any:
        """Make a client that outlasts throttling."""
        return client(service, self.session, attempts=MANY_ATTEMPTS)


def connect() -> Aws:
    """Find out which account the credentials belong to; raises CommandError with what to set."""
    session = open_session()
    region = region_of(session)
    if not region:
        message = "No region is set. For example: export AWS_REGION=eu-west-1"
        raise CommandError(message)
    try:
        sts = client("sts", session, attempts=MANY_ATTEMPTS)
        account = sts.get_caller_identity()["Account"]
    except AWS_ERRORS as error:
        message = (
            f"AWS doesn't know who you are: {error}\n"
            "Sign in first (aws sso login), or set AWS_PROFILE or the AWS_ACCESS_KEY variables."
        )
        raise CommandError(message) from error
    emulated = bool(os.environ.get("AWS_ENDPOINT_URL"))
    return Aws(region=region, account=account, emulated=emulated, session=session)
