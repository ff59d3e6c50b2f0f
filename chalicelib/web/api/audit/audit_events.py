"""`/api/v1/audit_events`: an account's audit log, in pages or as JSON Lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from chalice import Response

from chalicelib.bootstrap import services, settings
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.audit.search import (
    ACTOR_MAX,
    CURSOR_PATTERN,
    GROUPS,
    AuditFilter,
    NextCursor,
    parse_cursor,
)
from chalicelib.domain.clock import rfc3339
from chalicelib.domain.errors import InvalidValueError
from chalicelib.web.api.lists import list_answer, read_query
from chalicelib.web.contract.shapes.audit import AuditEventAnswer, PartyAnswer
from chalicelib.web.contract.shapes.common import Page
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.routing.json_api import JsonApi
from chalicelib.web.kit.same_site import refuse_foreign_visit
from chalicelib.web.kit.visitor import account_admin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chalicelib.domain.audit.event import AuditEvent, Party
    from chalicelib.domain.user import AccountAdmin

audit_events_api = JsonApi(__name__)

_PATH = "/api/v1/audit_events"
_FILTERS = ("event", "actor", "since", "until")
_PAGING = frozenset(("page", "limit"))
_NDJSON = "application/x-ndjson"
# A Lambda response is limited to 6 MB, in which the body is a JSON string.
_EXPORT_MAX_BYTES = 5_000_000


@audit_events_api.call(
    "GET /api/v1/audit_events",
    access=Access.ADMIN,
    summary="The account's audit trail, newest first: a page, or an export as JSON Lines",
    outcome="A page of events. With `format=ndjson`, which takes neither `page` nor `limit`:"
    " one event a line, up to 5 MB, and a Link to what is older, if there is more. A browser"
    " may ask for an export from our own pages alone, else it is a 403, `cross_site`.",
    answer=Page[AuditEventAnswer],
    filters={
        "event": {"type": "string", "enum": [*EventName, *GROUPS]},
        "actor": {"type": "string", "minLength": 1, "maxLength": ACTOR_MAX},
        "since": {"type": "string", "format": "date"},
        "until": {"type": "string", "format": "date"},
        "format": {"type": "string", "enum": ["json", "ndjson"], "default": "json"},
        "before": {"type": "string", "pattern": f"^{CURSOR_PATTERN}$"},
    },
    also=_NDJSON,
    refusals=(422,),
)
def list_audit_events() -> Response:
    """List the events, newest first, or export them."""
    request = audit_events_api.current_request
    _, admin = account_admin(request)
    page, given = read_query(request, *_FILTERS, "format", "before")
    wanted = AuditFilter.parse(given)
    before = parse_cursor(given["before"], "before") if "before" in given else None
    shape = given.get("format", "json")
    if shape == "ndjson":
        _refuse(_PAGING & set(request.query_params or ()), "An export has no pages.")
        if request.method == "HEAD":
            return Response("", headers=_export_headers())
        refuse_foreign_visit(request.headers)
        return export(admin, wanted, given, before)
    if shape != "json":
        raise InvalidValueError("Give json or ndjson.", param="format")
    _refuse({"before"} & set(given), "Only an export goes on from a place: format=ndjson.")
    found = services().audit_log.page(admin, wanted, page)
    return list_answer(found, event_view)


def event_view(event: AuditEvent) -> AuditEventAnswer:
    """Convert an event to its answer."""
    return AuditEventAnswer(
        id=event.id,
        at=rfc3339(event.at),
        event=event.name,
        actor=_party_view(event.actor),
        target=_party_view(event.target) if event.target else None,
        address=event.origin.client.address,
        user_agent=event.origin.client.user_agent,
        request_id=event.origin.request_id,
        details=dict(event.details),
    )


def export(
    admin: AccountAdmin, wanted: AuditFilter, given: Mapping[str, str], before: str | None = None
) -> Response:
    """Answer with a part of an export; the link to the next part repeats `given`."""
    lines, place = _lines(services().audit_log.export(admin, wanted, before))
    headers = _export_headers()
    if place is not None:
        query = urlencode({**given, "before": place})
        headers["Link"] = f'<{settings().public_url}{_PATH}?{query}>; rel="next"'
    return Response("".join(lines), headers=headers)


def _export_headers() -> dict[str, Any]:
    now = services().clock()
    return {
        "Content-Type": _NDJSON,
        "Content-Disposition": f'attachment; filename="audit-log-{now:%Y-%m-%d}.ndjson"',
    }


def _lines(found: Iterable[AuditEvent | NextCursor]) -> tuple[list[str], str | None]:
    """Return lines until the answer is full, and the cursor from which the next part continues."""
    import msgspec

    lines: list[str] = []
    size, place = 0, ""
    for event in found:
        if isinstance(event, NextCursor):
            return lines, event.before
        line = json.dumps(msgspec.to_builtins(event_view(event)), ensure_ascii=False) + "\n"
        # The size inside the response: quotes are escaped, and other characters than ASCII become
        # six bytes.
        size += len(json.dumps(line))
        if size > _EXPORT_MAX_BYTES:
            return lines, place
        lines.append(line)
        place = event.moment
    return lines, None


def _refuse(unwanted: set[str] | frozenset[str], message: str) -> None:
    for name in sorted(unwanted):
        raise InvalidValueError(message, param=name)


def _party_view(party: Party) -> PartyAnswer:
    return PartyAnswer(party.type, party.id, party.name)
