"""An account's audit trail, for its owner and admins: looked through, listed, exported."""

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
# An answer has 29 seconds; so many megabytes are read in a few.
_STRETCHES = 40


@dataclass(frozen=True)
class AuditView:
    """What is seen of a trail at once, with the browsers in words."""

    stretch: AuditPage
    browsers: Mapping[str, str | None]


@dataclass(frozen=True)
class AuditLogService:
    """The trail of the account that an owner or admin has open."""

    log: AuditLog
    users: Users
    clock: Clock

    def look(
        self, manager: AccountAdmin, wanted: AuditFilter, before: str | None, after: str | None
    ) -> AuditView:
        """Show a stretch: the newest, or what stands before or after a place in the trail.

        The same requests however long the trail is; a filter that takes nearly everything away
        gives what it finds in a thousand events, and where to look on.
        """
        stretch = self.log.look(self._reach(manager, wanted), _SHOWN, before, after)
        agents = {event.origin.client.user_agent for event in stretch.events}
        return AuditView(stretch, {agent: in_words(agent) for agent in agents})

    def page(
        self, manager: AccountAdmin, wanted: AuditFilter, asked: PageRequest
    ) -> Slice[AuditEvent]:
        """List a page, with a count of all that fit."""
        return self.log.page(self._reach(manager, wanted), asked)

    def export(
        self, manager: AccountAdmin, wanted: AuditFilter, before: str | None
    ) -> Iterator[AuditEvent | NextCursor]:
        """Give event after event from a place on, and where it goes on if this is too much.

        That somebody exports is itself told, before the first event is given.
        """
        reach = self._reach(manager, wanted)
        exported = manager.event(
            EventName.AUDIT_LOG_EXPORTED, reach.now, None, **_told(wanted, before)
        )
        self.log.note_export(exported, manager)
        return self._events(reach, before or exported.moment)

    def _events(self, reach: AuditQuery, before: str) -> Iterator[AuditEvent | NextCursor]:
        for number, stretch in enumerate(self.log.stretches(reach, before), start=1):
            yield from stretch.events
            if number == _STRETCHES and stretch.older:
                yield NextCursor(stretch.older)
                return

    def _reach(self, manager: AccountAdmin, wanted: AuditFilter) -> AuditQuery:
        """Look an email address up: the trail knows people by their ids and names."""
        if "@" in wanted.actor:
            try:
                record = self.users.look_up(EmailAddress.parse(wanted.actor))
            except InvalidEmailError:
                record = None
            if record is not None and record.user_id is not None:
                wanted = replace(wanted, actor=record.user_id)
        return AuditQuery(manager.account_id, wanted, self.clock())


def _told(wanted: AuditFilter, before: str | None) -> dict[str, str]:
    """Say what was exported, as far as it wasn't everything."""
    told = {
        "event": wanted.event,
        "actor": wanted.actor,
        "since": wanted.since.isoformat() if wanted.since else "",
        "until": wanted.until.isoformat() if wanted.until else "",
        "before": before or "",
    }
    return {name: text for name, text in told.items() if text}
