"""The contents of one account, read as a stream of any length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.search import AuditFilter
from chalicelib.storage.accounts.members import member_of
from chalicelib.storage.accounts.records import record_of
from chalicelib.storage.audit.log import AuditLog, AuditQuery
from chalicelib.storage.dynamo.reading import read_many
from chalicelib.storage.dynamo.rows import LISTED_MEMBER
from chalicelib.storage.dynamo.tables import AccountRow, RecordRow, UserRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pynamodb.connection.base import Connection

    from chalicelib.domain.accounts.members import Member
    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.keys.record import Record
    from chalicelib.storage.audit.trail import AuditWriter

# Sorts after every event's cursor.
_NEWEST = "~"


@dataclass(frozen=True)
class AccountContents:
    """Reads the parts of an account that may be longer than a page."""

    connection: Connection
    audit: AuditWriter

    def members(self, account_id: str) -> Iterator[Member]:
        """Yield every member with strong reads, in the order of their ids."""
        listed = AccountRow.query(
            account_id, AccountRow.part.startswith(LISTED_MEMBER), consistent_read=True
        )
        keys = ((UserRow, row.part.removeprefix(LISTED_MEMBER), None) for row in listed)
        for row in read_many(self.connection, keys):
            member = member_of(row, account_id)
            if member is not None:
                yield member

    def records(self, account_id: str) -> Iterator[Record]:
        """Yield every record, in the order of their ids."""
        return (record_of(row) for row in RecordRow.query(account_id, consistent_read=True))

    def events(self, account_id: str, now: datetime) -> Iterator[AuditEvent]:
        """Yield every event that hasn't expired, newest first."""
        log = AuditLog(self.connection, self.audit)
        for batch in log.batches(AuditQuery(account_id, AuditFilter(), now), _NEWEST):
            yield from batch.events
