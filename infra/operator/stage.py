"""Points this process at a stage: one of .chalice/config.json, or the running local stack."""

from __future__ import annotations

import os
from pathlib import Path

from infra.local import environment, running
from infra.stack.stages import ROOT, read_stage

LOCAL = "local"
_REGION = "us-east-1"


def enter(stage: str | None) -> None:
    """Take the settings of a stage, or those of the environment without one.

    A stage's settings override the environment: a leftover variable must not send a command for
    one stage to another stage's tables. Raises CommandError.
    """
    if stage == LOCAL:
        _enter_local()
    elif stage:
        _enter(stage)
    if os.environ.get("AWS_ENDPOINT_URL"):
        environment.point_at_endpoint(os.environ, _REGION)
    if os.environ.get("MAIL_QUEUE_NAME") and (stage or not os.environ.get("MAIL_QUEUE_URL")):
        os.environ["MAIL_QUEUE_URL"] = _queue_url(os.environ["MAIL_QUEUE_NAME"])


def _enter(stage: str) -> None:
    from chalicelib.bootstrap.secrets import SECRET_NAMES

    chosen = read_stage(stage).environment
    if chosen.get("SECRETS_PATH"):
        # Secrets of the environment would be used instead of the stage's.
        for name in SECRET_NAMES:
            os.environ.pop(name, None)
    os.environ.update(chosen)


def _enter_local() -> None:
    data = Path(os.environ.get("LOCAL_DATA") or ROOT / ".local")
    prefix = running.enter(data).table_prefix
    environment.add_secrets(os.environ, data / "secrets.json")
    os.environ["MAIL_QUEUE_NAME"] = f"{prefix}mail"


def _queue_url(name: str) -> str:
    from infra.aws import client

    url: str = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    return url
