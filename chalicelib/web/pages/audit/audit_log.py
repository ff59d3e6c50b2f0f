"""`/settings/audit-log`: the account's audit log, and its export."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from chalicelib.bootstrap import services
from chalicelib.domain.audit.search import AuditFilter, parse_cursor
from chalicelib.domain.audit.sentences import (
    detail_words,
    event_options,
    party_kind,
    party_words,
    target_words,
)
from chalicelib.web.api.audit.audit_events import export
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.html.rendering import page, url
from chalicelib.web.kit.requests import query_parameter, read_form
from chalicelib.web.kit.routing.pages import SettingsPages
from chalicelib.web.kit.visitor import PageVisitor, account_admin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalice import Response

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.web.kit.errors import HttpError

audit_log_pages = SettingsPages(__name__)

_PATH = "/settings/audit-log"
_FILTERS = ("event", "actor", "since", "until")


@dataclass(frozen=True)
class ShownEvent:
    """An event as the page shows it."""

    at: datetime
    what: str
    details: str
    actor_name: str
    actor_kind: str
    target_name: str
    address: str
    client: str | None

    @classmethod
    def of(
        cls,
        event: AuditEvent,
        browsers: Mapping[str, str | None],
        names: Mapping[str, str],
    ) -> ShownEvent:
        """Convert an event to what the page shows."""
        client = event.origin.client
        return cls(
            at=event.at,
            what=event.name.sentence,
            details=detail_words(event.details, names),
            actor_name=party_words(event.actor),
            actor_kind=party_kind(event.actor),
            target_name=target_words(event),
            address=client.address,
            client=browsers.get(client.user_agent),
        )


def _refused(form: dict[str, str], words: HttpError) -> Response:
    del form
    return _page(AuditFilter(), words.status, errors={_field(words.param): words.message})


@audit_log_pages.view("GET /settings/audit-log", access=Access.ADMIN, refused=_refused)
def show_audit_log() -> Response:
    """Show the newest events, or those before or after a cursor."""
    given = _given()
    return _page(
        AuditFilter.parse(given), before=_cursor("before"), after=_cursor("after"), filters=given
    )


@audit_log_pages.view("POST /settings/audit-log/export", access=Access.ADMIN, refused=_refused)
def export_audit_log() -> Response:
    """Download the newest events that match the page's filters."""
    request = audit_log_pages.current_request
    _, admin = account_admin(request)
    form = read_form(request)
    given = {name: form[name] for name in _FILTERS if form.get(name)}
    return export(admin, AuditFilter.parse(given), {"format": "ndjson", **given})


def _page(
    wanted: AuditFilter,
    status: int = HTTPStatus.OK,
    before: str | None = None,
    after: str | None = None,
    filters: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    visitor, admin = account_admin(audit_log_pages.current_request)
    asked = filters or {}
    look = services().audit_log.look(admin, wanted, before, after)
    stretch = look.stretch
    names = {workspace.id: workspace.name for workspace, _ in visitor.workspaces}
    return page(
        "audit/audit_log.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        events=[ShownEvent.of(event, look.browsers, names) for event in stretch.events],
        event_options=event_options(),
        # Without refused values: a date field can't show a text that isn't a date.
        filters={name: asked.get(name, "") for name in _FILTERS},
        errors={name: (errors or {}).get(name) for name in _FILTERS},
        newer=_link(asked, after=stretch.newer) if stretch.newer else None,
        older=_link(asked, before=stretch.older) if stretch.older else None,
    )


def _given() -> dict[str, str]:
    """Read the filters; an empty field is an unused filter."""
    request = audit_log_pages.current_request
    asked = {name: query_parameter(request, name) for name in _FILTERS}
    return {name: text for name, text in asked.items() if text}


def _cursor(name: str) -> str | None:
    text = query_parameter(audit_log_pages.current_request, name)
    return parse_cursor(text, name) if text else None


def _field(param: str | None) -> str:
    # A refused cursor has no field in the form.
    return param if param in _FILTERS else _FILTERS[0]


def _link(filters: Mapping[str, str], **place: str) -> str:
    return url(f"{_PATH}?{urlencode({**filters, **place})}")
