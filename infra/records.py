"""Loads records into accounts: `python -m infra.records load FILE`, or a demo's into a local run.

Run again with the same file it changes nothing; interrupted, it goes on where it is run again.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from infra.json_lines import BadLine
from infra.local import environment, running
from infra.local.problems import LocalRunError
from infra.record_lines import GoodLine, read_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chalicelib.domain.records import Record
    from chalicelib.storage.connection import StoreConnection
    from chalicelib.storage.record_loads import Loaded

ROOT = Path(__file__).resolve().parents[1]
_REGION = "us-east-1"
# A file may mix accounts; so many are gathered side by side before the oldest is written.
_ACCOUNTS_GATHERED = 100
_ACCOUNTS_KNOWN = 1_000
# A transaction takes 4 MB.
_BATCH_BYTES = 1_500_000


@click.group()
def cli() -> None:
    """Load records, which the API then shows."""


@cli.command()
@click.argument("file", type=click.File("rb"))
@click.option("--account", help="The account's id, for lines without an account_id of their own.")
@click.option("--local", is_flag=True, help="Load into the local run that is up.")
def load(file: IO[bytes], account: str | None, *, local: bool) -> None:
    """Load FILE, JSON Lines with a record each; - reads standard input.

    A line has id, terminus_id, workspace_id, and if it likes account_id, status (active or
    archived), data (an object) and created_at. Bad lines are named and left out; the exit status
    is 1 if there were any.
    """
    connection = _connect(local=local)
    with _progress(_size(file)) as (console, moved):
        lines = read_lines(file, account, datetime.now(UTC), moved)
        tally = Loading(connection, console).take(lines)
    tally.tell(console)
    sys.exit(1 if tally.bad else 0)


@cli.command()
@click.option("--account", help="The account's id; without it, the one that was made last.")
def demo(account: str | None) -> None:
    """Load a small believable data set into an account of the local run."""
    from infra.demo import demo_lines, newest_account

    connection = _connect(local=True)
    chosen = newest_account(connection, account)
    console = Console(stderr=True)
    tally = Loading(connection, console).take(demo_lines(chosen))
    console.print(f"Account [bold]{chosen.name}[/bold] ({chosen.id})", highlight=False)
    tally.tell(console)


class Loading:
    """One load: gathers lines by account, writes them in batches, and keeps count."""

    def __init__(self, connection: StoreConnection, console: Console) -> None:
        from chalicelib.storage.accounts import Accounts
        from chalicelib.storage.record_loads import Loaded, RecordLoads

        self._loads = RecordLoads(connection)
        self._accounts = Accounts(connection)
        self._workspaces = lru_cache(_ACCOUNTS_KNOWN)(self._read_workspaces)
        self._console = console
        self._gathered: dict[str, Batch] = {}
        self.loaded: Loaded = Loaded()
        self.bad = 0

    def take(self, lines: Iterable[GoodLine | BadLine]) -> Loading:
        """Load every good line, and name every bad one."""
        for line in lines:
            problem = line.reason if isinstance(line, BadLine) else self._problem(line)
            if problem:
                self.bad += 1
                words = f"line {line.number}: {problem}"
                self._console.print(words, markup=False, highlight=False, soft_wrap=True)
            elif isinstance(line, GoodLine):
                self._gather(line)
        for account_id in list(self._gathered):
            self._write(account_id)
        return self

    def tell(self, console: Console) -> None:
        """Say what came of it."""
        done = self.loaded
        console.print(
            f"{done.added:,} added, {done.changed:,} changed, {done.unchanged:,} as they were,"
            f" {self.bad:,} bad.",
            highlight=False,
            soft_wrap=True,
        )

    def _problem(self, line: GoodLine) -> str | None:
        workspaces = self._workspaces(line.account_id)
        if workspaces is None:
            return f"account_id: there is no account {line.account_id!r}"
        if line.record.workspace_id not in workspaces:
            return f"workspace_id: the account has no workspace {line.record.workspace_id!r}"
        return None

    def _read_workspaces(self, account_id: str) -> frozenset[str] | None:
        from chalicelib.domain.errors import NotFoundError

        try:
            account = self._accounts.get(account_id)
        except NotFoundError:
            return None
        self._loads.begin(account_id)
        return frozenset(workspace.id for workspace in account.workspaces)

    def _gather(self, line: GoodLine) -> None:
        batch = self._gathered.setdefault(line.account_id, Batch())
        if not batch.has_room(line):
            self._write(line.account_id)
            batch = self._gathered.setdefault(line.account_id, Batch())
        batch.add(line)
        if len(self._gathered) > _ACCOUNTS_GATHERED:
            self._write(next(iter(self._gathered)))

    def _write(self, account_id: str) -> None:
        batch = self._gathered.pop(account_id)
        self.loaded += self._loads.put(account_id, batch.records)


class Batch:
    """Records of one account that are written together."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[Record, bool]] = {}
        self._bytes = 0

    def has_room(self, line: GoodLine) -> bool:
        """Whether a record fits; one that is in it already comes in a batch after it."""
        from chalicelib.storage.record_loads import BATCH_MAX

        fits = self._bytes + len(line.record.content.encode()) <= _BATCH_BYTES
        return fits and len(self.records) < BATCH_MAX and line.record.id not in self.records

    def add(self, line: GoodLine) -> None:
        """Add a record."""
        self.records[line.record.id] = (line.record, line.time_given)
        self._bytes += len(line.record.content.encode())


def _connect(*, local: bool) -> StoreConnection:
    from chalicelib.settings import Settings
    from chalicelib.storage.connection import open_tables

    if local:
        running.enter(Path(os.environ.get("LOCAL_DATA") or ROOT / ".local"))
    elif os.environ.get("AWS_ENDPOINT_URL"):
        environment.point_at_endpoint(os.environ, _REGION)
    settings = Settings.from_environ(os.environ)
    return open_tables(settings.table_prefix, settings.region)


def _size(file: IO[bytes]) -> int | None:
    try:
        found = os.fstat(file.fileno())
    except (OSError, ValueError):
        return None
    return found.st_size or None


@contextmanager
def _progress(total: int | None) -> Iterator[tuple[Console, Callable[[int], None]]]:
    columns: tuple[Any, ...] = (
        TextColumn("Loading"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("load", total=total)
        yield progress.console, lambda read: progress.advance(task, read)


def main() -> None:
    """Run the command; what can't go on ends with one plain sentence and status 2."""
    from botocore.exceptions import BotoCoreError, ClientError

    from chalicelib.domain.errors import DomainError, UnavailableError
    from chalicelib.settings import SettingsError

    # The one sentence below says it to a person; the log of a Lambda has no place here.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        cli()
    except (LocalRunError, SettingsError) as problem:
        print(problem, file=sys.stderr)
    except UnavailableError:
        print("DynamoDB doesn't answer. What is loaded stays; run it again.", file=sys.stderr)
    except DomainError as problem:
        print(f"{problem} What is loaded stays; run it again.", file=sys.stderr)
    except (BotoCoreError, ClientError) as problem:
        print(f"DynamoDB doesn't answer as it should: {problem}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
