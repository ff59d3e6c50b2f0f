"""The AWS account that the command speaks to, as the environment names it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.problems import DeployError

# API Gateway takes few changes a second, and says so; patience is all that it needs.
_PATIENT = Config(retries={"total_max_attempts": 12, "mode": "standard"}, connect_timeout=10)


@dataclass(frozen=True)
class Aws:
    """An account and a region; `emulated` where AWS_ENDPOINT_URL names something else than AWS."""

    region: str
    account: str
    emulated: bool
    session: Any = field(repr=False)

    def client(self, service: str) -> Any:
        """Make a client."""
        return self.session.create_client(service, region_name=self.region, config=_PATIENT)


def connect() -> Aws:
    """Find out whose account this is; raises DeployError with what to set."""
    # The one name that Lambda sets and the other that the SDK reads: either will do here.
    if region := os.environ.get("AWS_REGION"):
        os.environ.setdefault("AWS_DEFAULT_REGION", region)
    session = botocore.session.get_session()
    region = session.get_config_variable("region")
    if not region:
        message = "No region is set. For example: export AWS_REGION=eu-west-1"
        raise DeployError(message)
    try:
        sts = session.create_client("sts", region_name=region, config=_PATIENT)
        account = sts.get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        message = (
            f"AWS doesn't know who you are: {error}\n"
            "Sign in first (aws sso login), or set AWS_PROFILE or the AWS_ACCESS_KEY variables."
        )
        raise DeployError(message) from error
    emulated = bool(os.environ.get("AWS_ENDPOINT_URL"))
    return Aws(region=region, account=account, emulated=emulated, session=session)


def code_of(error: ClientError) -> str:
    """Give AWS's own name of a refusal."""
    return str(error.response["Error"]["Code"])
