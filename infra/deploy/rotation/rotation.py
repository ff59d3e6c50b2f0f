"""Rotates a secret while the stage serves: no session ends and no password fails.

A function reads its secrets once, so for a while old and new ones are in use. Hence two rounds:
first every function accepts the new secret, then every function uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap.secrets import read_secrets
from infra.deploy.rotation import saml
from infra.deploy.rotation.secrets import put
from infra.errors import CommandError
from infra.tools.new_secrets import new_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.aws import Aws
    from infra.stack.stages import Stage

_LISTS = {"cookie_key": "COOKIE_KEY", "pepper": "PASSWORD_PEPPERS"}
WHAT = (*_LISTS, *saml.WHAT)
# A browser that hasn't returned within so many rotations counts as unknown.
_COOKIE_KEYS_KEPT = 4


def rotate(stage: Stage, aws: Aws, what: str, tell: Callable[[str], None]) -> str:
    """Rotate a secret; raises CommandError if there is none."""
    if what in saml.WHAT:
        return saml.rotate(stage, aws, what, tell)
    name = _LISTS[what]
    old = _kept(stage, aws, name)
    new = _newest(name, old)
    older = [one for one in old if one != new]
    # Every function accepts it before any uses it. An interrupted run leaves one more accepted
    # secret, which is harmless.
    put(stage, aws, {name: ",".join([*older, new])}, tell)
    if name == "COOKIE_KEY":
        older = older[: _COOKIE_KEYS_KEPT - 1]
    put(stage, aws, {name: ",".join([new, *older])}, tell)
    return f"{name} has a new first; still accepted: {len(older)} older"


def _newest(name: str, old: list[str]) -> str:
    if name == "COOKIE_KEY":
        return new_key()
    numbers = [int(number) for one in old if (number := one.partition(":")[0]).isdigit()]
    return f"{max(numbers, default=0) + 1}:{new_key()}"


def _kept(stage: Stage, aws: Aws, name: str) -> list[str]:
    found = read_secrets(aws.client("ssm"), stage.secrets_path).get(name)
    if not found:
        message = f"There is no {name} under {stage.secrets_path}; make deploy makes the first."
        raise CommandError(message)
    return [part.strip() for part in found.split(",")]
