"""Commands that load records into accounts.

Running one again with the same file changes nothing, or continues an interrupted load.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import lru_cache
from typing import IO, TYPE_CHECKING

import click
from rich.text import Text

from chalicelib.bootstrap.operators import BATCH_MAX, Loaded
from chalicelib.domain.tokens import new_id
from infra.errors import CommandError
from infra.operator.files import reading
from infra.operator.stage import LOCAL
from infra.tools.json_lines import BadLine
from infra.tools.record_lines import GoodLine, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from chalicelib.domain.keys.record import Record
    from infra.operator.command_context import CommandContext

# A file may mix accounts; batches of so many are collected before the oldest is written.
_ACCOUNTS_GATHERED = 100
_ACCOUNTS_KNOWN = 1_000
# DynamoDB's limit for a transaction is 4 MB.
_BATCH_BYTES = 1_500_000


@click.group()
def records() -> None:
    """Load records, which the API then shows."""


@records.command()
@click.argument("file", type=click.File("rb"))
@click.option("--account", help="The account's id, for lines without an account_id of their own.")
@click.pass_obj
def load(context: CommandContext, file: IO[bytes], account: str | None) -> None:
    """Load FILE, JSON Lines with a record each; - reads standard input.

    A line has id, terminus_id, workspace_id, and if it likes account_id, status (active or
    archived), data (an object) and created_at. Bad lines are named and left out; the exit status
    is 1 if there were any.
    """
    with reading(file, "Loading") as (console, moved):
        lines = read_lines(file, account, datetime.now(UTC), moved)
        loading = Loading(context, console).take(lines)
    context.say(loading.summary())
    sys.exit(1 if loading.bad else 0)


@records.command()
@click.option("--account", help="The account's id; without it, the one that was made last.")
@click.pass_obj
def demo(context: CommandContext, account: str | None) -> None:
    """Load a small believable data set into an account of the local run."""
    from infra.operator.demo import demo_lines, newest_account

    if context.stage != LOCAL:
        message = f"The demo's records are for a local run alone: --stage {LOCAL}."
        raise CommandError(message)
    chosen = newest_account(context.services.record_loading.accounts, account)
    loading = Loading(context, context.out).take(demo_lines(chosen))
    context.say(f"Account {chosen.name} ({chosen.id})")
    context.say(loading.summary())


class Loading:
    """One load: collects lines by account, writes them in batches and counts them."""

    def __init__(self, context: CommandContext, console: Console) -> None:
        self._context = context
        self._loads = context.services.record_loading
        self._workspaces = lru_cache(_ACCOUNTS_KNOWN)(self._read_workspaces)
        self._console = console
        self._gathered: dict[str, Batch] = {}
        self._logged: set[str] = set()
        self.id = new_id("opr")
        self.loaded = Loaded()
        self.bad = 0

    def take(self, lines: Iterable[GoodLine | BadLine]) -> Loading:
        """Load every good line and print every bad one."""
        for line in lines:
            problem = line.reason if isinstance(line, BadLine) else self._problem(line)
            if problem:
                self.bad += 1
                self._console.print(Text(f"line {line.number}: {problem}"), soft_wrap=True)
            elif isinstance(line, GoodLine):
                self._gather(line)
        for account_id in list(self._gathered):
            self._write(account_id)
        return self

    def summary(self) -> str:
        """Return the result as a sentence."""
        done = self.loaded
        return (
            f"{done.added:,} added, {done.changed:,} changed, {done.unchanged:,} as they were,"
            f" {self.bad:,} bad. As Operator {self._context.operator.name}: {self.id}"
        )

    def _problem(self, line: GoodLine) -> str | None:
        workspaces = self._workspaces(line.account_id)
        if workspaces is None:
            return f"account_id: there is no account {line.account_id!r}"
        if line.record.workspace_id not in workspaces:
            return f"workspace_id: the account has no workspace {line.record.workspace_id!r}"
        return None

    def _read_workspaces(self, account_id: str) -> frozenset[str] | None:
        account = self._loads.open(account_id)
        return frozenset(workspace.id for workspace in account.workspaces) if account else None

    def _gather(self, line: GoodLine) -> None:
        batch = self._gathered.setdefault(line.account_id, Batch())
        if not batch.has_room(line):
            self._write(line.account_id)
            batch = self._gathered.setdefault(line.account_id, Batch())
        batch.add(line)
        if len(self._gathered) > _ACCOUNTS_GATHERED:
            self._write(next(iter(self._gathered)))

    def _write(self, account_id: str) -> None:
        batch, action = self._gathered.pop(account_id), None
        if account_id not in self._logged:
            action = self._loads.begin(account_id, self._context.operator, self.id)
        loaded = self._loads.put(account_id, batch.records, action)
        if loaded.added or loaded.changed:
            self._logged.add(account_id)
        self.loaded += loaded


class Batch:
    """Records of one account that are written in one transaction."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[Record, bool]] = {}
        self._bytes = 0

    def has_room(self, line: GoodLine) -> bool:
        """Return whether a record fits; a second version of a record needs the next batch."""
        fits = self._bytes + len(line.record.content.encode()) <= _BATCH_BYTES
        return fits and len(self.records) < BATCH_MAX and line.record.id not in self.records

    def add(self, line: GoodLine) -> None:
        """Add a record."""
        self.records[line.record.id] = (line.record, line.time_given)
        self._bytes += len(line.record.content.encode())
