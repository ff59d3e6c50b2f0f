"""Restores a stage's tables from the copies, row by row; run again, it continues."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.event import moment_text
from infra.restore.deletions import Deleted, read_deleted
from infra.restore.rows import FATES, Fate, Kept, Row, Since, amended
from infra.stack.resources import table_definitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

# The limit of BatchGetItem.
_BATCH = 100
# The longest time from an event's timestamp to its write; older events are in the copy.
_WRITTEN_WITHIN = timedelta(hours=1)


class Tables:
    """The tables of a stage and their copies, by their names in the app."""

    def __init__(self, dynamodb: Any, live_prefix: str, backup_prefix: str) -> None:
        """Take a boto3 resource."""
        self._dynamodb = dynamodb
        self._prefixes = {"live": live_prefix, "backup": backup_prefix}
        self._deleted = Deleted()
        self._keys = {
            made["TableName"]: [part["AttributeName"] for part in made["KeySchema"]]
            for made in table_definitions("")
        }

    def take_back(self, moment: datetime, moved: Callable[[str, int], None]) -> tuple[Since, Kept]:
        """Restore every table, except access that was withdrawn since.

        The audit log is read first, since it decides the rest. `moved` is called with counts of
        changed rows.
        """
        by_fate = {fate: [t for t, own in FATES.items() if own is fate] for fate in Fate}
        since, kept = Since(moment).read(self._events_since(moment)), Kept()
        self._deleted = self._read_deleted(since)
        for table in by_fate[Fate.ADDED_TO]:
            self._add(table, moved)
        # Empty these first, so that no old link or session works on restored rows.
        for table in by_fate[Fate.EMPTIED]:
            self._empty(table, moved)
        for table in by_fate[Fate.TAKEN_BACK]:
            self._replace(table, since, kept, moved)
        return since, kept

    def _read_deleted(self, since: Since) -> Deleted:
        def get(table: str, keys: list[Row]) -> list[Row]:
            name = self._table("backup", table).name
            return [row for batch in _batches(keys) for row in self._get(name, batch)]

        return read_deleted(
            self._rows("live", "deletions"),
            since.moment,
            lambda table: self._rows("backup", table),
            get,
            since,
        )

    def _events_since(self, moment: datetime) -> Iterator[Row]:
        """Return the audit events that the copy doesn't have.

        Time alone doesn't tell: a request reads its clock before it writes, and clocks differ.
        """
        known, first = "audit_events", moment_text(moment - _WRITTEN_WITHIN)
        later = (row for row in self._rows("live", known) if row["moment"] > first)
        for rows, copied in self._with("backup", known, later):
            yield from (row for row in rows if self._key(known, row) not in copied)

    def _add(self, table: str, moved: Callable[[str, int], None]) -> None:
        with self._table("live", table).batch_writer() as writer:
            for rows, live in self._beside("backup", table, "live"):
                for row in rows:
                    left = self._deleted.left(table, row)
                    if left is not None and self._key(table, row) not in live:
                        writer.put_item(Item=left)
                        moved(table, 1)

    def _empty(self, table: str, moved: Callable[[str, int], None]) -> None:
        with self._table("live", table).batch_writer() as writer:
            for row in self._rows("live", table):
                writer.delete_item(Key=dict(self._key(table, row)))
                moved(table, 1)

    def _replace(
        self, table: str, since: Since, kept: Kept, moved: Callable[[str, int], None]
    ) -> None:
        with self._table("live", table).batch_writer() as writer:
            for rows, live in self._beside("live", table, "backup"):
                for row in rows:
                    if self._key(table, row) not in live:
                        writer.delete_item(Key=dict(self._key(table, row)))
                        moved(table, 1)
        with self._table("live", table).batch_writer() as writer:
            for rows, live in self._beside("backup", table, "live"):
                for row in rows:
                    if (left := self._deleted.left(table, row)) is None:
                        continue
                    now = live.get(self._key(table, row))
                    if now != (wanted := amended(table, left, now, since, kept)):
                        writer.put_item(Item=wanted)
                        moved(table, 1)

    def _beside(
        self, side: str, table: str, other: str
    ) -> Iterator[tuple[list[Row], dict[tuple[tuple[str, Any], ...], Row]]]:
        """Return one side's rows in batches, with the other side's rows of the same keys."""
        return self._with(other, table, self._rows(side, table))

    def _with(
        self, other: str, table: str, given: Iterable[Row]
    ) -> Iterator[tuple[list[Row], dict[tuple[tuple[str, Any], ...], Row]]]:
        for rows in _batches(given):
            keys = [self._key(table, row) for row in rows]
            found = self._get(self._table(other, table).name, [dict(key) for key in keys])
            yield rows, {self._key(table, row): row for row in found}

    def _get(self, name: str, keys: list[Row]) -> list[Row]:
        found: list[Row] = []
        while keys:
            answer = self._dynamodb.batch_get_item(
                RequestItems={name: {"Keys": keys, "ConsistentRead": True}}
            )
            found += answer["Responses"].get(name, [])
            keys = answer.get("UnprocessedKeys", {}).get(name, {}).get("Keys", [])
        return found

    def _rows(self, side: str, table: str) -> Iterator[Row]:
        source = self._table(side, table)
        start: dict[str, Any] = {}
        while True:
            page = source.scan(ConsistentRead=True, **start)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _table(self, side: str, table: str) -> Any:
        return self._dynamodb.Table(self._prefixes[side] + table)

    def _key(self, table: str, row: Row) -> tuple[tuple[str, Any], ...]:
        return tuple((name, row[name]) for name in self._keys[table])


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while batch := list(islice(source, _BATCH)):
        yield batch
