"""Commands about one user (find, unlock, end-sessions, send-reset, force-reset), and the log."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from chalicelib.domain.clock import exact
from infra.operator.suppressions import entry_words

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.bootstrap.operators import FoundUser
    from chalicelib.domain.user import Membership
    from infra.operator.command_context import CommandContext

_WHO = "who"
_YES = click.option("--yes", is_flag=True, help="Don't ask.")


@click.command()
@click.argument(_WHO)
@click.pass_obj
def find(context: CommandContext, who: str) -> None:
    """Show how WHO stands, an email address or a user's id; never a hash."""
    from chalicelib.domain.errors import NotFoundError

    people = context.services.users
    try:
        user = people.look_up(who)
    except NotFoundError:
        waiting = people.waiting(who)
        suppressed = context.services.suppressions.found(who)
        if suppressed:
            context.say(f"Mail to {who}: {entry_words(suppressed)}.")
        if waiting is None:
            raise
        context.say(
            f"{waiting.email} is nobody's yet: a sign-up of {exact(waiting.created_at)} waits for"
            " its confirmation."
        )
        return
    suppressed = context.services.suppressions.of(user.email.value)
    context.show(_card(people.show(user, context.operator), entry_words(suppressed)))


@click.command()
@click.argument(_WHO)
@click.pass_obj
def unlock(context: CommandContext, who: str) -> None:
    """End the lock of WHO's sign-in; how many failures there were in a row is kept."""
    people = context.services.users
    user = people.look_up(who)
    action = people.unlock(user, context.operator)
    context.tell(action, f"{user.email} can try again at once.")


@click.command("end-sessions")
@click.argument(_WHO)
@_YES
@click.pass_obj
def end_sessions(context: CommandContext, who: str, *, yes: bool) -> None:
    """Sign WHO out everywhere, from their next request on."""
    people = context.services.users
    user = people.look_up(who)
    context.ask(f"Sign {user.email} out everywhere?", yes=yes)
    action = people.end_sessions(user, context.operator)
    context.tell(action, f"Every session of {user.email} has ended.")


@click.command("send-reset")
@click.argument(_WHO)
@click.pass_obj
def send_reset(context: CommandContext, who: str) -> None:
    """Have a link mailed to WHO with which they set a new password; the old one holds until then.

    No hourly limit holds it back. Where a password opens nothing for them, because they are to use
    single sign-on, the mail says so instead.
    """
    people = context.services.users
    user = people.look_up(who)
    context.services.suppressions.require_mailbox(user.email.value)
    action = people.send_reset(user, context.operator)
    if people.may_use_password(user):
        context.tell(action, f"A reset link is on its way to {user.email}.")
    else:
        words = "No password lets them in. A mail on its way to"
        context.tell(action, f"{words} {user.email} says that they sign in through their company.")


@click.command("force-reset")
@click.argument(_WHO)
@_YES
@click.pass_obj
def force_reset(context: CommandContext, who: str, *, yes: bool) -> None:
    """Stop WHO's password and end their sessions; they are mailed how to set a new one."""
    people = context.services.users
    user = people.look_up(who)
    context.ask(f"Stop the password of {user.email}?", yes=yes)
    action = people.force_reset(user, context.operator)
    context.tell(
        action, f"The password of {user.email} is gone, and so are their sessions and links."
    )


@click.command()
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 36_500))
@click.pass_obj
def trail(context: CommandContext, days: int) -> None:
    """Show what operators did on this stage, newest first.

    An account that a killed command left untold is told by it.
    """
    from chalicelib.domain.audit.search import AuditFilter
    from chalicelib.domain.audit.sentences import target_words

    services = context.services
    since = services.clock() - timedelta(days=days)
    told = False
    for event in services.users.look_back(AuditFilter(since=since)):
        told = True
        target = target_words(event) or "-"
        line = (exact(event.at), event.actor.name or "-", event.name.sentence, target)
        context.say("  ".join((*line, event.origin.request_id)))
    if not told:
        context.say(f"No operator did anything in {days} days.")


def _card(person: FoundUser, suppressed: str) -> Table:
    user, card = person.user, Table.grid(padding=(0, 3))
    lines = [
        ("id", user.id),
        ("email", f"{user.email}, confirmed"),
        ("mail", suppressed or "goes out"),
        ("name", user.name),
        ("made", exact(user.created_at)),
        ("password", _password(person)),
        ("sign-in", _sign_in(person)),
        ("sessions", str(len(person.sessions))),
        ("last sign-in", _time(person.last_sign_in)),
        *(("account", _account(membership)) for membership in user.memberships.values()),
    ]
    for name, said in lines:
        card.add_row(name, Text(said))
    return card


def _password(person: FoundUser) -> str:
    stored = person.user.password_hash
    if stored is None:
        return "none: only single sign-on, or a reset, lets them in"
    if person.is_stopped:
        return f"stopped after {person.count.consecutive} failures in a row: only a reset helps"
    if not person.user.may_use_password(person.sso):
        return "set, but it opens nothing: their account enforces single sign-on"
    foreign = stored.split("$")[6:7]
    return f"imported, {foreign[0]}; not used here yet" if foreign else "set"


def _sign_in(person: FoundUser) -> str:
    if person.is_stopped:
        return "stopped"
    until = person.count.locked_until
    if person.is_locked and until is not None:
        return f"locked until {exact(until)}"
    return f"open; {person.count.consecutive} failures in a row"


def _account(membership: Membership) -> str:
    status = "" if membership.is_active else ", suspended"
    given = len(membership.workspaces)
    rooms = f", {given} workspaces" if given else ""
    return f"{membership.id}  {membership.role}{status}{rooms}  {membership.name}"


def _time(moment: datetime | None) -> str:
    return exact(moment) if moment else "none that is still known of"
