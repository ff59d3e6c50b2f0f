"""Commands about emails that mail doesn't go to: suppressions list, suppressions remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chalicelib.domain.clock import exact
from chalicelib.domain.suppression import SuppressionReason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.suppression import SuppressionEntry
    from infra.operator.command_context import CommandContext

_SENT = {
    SuppressionReason.BOUNCE: "no mail",
    SuppressionReason.COMPLAINT: "notices only",
    SuppressionReason.DELAY: "notices only",
}


@click.group()
def suppressions() -> None:
    """Show the emails that mail doesn't go to, and let it go to one again."""


@suppressions.command("list")
@click.pass_obj
def list_(context: CommandContext) -> None:
    """Show every suppressed email, the newest report first."""
    found = context.services.suppressions.all(context.operator)
    for one in found:
        context.say(f"{one.email}  {entry_words(one.entries)}")
    if not found:
        context.say("No email is suppressed.")


@suppressions.command("remove")
@click.argument("email")
@click.pass_obj
def remove(context: CommandContext, email: str) -> None:
    """Let mail go to EMAIL again, at once; another bounce or complaint suppresses it again."""
    action = context.services.suppressions.remove(email, context.operator)
    context.tell(action, f"Mail goes to {email} again.")


def entry_words(entries: Iterable[SuppressionEntry]) -> str:
    """Say which mails still go out, why, and until when."""
    return "; ".join(
        f"{_SENT[entry.reason]}: {entry.reason} ({entry.detail}) of {exact(entry.at)},"
        f" until {exact(entry.until)}"
        for entry in entries
    )
