"""The stage's secrets in Parameter Store: created once, never overwritten by a deployment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.bootstrap.passwords import password_hasher
from chalicelib.bootstrap.saml import saml_keys
from chalicelib.bootstrap.secrets import SECRET_NAMES, read_secrets
from chalicelib.settings import Settings, SettingsError
from infra.aws import code_of
from infra.deploy.functions import restart
from infra.errors import CommandError
from infra.tools.new_secrets import new_secrets
from infra.tools.saml_keys import certificate_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.aws import Aws
    from infra.stack.stages import Stage

# Without a pepper, no password hashed with it can be verified.
_IRREPLACEABLE = "PASSWORD_PEPPERS"
# The limit of a standard parameter, which is free.
_MOST_BYTES = 4_096


def make_secrets(stage: Stage, aws: Aws, *, anew: bool) -> str:
    """Create missing secrets; raises CommandError if existing passwords depend on a missing one."""
    ssm = aws.client("ssm")
    found = read_secrets(ssm, stage.secrets_path)
    made = {name: value for name, value in new_secrets().items() if name not in found}
    if _IRREPLACEABLE in made and not anew:
        _refuse_if_users_exist(stage, aws)
    if "SAML_PRIVATE_KEY" in found and "SAML_CERTIFICATE" in made:
        made["SAML_CERTIFICATE"] = certificate_of(found["SAML_PRIVATE_KEY"])
    elif "SAML_CERTIFICATE" in found and "SAML_PRIVATE_KEY" in made:
        message = (
            f"{stage.secrets_path} has a SAML_CERTIFICATE and not its SAML_PRIVATE_KEY."
            " Put the key back, or delete the certificate as well and a new pair is made."
        )
        raise CommandError(message)
    _check(stage, found | made)
    for name, value in made.items():
        _put_once(ssm, f"{stage.secrets_path}/{name}", value)
    return f"{len(made)} made, {len(found)} kept, under {stage.secrets_path}"


def put(stage: Stage, aws: Aws, values: dict[str, str], tell: Callable[[str], None]) -> None:
    """Replace secrets and restart every function that reads them.

    Raises CommandError for a value that is too long.
    """
    ssm = aws.client("ssm")
    for name, value in values.items():
        if len(value.encode()) > _MOST_BYTES:
            message = f"{name} would be longer than the {_MOST_BYTES:,} bytes of a parameter."
            raise CommandError(message)
        path = f"{stage.secrets_path}/{name}"
        ssm.put_parameter(Name=path, Value=value, Type="SecureString", Overwrite=True)
    restart(stage, aws, datetime.now(UTC).isoformat(timespec="microseconds"), tell)


def delete_secrets(stage: Stage, aws: Aws) -> str:
    """Delete every known secret under the stage's path."""
    ssm = aws.client("ssm")
    names = [f"{stage.secrets_path}/{name}" for name in SECRET_NAMES]
    gone = ssm.delete_parameters(Names=names)["DeletedParameters"]
    return f"{len(gone)} deleted"


def _check(stage: Stage, values: dict[str, str]) -> None:
    """Check them as a function does at its start."""
    try:
        settings = Settings.from_environ(stage.environment | values)
        password_hasher(settings)
        saml_keys(settings)
    except SettingsError as error:
        message = f"{error} It stands under {stage.secrets_path}; no function would start."
        raise CommandError(message) from error


def _put_once(ssm: Any, path: str, value: str) -> None:
    try:
        ssm.put_parameter(Name=path, Value=value, Type="SecureString", Overwrite=False)
    except ClientError as error:
        # Another command has created it meanwhile; keep that one.
        if code_of(error) != "ParameterAlreadyExists":
            raise


def _refuse_if_users_exist(stage: Stage, aws: Aws) -> None:
    if not _has_users(stage, aws):
        return
    message = (
        f"{stage.prefix}users has people, and {_IRREPLACEABLE} is missing under"
        f" {stage.secrets_path}. Put it back: without it no password of theirs is right."
        " If it is lost for good, ARGS=--new-secrets goes on, and everybody resets theirs."
    )
    raise CommandError(message)


def _has_users(stage: Stage, aws: Aws) -> bool:
    try:
        answer = aws.client("dynamodb").scan(TableName=f"{stage.prefix}users", Limit=1)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return False
        raise
    return bool(answer["Items"])
