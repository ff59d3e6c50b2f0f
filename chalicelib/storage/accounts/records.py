"""Records, with an exact count of them by workspace and status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import InvalidValueError, NotFoundError
from chalicelib.domain.keys.record import Record, RecordFilter, RecordStatus
from chalicelib.domain.lists import Slice
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.tables import AccountRow, RecordRow

if TYPE_CHECKING:
    from pynamodb.connection.base import Connection

    from chalicelib.domain.lists import PageRequest

COUNTS = "records"
# `web.api.lists` refuses an answer of this size. The contents are a part of it, so a page with more
# of them can't fit, and 10,000 records of 16 KB needn't be read to find that out.
_PAGE_MAX_BYTES = 5_500_000

Position = dict[str, Any] | None


@dataclass(frozen=True)
class Records:
    """The records of all accounts, each account's in the order of their ids."""

    connection: Connection

    def get(self, account_id: str, record_id: str) -> Record:
        """Read one record of an account; raises NotFoundError for any other."""
        (row,) = read_all(self.connection, (RecordRow, account_id, record_id))
        if row is None:
            raise NotFoundError
        return record_of(row)

    def page(self, account_id: str, asked: PageRequest, wanted: RecordFilter) -> Slice[Record]:
        """List a page.

        The counts are kept by the loader, so the first pages of any account cost two requests.
        DynamoDB has no offset: a page far down, or far down among those that a filter passes,
        reads what stands before it. Raises InvalidValueError for a page that no answer can hold.
        """
        total = self._count(account_id, wanted)
        if asked.offset >= total:
            return Slice((), has_more=False, total_count=total)
        rows = _Walk(self.connection, account_id, wanted).rows(asked.offset, asked.limit)
        return Slice.of(tuple(record_of(row) for row in rows), asked, total)

    def _count(self, account_id: str, wanted: RecordFilter) -> int:
        (row,) = read_all(self.connection, (AccountRow, account_id, COUNTS))
        counts = row.items.as_dict() if row is not None and row.items is not None else {}
        return sum(
            int(number)
            for name, number in counts.items()
            if _passes(wanted, *name.split("/", maxsplit=1))
        )


def count_name(workspace_id: str, status: str) -> str:
    """Return the name of the counter of a workspace and status; ids have no slash."""
    return f"{workspace_id}/{status}"


def record_of(row: RecordRow) -> Record:
    """Read a record."""
    return Record(
        id=row.record_id,
        terminus_id=row.terminus_id,
        workspace_id=row.workspace_id,
        status=RecordStatus(row.status),
        content=row.content,
        created_at=row.created_at,
    )


def _size(row: RecordRow) -> int:
    return len(row.content.encode())


def _passes(wanted: RecordFilter, workspace_id: str, status: str) -> bool:
    return wanted.workspace_id in (None, workspace_id) and wanted.status in (None, status)


@dataclass
class _Walk:
    """A way through one account's records, from the first on."""

    connection: Connection
    account_id: str
    wanted: RecordFilter
    position: Position = None

    def rows(self, offset: int, limit: int) -> list[RecordRow]:
        """Skip `offset` matching records, and give the next `limit`.

        Each request brings 1 MB at most. Reading ends as soon as the page can't fit into an answer.
        Raises InvalidValueError.
        """
        offset = self._skip(offset)
        found: list[RecordRow] = []
        size = 0
        while (missing := offset + limit - len(found)) > 0:
            answer = self._query(missing)
            rows = [RecordRow.from_raw_data(item) for item in answer["Items"]]
            size += sum(_size(row) for row in rows[max(offset - len(found), 0) : missing])
            if size > _PAGE_MAX_BYTES:
                message = "This page would be larger than 5.5 MB. Ask for fewer at once."
                raise InvalidValueError(message, param="limit")
            found += rows
            self.position = answer.get("LastEvaluatedKey")
            if self.position is None:
                break
        return found[offset : offset + limit]

    def _skip(self, offset: int) -> int:
        # Skipped records are counted and not sent. The rest is read with the next request.
        while offset > 0:
            answer = self._query(offset, Select="COUNT")
            if answer["Count"] > offset:
                break
            offset -= answer["Count"]
            self.position = answer.get("LastEvaluatedKey")
            if self.position is None:
                break
        return offset

    def _query(self, most: int, **options: Any) -> dict[str, Any]:
        request: dict[str, Any] = {
            "TableName": RecordRow.Meta.table_name,
            "KeyConditionExpression": "account_id = :account",
            "ExpressionAttributeValues": {":account": {"S": self.account_id}},
            "ConsistentRead": True,
            **options,
            **self._filter(most),
        }
        if self.position is not None:
            request["ExclusiveStartKey"] = self.position
        request["ExpressionAttributeValues"] |= request.pop("values", {})
        answer: dict[str, Any] = self.connection.dispatch("Query", request)
        return answer

    def _filter(self, most: int) -> dict[str, Any]:
        if self.wanted.is_open:
            # With a filter, DynamoDB's limit would count records that the filter drops.
            return {"Limit": most}
        asked = {"workspace_id": self.wanted.workspace_id, "status": self.wanted.status}
        given = {name: value for name, value in asked.items() if value is not None}
        return {
            "FilterExpression": " AND ".join(f"#{name} = :{name}" for name in given),
            # `status` is a reserved word.
            "ExpressionAttributeNames": {f"#{name}": name for name in given},
            "values": {f":{name}": {"S": str(value)} for name, value in given.items()},
        }
