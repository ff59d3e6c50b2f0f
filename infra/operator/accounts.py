"""Commands about one account: export-account, transfer-ownership."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from chalicelib.domain.clock import exact
from infra.operator.files import writing

if TYPE_CHECKING:
    from infra.operator.command_context import CommandContext


@click.command("export-account")
@click.argument("account_id", metavar="ACCOUNT")
@click.argument("file")
@click.pass_obj
def export_account(context: CommandContext, account_id: str, file: str) -> None:
    """Write everything of ACCOUNT, by its id, to FILE as JSON Lines; - is standard output.

    Each line says by its type what it is: account, workspace, member, invitation, api_key,
    sso_connection, sso_domain, record or audit_event. No key and no hash is among them.
    """
    export, operator, count = context.services.account_export, context.operator, 0
    with writing(file) as target:
        account, action = export.begin(account_id, operator)
        for fields in export.lines(account):
            target.write(json.dumps(fields, ensure_ascii=False) + "\n")
            count += 1
    told = f"as Operator {operator.name}: {action.id}"
    click.echo(f"{count:,} lines of {account.name}, {told}", err=True)


@click.command("transfer-ownership")
@click.option("--account", "account_id", required=True, help="The account's id.")
@click.option("--to", "email", default="", help="The email address of the admin.")
@click.option("--confirm", is_flag=True, help="Carry the request out, a day after it.")
@click.option("--cancel", is_flag=True, help="End the request.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def transfer_ownership(
    context: CommandContext, account_id: str, email: str, *, confirm: bool, cancel: bool, yes: bool
) -> None:
    """Make an admin the owner, for an owner who has lost both password and mailbox.

    The first call requests it: the owner and all admins are mailed at once, and the owner can stop
    it. A day later the same call with --confirm carries it out.
    """
    if confirm and cancel:
        message = "Give --confirm or --cancel, not both."
        raise click.UsageError(message)
    if not cancel and not email:
        message = "Name the admin who is to be the owner: --to."
        raise click.UsageError(message)
    account = context.services.handover.find_account(account_id)
    if cancel:
        action = context.services.handover.cancel(account, context.operator)
        context.tell(action, f"The request is cancelled: {account.name} keeps its owner.")
    elif confirm:
        context.ask(f"Make {email} the owner of {account.name} now?", yes=yes)
        action = context.services.handover.complete(account, email, context.operator)
        context.tell(
            action, f"{email} is the owner of {account.name}. The owner until now is an admin."
        )
    else:
        context.ask(f"Request that {email} becomes the owner of {account.name}?", yes=yes)
        handover, action = context.services.handover.request(account, email, context.operator)
        context.tell(
            action,
            f"Requested. The owner and all admins of {account.name} are mailed."
            f" From {exact(handover.due_at)} on, run it again with --confirm.",
        )
