"""Refused responses in the accounts' audit logs: some an hour are listed, the rest are counted.

Any stranger can post to an account's ACS URL. The next listed event, or the one that the daily
check writes, says how many were counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.errors import UnavailableError
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.tables import LimitRow
from chalicelib.storage.dynamo.transaction import write_one

if TYPE_CHECKING:
    from pynamodb.connection.base import Connection

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.storage.audit.hourly_caps import HourlyCaps
    from chalicelib.storage.audit.trail import AuditWriter

_UNLISTED = "sso_refusals_unlisted#"


@dataclass(frozen=True)
class SsoRefusals:
    """The audit events about responses that signed nobody in."""

    connection: Connection
    audit: AuditWriter
    listed: HourlyCaps

    def record(self, event: AuditEvent) -> None:
        """Write a refusal while the account's hour has room, and count it otherwise."""
        if not self._has_room(event):
            row = LimitRow(_UNLISTED + event.account_id)
            row.update(actions=[LimitRow.hits.add(1)])
            return
        self.audit.append(_with(event, self._take_unlisted(event.account_id)))

    def sum_up(self, event: AuditEvent) -> None:
        """Write how many refusals were counted since the last event, if there were any."""
        count = self._take_unlisted(event.account_id)
        if count:
            self.audit.append(_with(event, count))

    def _has_room(self, event: AuditEvent) -> bool:
        try:
            return self.listed.admit(event.account_id, event.id, event.at)
        except UnavailableError:
            # Too many at the same moment, so this one is only counted.
            return False

    def _take_unlisted(self, account_id: str) -> int:
        """Return the count and subtract it, so that each refusal is reported once."""
        (row,) = read_all(self.connection, (LimitRow, _UNLISTED + account_id, None))
        count = int(row.hits or 0) if row else 0
        if not count:
            return 0
        taken = write_one(
            lambda: LimitRow(_UNLISTED + account_id).update(
                actions=[LimitRow.hits.add(-count)], condition=LimitRow.hits >= count
            )
        )
        return count if taken else 0


def _with(event: AuditEvent, unlisted: int) -> AuditEvent:
    if not unlisted:
        return event
    return replace(event, details={**event.details, "unlisted": unlisted})
