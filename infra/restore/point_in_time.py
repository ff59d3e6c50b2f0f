"""Restores DynamoDB tables to a moment under new names, beside those in use."""

from __future__ import annotations

from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Any

from infra.errors import CommandError
from infra.stack.resources import table_definitions

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_ASK_AGAIN_SECONDS = 5.0
# This table may be younger than the moment, and isn't restored.
_DELETIONS = "deletions"


def _copied() -> list[str]:
    """Return the tables that a restore copies: all but the deletions, which aren't restored."""
    names = (made["TableName"] for made in table_definitions(""))
    return [name for name in names if name != _DELETIONS]


@dataclass(frozen=True)
class Backup:
    """Copies of a stage's tables at a moment, which their names contain."""

    dynamodb: Any
    prefix: str
    moment: datetime

    @property
    def copies(self) -> str:
        """The prefix of the restored tables, always the same for one moment."""
        return f"{self.prefix}at-{self.moment:%Y%m%dT%H%M%SZ}-"

    def ask(self) -> list[str]:
        """Start to restore every table that doesn't exist yet, and return all names.

        Raises CommandError if a table can't be restored to that moment.
        """
        tables = _copied()
        missing = [table for table in tables if self._status(self.copies + table) is None]
        # Check all first: an incomplete set of copies is useless.
        for table in missing:
            self._check_window(self.prefix + table)
        for table in missing:
            self.dynamodb.restore_table_to_point_in_time(
                SourceTableName=self.prefix + table,
                TargetTableName=self.copies + table,
                RestoreDateTime=self.moment,
            )
        return [self.copies + table for table in tables]

    def wait(self, ready: Callable[[str], None]) -> None:
        """Wait until every table is restored; a big one takes an hour or more."""
        waiting = [self.copies + table for table in _copied()]
        while waiting:
            for name in [name for name in waiting if self._status(name) == "ACTIVE"]:
                waiting.remove(name)
                ready(name)
            if waiting:
                sleep(_ASK_AGAIN_SECONDS)

    def remove(self) -> None:
        """Delete the restored tables."""
        for table in _copied():
            name = self.copies + table
            if self._status(name) is not None:
                self.dynamodb.delete_table(TableName=name)

    def _check_window(self, name: str) -> None:
        try:
            answer = self.dynamodb.describe_continuous_backups(TableName=name)
        except self.dynamodb.exceptions.TableNotFoundException as error:
            message = (
                f"There is no table {name}. A table that was deleted keeps a last backup for 35"
                " days: restore that one under its old name in the console first, then come back."
            )
            raise CommandError(message) from error
        window = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        if window["PointInTimeRecoveryStatus"] != "ENABLED":
            message = f"Point-in-time recovery of {name} is off: there is nothing to go back to."
            raise CommandError(message)
        first, last = (window.get(f"{end}RestorableDateTime") for end in ("Earliest", "Latest"))
        if (first and self.moment < first) or (last and self.moment > last):
            message = f"{name} can go back to any moment from {first} to {last}, and to no other."
            raise CommandError(message)

    def _status(self, name: str) -> str | None:
        try:
            status: str = self.dynamodb.describe_table(TableName=name)["Table"]["TableStatus"]
        except self.dynamodb.exceptions.ResourceNotFoundException:
            return None
        return status
