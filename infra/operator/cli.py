"""The group of commands, and what ends one with a plain sentence."""

from __future__ import annotations

import logging
import sys

import click

from infra.operator import accounts, deletions, people, records, users
from infra.operator.desk import CommandContext


@click.group()
@click.option("--stage", help="A stage of .chalice/config.json, or local: the run that is up.")
@click.option("--as", "name", help="Your name as audit logs tell it; else what AWS calls you.")
@click.pass_context
def cli(context: click.Context, stage: str | None, name: str | None) -> None:
    """Help people, and take data in and out. Without --stage the environment says where."""
    context.obj = CommandContext(stage, name)


for _command in (
    people.find,
    people.unlock,
    people.end_sessions,
    people.send_reset,
    people.force_reset,
    people.trail,
    users.import_users,
    users.export_users,
    accounts.export_account,
    accounts.transfer_ownership,
    records.records,
    deletions.users,
    deletions.accounts,
):
    cli.add_command(_command)


def main() -> None:
    """Run a command; what can't go on ends with one plain sentence and status 2."""
    from botocore.exceptions import BotoCoreError, ClientError

    from chalicelib.domain.errors import DomainError, UnavailableError
    from chalicelib.settings import SettingsError
    from infra.local.problems import LocalRunError
    from infra.operator.problems import OperatorError

    # The one sentence below says it to a person; the log of a Lambda has no place here.
    logging.disable(logging.CRITICAL)
    try:
        cli(prog_name="operator")
    except (OperatorError, LocalRunError, SettingsError) as problem:
        print(problem, file=sys.stderr)
    except UnavailableError:
        print("AWS doesn't answer. What is done stays done; run it again.", file=sys.stderr)
    except DomainError as problem:
        print(problem, file=sys.stderr)
    except (BotoCoreError, ClientError) as problem:
        print(f"AWS doesn't answer as it should: {problem}", file=sys.stderr)
    sys.exit(2)
