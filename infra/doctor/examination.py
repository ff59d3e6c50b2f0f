"""Runs every check, even if others fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from infra.doctor.checks import (
    alarms,
    clock,
    domains,
    functions,
    gateway,
    live,
    logs,
    queues,
    secrets,
    sender,
    tables,
    triggers,
)
from infra.doctor.findings import Checking, Finding, Outcome, UncheckedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.doctor.examined_stage import ExaminedStage

    Checks = Mapping[str, Callable[[ExaminedStage], Checking]]

CHECKS: Checks = {
    "Clock": clock.check,
    "Tables": tables.check,
    "Expiry": tables.check_expiry,
    "Backups": tables.check_backups,
    "Functions": functions.check,
    "Settings": functions.check_settings,
    "Triggers": triggers.check,
    "Key checks": gateway.check_authorizer,
    "Error answers": gateway.check_answers,
    "API stage": gateway.check_stage,
    "Live answers": live.check,
    "Secrets": secrets.check,
    "SAML key": secrets.check_certificate,
    "Mail account": sender.check_account,
    "Mail sender": sender.check_identity,
    "Mail queue": queues.check,
    "Parked mails": queues.check_dead_letters,
    "SSO domains": domains.check,
    "Logs": logs.check,
    "Alarms": alarms.check,
}


def examine(examined: ExaminedStage, checks: Checks = CHECKS) -> Iterator[Finding]:
    """Run every check and yield its findings as they come."""
    for title, check in checks.items():
        yield from _make(title, check(examined))


def _make(title: str, checking: Checking) -> Iterator[Finding]:
    healthy = True
    while True:
        try:
            words = next(checking)
        except StopIteration as done:
            if healthy:
                yield Finding(title, Outcome.FINE, done.value)
            return
        except UncheckedError as reason:
            yield Finding(title, Outcome.UNCHECKED, f"Couldn't be checked: {reason}")
            return
        except (BotoCoreError, ClientError) as error:
            yield Finding(title, Outcome.UNCHECKED, f"Couldn't be checked: {_said(error)}.")
            return
        except Exception as error:  # noqa: BLE001 - an unknown answer must not pass as healthy
            kind = f"an answer wasn't understood ({type(error).__name__}: {_said(error)})"
            yield Finding(title, Outcome.UNCHECKED, f"Couldn't be checked: {kind}.")
            return
        healthy = False
        yield Finding(title, Outcome.TROUBLE, words)


def _said(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".: ")
