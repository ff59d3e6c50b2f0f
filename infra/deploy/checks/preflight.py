"""Checks what can be wrong before anything is created."""

from __future__ import annotations

import sys
from email.utils import parseaddr
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.settings import Settings, SettingsError
from infra.errors import CommandError

if TYPE_CHECKING:
    from infra.aws import Aws
    from infra.stack.stages import Stage

# The versions that Lambda offers and this code supports.
_OLDEST, _NEWEST = (3, 11), (3, 14)
_WHERE = "in .chalice/config.json, under the stage's environment_variables"


def check(stage: Stage, aws: Aws) -> str:
    """Return the account that is used; raises CommandError with what to change."""
    _check_python(sys.version_info[:2])
    try:
        Settings.from_environ(stage.environment)
    except SettingsError as error:
        message = f"{error} It is set {_WHERE}."
        raise CommandError(message) from error
    if not aws.emulated:
        _check_addresses(stage)
    place = "the emulator" if aws.emulated else f"account {aws.account}"
    return f"{place}, {aws.region}, Python {sys.version_info.major}.{sys.version_info.minor}"


def _check_python(running: tuple[int, int]) -> None:
    if not _OLDEST <= running <= _NEWEST:
        versions = " to ".join(f"{major}.{minor}" for major, minor in (_OLDEST, _NEWEST))
        message = (
            f"This is Python {running[0]}.{running[1]}, and the functions would run on it too."
            f" Lambda has {versions}: make clean, then make deploy PYTHON=python3.13, for example."
        )
        raise CommandError(message)


def _check_addresses(stage: Stage) -> None:
    hosts = {
        "PUBLIC_URL": urlsplit(stage.environment["PUBLIC_URL"]).hostname or "",
        "MAIL_FROM": parseaddr(stage.environment["MAIL_FROM"])[1].rpartition("@")[2],
    }
    for name, host in hosts.items():
        if host == "example.com" or host.endswith((".example.com", ".test", "localhost")):
            message = f"{name} still names {host}. Put your own there, {_WHERE}."
            raise CommandError(message)
