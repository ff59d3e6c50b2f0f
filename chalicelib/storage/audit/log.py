"""Reading an account's audit log: newest events first, and no expired ones."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType, moment_text
from chalicelib.domain.audit.search import AuditPage
from chalicelib.domain.lists import Slice
from chalicelib.domain.origin import Client, RequestOrigin
from chalicelib.storage.dynamo.tables import AuditEventRow
from chalicelib.storage.dynamo.transaction import Transaction
from chalicelib.storage.users.account_admin import still_manages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pynamodb.attributes import MapAttribute
    from pynamodb.connection.base import Connection

    from chalicelib.domain.audit.search import AuditFilter
    from chalicelib.domain.lists import PageRequest
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.audit.trail import AuditWriter

# Events that a filtered page reads: about half a megabyte, and never more than one request.
_READ_BY_FILTER = 1_000
# Sorts after every character of a moment.
_LAST = "~"


@dataclass(frozen=True)
class AuditQuery:
    """The events to read: of one account, by a filter, at a given time."""

    account_id: str
    wanted: AuditFilter
    now: datetime


@dataclass(frozen=True)
class AuditLog:
    """Reads the audit logs of all accounts."""

    connection: Connection
    audit: AuditWriter

    def look(
        self, query: AuditQuery, size: int, before: str | None, after: str | None
    ) -> AuditPage:
        """Read the events before or after a cursor, or the newest, in one request."""
        if after is not None:
            return self._newer(query, size, after)
        search = self._search(query, before=before)
        events = search.read_once(size)
        return AuditPage(
            events=tuple(events[:size]),
            newer=(events[0].moment if events else before) if before else None,
            older=_onward(events, size, search.place),
        )

    def page(self, query: AuditQuery, asked: PageRequest) -> Slice[AuditEvent]:
        """List a page, and count all events that match.

        DynamoDB counts by reading: each megabyte in the time range, some 2,000 events, is one
        request and 256 read units. A narrow range keeps it cheap.
        """
        search = self._search(query)
        skipped = search.skip(asked.offset)
        rest = asked.offset - skipped
        found = search.take(rest + asked.limit)
        total = skipped + len(found) + search.count()
        return Slice.of(tuple(found[rest : rest + asked.limit]), asked, total)

    def batches(self, query: AuditQuery, before: str) -> Iterator[AuditPage]:
        """Yield the events from a cursor on, a megabyte at a time."""
        search = self._search(query, before=before)
        while not search.is_over:
            events = tuple(search.read())
            yield AuditPage(events, older=search.place)

    def note_export(self, event: AuditEvent, account_admin: AccountAdmin) -> None:
        """Write the event of an export before it starts; raises NotAllowedError."""
        with Transaction(self.connection) as tx:
            still_manages(tx, account_admin)
            self.audit.add(tx, event)

    def _newer(self, query: AuditQuery, size: int, after: str) -> AuditPage:
        search = self._search(query, after=after)
        events = search.read_once(size)
        shown = tuple(reversed(events[:size]))
        return AuditPage(
            events=shown,
            newer=_onward(events, size, search.place),
            older=shown[-1].moment if shown else None,
        )

    def _search(
        self, query: AuditQuery, before: str | None = None, after: str | None = None
    ) -> _Search:
        wanted = query.wanted
        expired = moment_text(query.now - self.audit.kept) + _LAST
        low = max(expired, moment_text(wanted.since) if wanted.since else "", after or "")
        ends = [moment_text(wanted.until)] if wanted.until else []
        ends += [before] if before else []
        high = min(ends, default=_LAST)
        return _Search(
            self.connection, query, (low, high), (before, after), forward=after is not None
        )


@dataclass
class _Search:
    """A search through a range of one audit log."""

    connection: Connection
    query: AuditQuery
    bounds: tuple[str, str]
    # The cursors' own events were shown already; DynamoDB's BETWEEN includes them.
    cursors: tuple[str | None, str | None]
    forward: bool
    position: dict[str, Any] | None = None
    is_over: bool = False

    def __post_init__(self) -> None:
        # DynamoDB refuses a range whose end comes before its start.
        self.is_over = self.bounds[0] > self.bounds[1]

    @property
    def place(self) -> str | None:
        """Where reading stopped; None at the end."""
        return self.position["moment"]["S"] if self.position else None

    def read_once(self, size: int) -> list[AuditEvent]:
        """Read once, for `size` events and whether there is another one."""
        # One more for the cursor's own event.
        most = size + 2 if self.query.wanted.takes_all else _READ_BY_FILTER
        return [] if self.is_over else list(self.read(Limit=most))

    def take(self, most: int) -> list[AuditEvent]:
        """Read until there are `most` events, or more."""
        found: list[AuditEvent] = []
        while len(found) < most and not self.is_over:
            found += self.read(**self._limit(most - len(found)))
        return found

    def skip(self, most: int) -> int:
        """Skip at most `most` events, and return how many were skipped."""
        skipped = 0
        while skipped < most and not self.is_over:
            before = self.position
            count = self._query(Select="COUNT", **self._limit(most - skipped))["Count"]
            if skipped + count > most:
                self.position, self.is_over = before, False
                break
            skipped += count
        return skipped

    def count(self) -> int:
        """Count the remaining events."""
        total = 0
        while not self.is_over:
            total += self._query(Select="COUNT")["Count"]
        return total

    def read(self, **options: Any) -> Iterator[AuditEvent]:
        """Read the next batch and return its events one by one."""
        items = deque(self._query(**options)["Items"])
        return _events(items, self.cursors)

    def _limit(self, most: int) -> dict[str, int]:
        # With a filter, DynamoDB's limit would count events that the filter drops.
        return {"Limit": most} if self.query.wanted.takes_all else {}

    def _query(self, **options: Any) -> dict[str, Any]:
        condition, names, values = _filter(self.query.wanted)
        low, high = self.bounds
        values |= {":account": self.query.account_id, ":low": low, ":high": high}
        request: dict[str, Any] = {
            "TableName": AuditEventRow.Meta.table_name,
            "KeyConditionExpression": "account_id = :account AND moment BETWEEN :low AND :high",
            "ExpressionAttributeValues": {name: {"S": text} for name, text in values.items()},
            "ScanIndexForward": self.forward,
            "ConsistentRead": True,
            **options,
        }
        if condition:
            request |= {"FilterExpression": condition, "ExpressionAttributeNames": names}
        if self.position is not None:
            request["ExclusiveStartKey"] = self.position
        answer: dict[str, Any] = self.connection.dispatch("Query", request)
        self.position = answer.get("LastEvaluatedKey")
        self.is_over = self.position is None
        return answer


def _onward(events: list[AuditEvent], size: int, place: str | None) -> str | None:
    return events[size - 1].moment if len(events) > size else place


def _filter(wanted: AuditFilter) -> tuple[str, dict[str, str], dict[str, str]]:
    parts, names, values = [], {}, {}
    if wanted.event:
        group = wanted.event.endswith(".")
        parts.append("begins_with(#event, :event)" if group else "#event = :event")
        names["#event"], values[":event"] = "event", wanted.event
    if wanted.actor:
        parts.append("(#actor.#id = :actor OR #actor.#name = :actor)")
        names |= {"#actor": "actor", "#id": "id", "#name": "name"}
        values[":actor"] = wanted.actor
    return " AND ".join(parts), names, values


def _events(items: deque[dict[str, Any]], cursors: tuple[str | None, ...]) -> Iterator[AuditEvent]:
    while items:
        item = items.popleft()
        if item["moment"]["S"] not in cursors:
            yield _event_of(AuditEventRow.from_raw_data(item))


def _event_of(row: AuditEventRow) -> AuditEvent:
    at, _, event_id = row.moment.partition("#")
    target: MapAttribute[str, Any] | None = row.target
    return AuditEvent(
        name=EventName(row.event),
        account_id=row.account_id,
        at=datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC),
        actor=_party_of(row.actor.as_dict()),
        origin=RequestOrigin(Client(row.address, row.user_agent), row.request_id),
        target=_party_of(target.as_dict()) if target is not None else None,
        details=row.details.as_dict(),
        id=event_id,
    )


def _party_of(value: dict[str, Any]) -> Party:
    return Party(PartyType(value["type"]), value.get("id"), value.get("name"))
