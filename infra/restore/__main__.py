"""`make restore STAGE=prod AT=2026-11-24T09:30:00Z`: restore a stage's data to a moment."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from infra.aws import MANY_ATTEMPTS, client, resource
from infra.deploy.stage_lock import StageLock
from infra.deploy.steps import locked
from infra.errors import CommandError
from infra.restore.closing import closed
from infra.restore.point_in_time import Backup
from infra.restore.tables import Tables
from infra.stack.stages import read_stage

if TYPE_CHECKING:
    from infra.restore.rows import Kept, Since
    from infra.stack.stages import Stage

_console = Console(stderr=True, highlight=False, soft_wrap=True)


def _moment(_context: click.Context, _parameter: click.Parameter, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = "write it like 2026-11-24T09:30:00Z"
        raise click.BadParameter(message) from error
    if moment.tzinfo is None:
        message = "say its time zone: end it with Z for UTC"
        raise click.BadParameter(message)
    return moment.astimezone(UTC).replace(microsecond=0)


@click.command()
@click.argument("stage_name", metavar="STAGE")
@click.argument("moment", metavar="AT", callback=_moment)
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--fetch-only", is_flag=True, help="Only restore copies beside the tables in use.")
def restore(stage_name: str, moment: datetime, *, yes: bool, fetch_only: bool) -> None:
    """Take the data of STAGE back to the moment AT.

    Copies of all tables as they were are made beside those in use, which costs no downtime. Then
    the stage is closed, each row becomes what it was, and the stage opens. Interrupted, it goes on
    where it is run again with the same moment.
    """
    try:
        stage = read_stage(stage_name)
        backup = Backup(client("dynamodb", attempts=MANY_ATTEMPTS), stage.prefix, moment)
        _fetch(backup)
        if fetch_only:
            _console.print(f"The copies begin with {backup.copies}; nothing else was changed.")
            return
        _ask(stage, moment, yes=yes)
        stage_lock = StageLock(client("ssm", attempts=MANY_ATTEMPTS), stage.lock_parameter)
        with locked(stage_lock, _console):
            since, kept = _take_back(stage, backup, stage_lock)
    except CommandError as error:
        _console.print(str(error), markup=False)
        sys.exit(1)
    backup.remove()
    _report(since, kept)


def _fetch(backup: Backup) -> None:
    names = backup.ask()
    with _console.status(f"Waiting for {len(names)} tables as they were; this can take an hour"):
        backup.wait(lambda name: _console.print(f"{name} is there."))


def _ask(stage: Stage, moment: datetime, *, yes: bool) -> None:
    _console.print(
        f"Stage {stage.name} goes back to {moment:%Y-%m-%d %H:%M:%S} UTC. What was made since is"
        " lost: users, accounts, members, keys and records. Everybody is signed out, and every"
        " mailed link is dead. The stage answers nobody meanwhile."
    )
    if yes or click.prompt(f"Type {stage.name} to go on", err=True) == stage.name:
        return
    message = "Nothing was changed; the copies stay until you go on or delete them."
    raise CommandError(message)


def _take_back(stage: Stage, backup: Backup, stage_lock: StageLock) -> tuple[Since, Kept]:
    tables = Tables(resource("dynamodb", attempts=MANY_ATTEMPTS), backup.prefix, backup.copies)
    functions = [stage.function_name(function) for function in stage.functions]
    moved: Counter[str] = Counter()
    with (
        _console.status("Closing the stage; calls that run already may end") as status,
        closed(_existing(functions), functions),
    ):
        status.update("The stage is closed; making each row what it was")

        def tell(table: str, rows: int) -> None:
            stage_lock.check()
            moved[table] += rows
            status.update(f"{table}: {moved[table]:,} rows changed")

        since, kept = tables.take_back(backup.moment, tell)
    for table, rows in moved.items():
        _console.print(f"{table}: {rows:,} rows changed")
    return since, kept


def _existing(names: list[str]) -> Any:
    functions = client("lambda", attempts=MANY_ATTEMPTS)
    for name in names:
        try:
            functions.get_function(FunctionName=name)
        except functions.exceptions.ResourceNotFoundException as error:
            message = f"There is no function {name}: deploy the stage before you restore its data."
            raise CommandError(message) from error
    return functions


def _report(since: Since, kept: Kept) -> None:
    _console.print("Done. After that moment the audit trail has:")
    for event, count in sorted(since.events.items()):
        _console.print(f"  {event}: {count:,}")
    _console.print("What was withdrawn after it stays withdrawn:")
    _tell("API keys that stay dead", kept.keys)
    _tell("people who have to reset their password", kept.passwords)
    _tell("to be looked at, people whose earlier address counts again", kept.addresses)
    _tell("members who stay without access", [f"{u} in {a}" for a, u in kept.members])
    _tell(
        "members who keep the lesser role or workspaces", [f"{u} in {a}" for a, u in kept.lessened]
    )
    _tell("to be looked at, owners again who had left", [f"{u} of {a}" for a, u in kept.owners])


def _tell(what: str, ids: list[str]) -> None:
    _console.print(f"  {what}: {len(ids):,}")
    for one in ids:
        _console.print(f"    {one}")


if __name__ == "__main__":
    restore()
