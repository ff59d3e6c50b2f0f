"""The command group, and how an error ends a command."""

from __future__ import annotations

import logging
import sys

import click

from infra.operator import accounts, deletions, people, records, suppressions, users
from infra.operator.command_context import CommandContext


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
    suppressions.suppressions,
    deletions.users,
    deletions.accounts,
):
    cli.add_command(_command)


def main() -> None:
    """Run a command; an error ends it with one sentence and status 2."""
    from chalicelib.domain.errors import DomainError, UnavailableError
    from chalicelib.settings import SettingsError
    from infra.aws import AWS_ERRORS
    from infra.errors import CommandError

    # The sentences below are for the operator; a Lambda's log lines would only repeat them.
    logging.disable(logging.CRITICAL)
    try:
        cli(prog_name="operator")
    except (CommandError, SettingsError) as problem:
        print(problem, file=sys.stderr)
    except UnavailableError:
        print("AWS doesn't answer. What is done stays done; run it again.", file=sys.stderr)
    except DomainError as problem:
        print(problem, file=sys.stderr)
    except AWS_ERRORS as problem:
        print(f"AWS doesn't answer as it should: {problem}", file=sys.stderr)
    sys.exit(2)
