"""Commands that delete for good: users delete, accounts delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.operator.command_context import CommandContext

_YES = click.option("--yes", is_flag=True, help="Don't ask.")


@click.group("users")
def users() -> None:
    """Delete users."""


@click.group("accounts")
def accounts() -> None:
    """Delete accounts."""


@users.command("delete")
@click.argument("who")
@_YES
@click.pass_obj
def delete_user(context: CommandContext, who: str, *, yes: bool) -> None:
    """Delete WHO, an email address or a user's id, for good.

    Their access ends at once. Audit logs keep what happened, under "Deleted user" and the id. A
    user who owns an account is refused: hand it over or delete it first. Killed, run it again with
    the user's id.
    """
    people, deletion = context.services.users, context.services.deletion
    if unfinished := deletion.find_unfinished(who):
        deletion.go_on(unfinished)
        context.say(f"The deletion of {who} was begun before; now everything is removed.")
        return
    user = people.look_up(who)
    deletion.demand_owns_nothing(user)
    sessions = len(tuple(deletion.sessions_of(user)))
    context.show(
        _table(
            (
                ("user", f"{user.id}  {user.name}  {user.email}"),
                *(("leaves", f"{m.account_id}  {m.name}") for m in user.memberships.values()),
                ("sessions", str(sessions)),
                ("removed", "name, email, password, sessions, links, invitations, sign-ins by SSO"),
                ("kept", f'audit events, as "Deleted user" with the id {user.id}'),
            )
        )
    )
    _confirm(context, user.email.value, yes=yes)
    action = deletion.delete_user(user, context.operator)
    context.tell(action, f"User {user.id} is deleted.")


@accounts.command("delete")
@click.argument("account_id", metavar="ACCOUNT")
@_YES
@click.pass_obj
def delete_account(context: CommandContext, account_id: str, *, yes: bool) -> None:
    """Delete ACCOUNT, by its id, for good, also while an owner's request waits.

    All access ends at once, API keys with it. Its members stay users and belong to it no more; the
    owner and admins are mailed. Its audit log goes too. Killed, run it again.
    """
    deletion = context.services.deletion
    if unfinished := deletion.find_unfinished(account_id):
        deletion.go_on(unfinished)
        context.say(f"The deletion of {account_id} was begun before; now everything is removed.")
        return
    account = deletion.find_account(account_id)
    context.show(
        _table(
            (
                ("account", f"{account.id}  {account.name}"),
                ("members", f"{account.member_count:,}, who stay users"),
                ("workspaces", f"{len(account.workspaces):,}"),
                *((name, f"{count:,}") for name, count in deletion.contents_of(account).items()),
                ("removed", "all of these, single sign-on and the whole audit log"),
                ("kept", f"that {account.id} was deleted, in the operators' audit log"),
            )
        )
    )
    _confirm(context, account.name, yes=yes)
    action = deletion.delete_account(account, context.operator)
    context.tell(action, f"Account {account.id} is deleted.")


def _confirm(context: CommandContext, name: str, *, yes: bool) -> None:
    """Have the name typed before something that no command takes back."""
    if yes:
        return
    where = context.stage or "the stage of the environment"
    if click.prompt(f"Type {name} to delete it for good (on {where})") != name:
        raise click.Abort


def _table(lines: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 3))
    for name, said in lines:
        table.add_row(name, Text(said))
    return table
