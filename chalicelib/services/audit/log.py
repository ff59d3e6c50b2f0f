"""An account's audit log, for its owner and admins: paged, listed and exported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.audit.search import NextCursor
from chalicelib.domain.email_address import EmailAddress, InvalidEmailError
from chalicelib.gateways.mail.user_agent import in_words
from chalicelib.storage.audit.log import AuditQuery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.audit.search import AuditFilter, AuditPage
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.lists import PageRequest, Slice
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.audit.log import AuditLog
    from chalicelib.storage.users.users import Users

_SHOWN = 50
# API Gateway allows 29 seconds for an answer; this many megabytes take a few.
_BATCHES = 40


@dataclass(frozen=True)
class AuditView:
    """A page of the audit log, with the browsers in words."""

    stretch: AuditPage
    browsers: Mapping[str, str | None]


@dataclass(frozen=True)
class AuditLogService:
    """The audit log of the account that an owner or admin has open."""

    log: AuditLog
    users: Users
    clock: Clock

    def look(
        self,
        account_admin: AccountAdmin,
        wanted: AuditFilter,
        before: str | None,
        after: str | None,
    ) -> AuditView:
        """Return the newest events, or those before or after a cursor.

        The number of requests doesn't grow with the log. A filter that hardly anything matches
        returns what it finds in a thousand events, and the cursor to go on from.
        """
        stretch = self.log.look(self._query(account_admin, wanted), _SHOWN, before, after)
        agents = {event.origin.client.user_agent for event in stretch.events}
        return AuditView(stretch, {agent: in_words(agent) for agent in agents})

    def page(
        self, account_admin: AccountAdmin, wanted: AuditFilter, asked: PageRequest
    ) -> Slice[AuditEvent]:
        """List a page, and count all events that match."""
        return self.log.page(self._query(account_admin, wanted), asked)

    def export(
        self, account_admin: AccountAdmin, wanted: AuditFilter, before: str | None
    ) -> Iterator[AuditEvent | NextCursor]:
        """Yield the events from a cursor on, and a cursor to go on from if there are too many.

        The export itself is written to the audit log before the first event is yielded.
        """
        query = self._query(account_admin, wanted)
        exported = account_admin.event(
            EventName.AUDIT_LOG_EXPORTED, query.now, None, **_export_details(wanted, before)
        )
        self.log.note_export(exported, account_admin)
        return self._events(query, before or exported.moment)

    def _events(self, query: AuditQuery, before: str) -> Iterator[AuditEvent | NextCursor]:
        for number, batch in enumerate(self.log.batches(query, before), start=1):
            yield from batch.events
            if number == _BATCHES and batch.older:
                yield NextCursor(batch.older)
                return

    def _query(self, account_admin: AccountAdmin, wanted: AuditFilter) -> AuditQuery:
        """Build the query; an email becomes a user id, because events name users by id and name."""
        if "@" in wanted.actor:
            try:
                record = self.users.look_up(EmailAddress.parse(wanted.actor))
            except InvalidEmailError:
                record = None
            if record is not None and record.user_id is not None:
                wanted = replace(wanted, actor=record.user_id)
        return AuditQuery(account_admin.account_id, wanted, self.clock())


def _export_details(wanted: AuditFilter, before: str | None) -> dict[str, str]:
    """Return what the export was limited to."""
    limits = {
        "event": wanted.event,
        "actor": wanted.actor,
        "since": wanted.since.isoformat() if wanted.since else "",
        "until": wanted.until.isoformat() if wanted.until else "",
        "before": before or "",
    }
    return {name: text for name, text in limits.items() if text}
