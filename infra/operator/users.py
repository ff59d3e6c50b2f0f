"""Commands that import and export users with their password hashes."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

import click
from rich.text import Text

from chalicelib.bootstrap import settings
from chalicelib.bootstrap.operators import ACCOUNT_ID, Candidate, Outcome
from chalicelib.domain.errors import DomainError, InvalidValueError
from chalicelib.domain.operators.user_file import parse_user
from chalicelib.domain.roles import Role
from chalicelib.domain.tokens import new_id
from infra.operator.files import reading, writing
from infra.tools.json_lines import BadLine, JsonLine, in_a_line, read_objects

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

    from rich.console import Console

    from chalicelib.domain.operators.user_file import UserLine
    from infra.operator.command_context import CommandContext

    # A line's number, its user, and the outcome.
    _Waiting = deque[tuple[int, Candidate, Future[Outcome]]]

LINE_MAX_BYTES = 200_000
# More workers would only conflict on an account that all lines join.
_WORKERS = min(os.cpu_count() or 1, 8)
# Lines that wait for each worker: enough to keep all busy.
_WAITING = 4
_SKIPPED = {
    Outcome.TAKEN: "has a user here already, who stays as they are",
    Outcome.MOVED: "was imported before, and has another address by now",
}


@click.command("import-users")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--without-accounts", is_flag=True, help="Leave out the accounts that lines name.")
@click.option("--workers", default=_WORKERS, type=click.IntRange(1, 64), help="Lines at a time.")
@click.pass_obj
def import_users(
    context: CommandContext, file: IO[bytes], *, dry_run: bool, without_accounts: bool, workers: int
) -> None:
    """Take over people of FILE, JSON Lines with a person each; - reads standard input.

    A line has email, and if it likes name, password_hash (bcrypt, argon2id, or one that
    export-users wrote), created_at, confirmed, and accounts. Each person comes whole or not at
    all, and run again it goes on. The exit status is 1 if there were bad lines.
    """
    with reading(file, "Importing") as (console, moved):
        loading = UserLoading(context, console, dry_run=dry_run, workers=workers)
        lines = read_objects(file, LINE_MAX_BYTES, moved)
        loading.take(lines, with_accounts=not without_accounts)
    context.say(loading.summary())
    sys.exit(1 if loading.bad else 0)


@click.command("export-users")
@click.argument("file")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def export_users(context: CommandContext, file: str, *, yes: bool) -> None:
    """Write everybody to FILE, with the hashes of their passwords; - is standard output.

    Each account is told. The hashes are good only where the same peppers are.
    """
    export, operator = context.services.user_export, context.operator
    context.ask("Write everybody's password hash to a file?", yes=yes)
    count = 0
    with writing(file) as target:
        action = export.begin(operator)
        for fields in export.lines(action):
            target.write(json.dumps(fields, ensure_ascii=False) + "\n")
            count += 1
    click.echo(f"{count:,} people, as Operator {operator.name}: {action.id}", err=True)


@dataclass
class UserLoading:
    """One import: several lines at a time, reported in the order of the file."""

    context: CommandContext
    console: Console
    dry_run: bool
    workers: int
    id: str = field(default_factory=lambda: new_id("opr"))
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    bad: int = 0
    # The accounts that a dry run would have created.
    promised: set[str] = field(default_factory=set)
    # Hashes of the emails so far; a million take about 60 MB.
    _seen: set[int] = field(default_factory=set)

    def take(self, lines: Iterable[JsonLine | BadLine], *, with_accounts: bool) -> None:
        """Import every good line and print every bad or skipped one."""
        users, operator = self.context.services.user_import, self.context.operator
        waiting: _Waiting = deque()
        with ThreadPoolExecutor(self.workers) as pool:
            for line in lines:
                candidate = self._candidate(line, waiting, with_accounts=with_accounts)
                if candidate is None:
                    continue
                if len(waiting) >= self.workers * _WAITING:
                    self._settle(*waiting.popleft())
                done = (
                    pool.submit(users.look, candidate)
                    if self.dry_run
                    else pool.submit(users.take, candidate, operator, self.id)
                )
                waiting.append((line.number, candidate, done))
            while waiting:
                self._settle(*waiting.popleft())

    def summary(self) -> str:
        """Return the result as a sentence."""
        count = self.outcomes
        skipped = count[Outcome.TAKEN] + count[Outcome.MOVED]
        words = (
            f"{count[Outcome.ADDED]:,} {'would be ' if self.dry_run else ''}added, "
            f"{count[Outcome.KNOWN]:,} imported before, {skipped:,} skipped, {self.bad:,} bad."
        )
        return words if self.dry_run else f"{words} As Operator {self._name}: {self.id}"

    @property
    def _name(self) -> str:
        return self.context.operator.name

    def _candidate(
        self, line: JsonLine | BadLine, waiting: _Waiting, *, with_accounts: bool
    ) -> Candidate | None:
        if isinstance(line, BadLine):
            self._refuse(line.number, line.reason)
            return None
        try:
            product = settings().product_name
            person = parse_user(line.fields, product, with_accounts=with_accounts)
            candidate = self._checked(person, waiting)
        except DomainError as error:
            self._refuse(line.number, _reason(error))
            return None
        address = hash(candidate.line.email.value)
        if address in self._seen:
            self._refuse(line.number, f"{candidate.line.email} stands in an earlier line")
            return None
        self._seen.add(address)
        if self.dry_run:
            owned = (m.id for m in candidate.memberships if m.role is Role.OWNER)
            self.promised.update(owned)
        return candidate

    def _checked(self, person: UserLine, waiting: _Waiting) -> Candidate:
        users = self.context.services.user_import
        try:
            return users.check(person, self.promised)
        except InvalidValueError as error:
            if error.param != ACCOUNT_ID or not waiting:
                raise
        # A line in progress may be about to create the account.
        while waiting:
            self._settle(*waiting.popleft())
        return users.check(person, self.promised)

    def _settle(self, number: int, candidate: Candidate, done: Future[Outcome]) -> None:
        try:
            outcome = done.result()
        except InvalidValueError as error:
            self._refuse(number, _reason(error))
            return
        self.outcomes[outcome] += 1
        if outcome in _SKIPPED:
            self._tell(number, f"{candidate.line.email} {_SKIPPED[outcome]}")

    def _refuse(self, number: int, reason: str) -> None:
        self.bad += 1
        self._tell(number, reason)

    def _tell(self, number: int, words: str) -> None:
        self.console.print(Text(f"line {number}: {words}"), soft_wrap=True)


def _reason(error: DomainError) -> str:
    return f"{in_a_line(error.param)}: {in_a_line(error.message)}"
