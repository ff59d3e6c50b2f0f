"""Loading records: a batch and the counts that it changes, in one transaction."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import ConflictError
from chalicelib.storage.accounts.records import COUNTS, count_name, record_of
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.rows import WORKSPACES
from chalicelib.storage.dynamo.tables import AccountRow, RecordRow
from chalicelib.storage.dynamo.transaction import Transaction, absent, write_one

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.keys.record import Record

# A transaction takes 100 parts: one for the counts, one for the workspaces, two for audit events.
BATCH_MAX = 96
_TRIES = 5


class _ChangedError(Exception):
    """A record changed since it was read."""


@dataclass(frozen=True)
class Loaded:
    """The result of a batch."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Loaded) -> Loaded:
        """Add up two batches."""
        return Loaded(
            self.added + other.added,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
        )


@dataclass(frozen=True)
class RecordLoads:
    """Loads records into an account; loading one again doesn't add it twice."""

    connection: Connection

    def begin(self, account_id: str) -> None:
        """Create the row of an account's counts, if it doesn't exist."""
        row = AccountRow(account_id, COUNTS, items={})
        write_one(lambda: row.save(condition=absent(row)))

    def put(
        self,
        account_id: str,
        records: Mapping[str, tuple[Record, bool]],
        also: Callable[[Transaction], None] | None = None,
    ) -> Loaded:
        """Write up to BATCH_MAX records by id, and count them in the same transaction.

        Each record comes with whether its time was given; without one it keeps the time of its
        first load. Two simultaneous loads can't count twice, because each write requires the row
        that was read. `also` adds up to two parts to the transaction, if anything is written.
        Raises ConflictError where a record's workspace was deleted meanwhile, which its counts
        allowed.
        """
        for _ in range(_TRIES):
            batch = self._compare(account_id, records)
            with suppress(_ChangedError):
                if batch.writes:
                    self._write(batch, also)
                return batch.loaded
        raise ConflictError

    def _write(self, batch: _Batch, also: Callable[[Transaction], None] | None) -> None:
        with Transaction(self.connection, _ChangedError) as tx:
            batch.add_to(tx)
            if also is not None:
                also(tx)

    def _compare(self, account_id: str, records: Mapping[str, tuple[Record, bool]]) -> _Batch:
        ids = list(records)
        rows = read_all(self.connection, *((RecordRow, account_id, key) for key in ids))
        batch = _Batch(account_id)
        for key, row in zip(ids, rows, strict=True):
            batch.take(*records[key], row)
        return batch


class _Batch:
    """The writes that turn what is stored into what is loaded."""

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id
        self.writes: list[tuple[RecordRow, Condition]] = []
        self.counts: Counter[str] = Counter()
        self.workspaces: set[str] = set()
        self.loaded = Loaded()

    def take(self, record: Record, time_given: bool, row: RecordRow | None) -> None:  # noqa: FBT001 - one fact of the record
        """Add one record to the batch."""
        made = RecordRow(
            self.account_id,
            record.id,
            terminus_id=record.terminus_id,
            workspace_id=record.workspace_id,
            status=record.status.value,
            content=record.content,
            created_at=record.created_at if row is None or time_given else row.created_at,
        )
        if row is None:
            self.loaded += Loaded(added=1)
            self.writes.append((made, RecordRow.record_id.does_not_exist()))
        elif record_of(made) == record_of(row):
            self.loaded += Loaded(unchanged=1)
            return
        else:
            self.loaded += Loaded(changed=1)
            self.counts[count_name(row.workspace_id, row.status)] -= 1
            self.writes.append((made, _as_read(row)))
        self.counts[count_name(record.workspace_id, record.status.value)] += 1
        self.workspaces.add(record.workspace_id)

    def add_to(self, tx: Transaction) -> None:
        """Add all writes to a transaction, the condition on their workspaces first."""
        exist = (AccountRow.items[workspace].exists() for workspace in self.workspaces)
        tx.check(
            AccountRow,
            self.account_id,
            WORKSPACES,
            condition=reduce(and_, exist),
            otherwise=_workspace_gone,
        )
        for row, condition in self.writes:
            tx.put(row, condition)
        actions = [self._counted(name, by) for name, by in self.counts.items() if by]
        if actions:
            tx.update(AccountRow(self.account_id, COUNTS), actions)

    @staticmethod
    def _counted(name: str, by: int) -> Any:
        counter: Any = AccountRow.items[name]
        return counter.set((counter | 0) + by)


def _workspace_gone() -> ConflictError:
    return ConflictError("A workspace of these records has just been deleted.")


def _as_read(row: RecordRow) -> Condition:
    condition: Condition = (RecordRow.workspace_id == row.workspace_id) & (
        RecordRow.status == row.status
    )
    return condition
