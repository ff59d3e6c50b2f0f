"""The command that takes everything of one account out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from infra.operator.files import writing

if TYPE_CHECKING:
    from infra.operator.desk import Desk


@click.command("export-account")
@click.argument("account_id", metavar="ACCOUNT")
@click.argument("file")
@click.pass_obj
def export_account(desk: Desk, account_id: str, file: str) -> None:
    """Write everything of ACCOUNT, by its id, to FILE as JSON Lines; - is standard output.

    Each line says by its type what it is: account, workspace, member, invitation, api_key,
    sso_connection, sso_domain, record or audit_event. No key and no hash is among them.
    """
    export, operator, count = desk.services.account_export, desk.operator, 0
    with writing(file) as target:
        account, deed = export.begin(account_id, operator)
        for fields in export.lines(account):
            target.write(json.dumps(fields, ensure_ascii=False) + "\n")
            count += 1
    told = f"as Operator {operator.name}: {deed.id}"
    click.echo(f"{count:,} lines of {account.name}, {told}", err=True)
