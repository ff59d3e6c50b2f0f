"""A busy account: every event is complete and contains no secret."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.audit.event import EventName, PartyType
from tests.support.audit_log import audit_events
from tests.support.keys import KEYS, account_of, make_key
from tests.support.personas.invitations import INVITED, accept_as_new, invite, mailed_token
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    signed_in_program,
    token_of,
)
from tests.support.servers.children import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.http import Program
    from tests.support.service import Service

NEW_PASSWORD = "seven grey herons at dawn"
NEW_ADDRESS = "robin@elsewhere.test"
WORKSPACES = "/api/v1/workspaces"
_ROW = re.compile(r"^\| `([a-z_]+\.[a-z_]+)` \| .+? \| (.*)\|$", re.MULTILINE)
_NAMELESS = (PartyType.ANONYMOUS, PartyType.SYSTEM, PartyType.OPERATOR)


@dataclass
class Busy:
    """A busy account and its secrets."""

    service: Service
    owner: Program
    account_id: str
    secrets: dict[str, str] = field(default_factory=dict)

    def link(self, name: str, address: str) -> str:
        """Return a mailed token, and remember it as a secret."""
        self.secrets[name] = token_of(self.service.mail_to(address).link)
        return self.secrets[name]

    def post(self, path: str, body: Any) -> Mapping[str, Any]:
        """Call as the owner."""
        reply = self.owner.post(path, body)
        assert reply.status < 300, reply.text
        answer: Mapping[str, Any] = reply.json if reply.body else {}
        return answer


def _keys(busy: Busy) -> None:
    made, leaked = make_key(busy.owner), make_key(busy.owner, "Old")
    busy.secrets |= {"key": made["key"], "leaked key": leaked["key"]}
    assert busy.owner.delete(f"{KEYS}/{made['id']}").status == 204
    busy.post(f"{KEYS}/leaked", {"key": leaked["key"]})


def _workspaces(busy: Busy) -> None:
    made = busy.post(WORKSPACES, {"name": "Lab"})
    path = f"{WORKSPACES}/{made['id']}"
    assert busy.owner.call("PATCH", path, {"name": "Field"}).status == 200
    assert busy.owner.delete(path).status == 204


def _invitations(busy: Busy) -> None:
    path = f"/api/v1/invitations/{invite(busy.owner)['id']}"
    assert busy.owner.post(f"{path}/resend", None).status == 202
    assert busy.owner.delete(path).status == 204
    invite(busy.owner)
    busy.secrets["invitation"] = mailed_token(busy.service)
    assert accept_as_new(busy.service.program(), busy.secrets["invitation"]).status == 200


def _locks(busy: Busy) -> None:
    for _ in range(6):
        ask_sign_in(busy.service.program(), ADDRESS, OTHER_PASSWORD)
    token = busy.link("unlock link", ADDRESS)
    assert busy.service.program().post("/auth/account_unlock", {"token": token}).status == 200


def _credentials(busy: Busy) -> None:
    busy.post("/auth/profile/email", {"current_password": PASSWORD, "email": NEW_ADDRESS})
    changed = {"token": busy.link("change link", NEW_ADDRESS)}
    busy.post("/auth/email_confirmation", changed)
    busy.post("/auth/profile/password", {"current_password": PASSWORD, "password": NEW_PASSWORD})
    busy.service.program().post("/auth/password_reset/request", {"email": NEW_ADDRESS})
    reset = {"token": busy.link("reset link", NEW_ADDRESS), "password": PASSWORD}
    assert busy.service.program().post("/auth/password_reset", reset).status == 200


def _sessions(busy: Busy) -> None:
    busy.owner = signed_in_program(busy.service, NEW_ADDRESS)
    signed_in_program(busy.service, NEW_ADDRESS)
    assert busy.owner.delete("/auth/sessions").status == 204
    busy.secrets["session"] = busy.owner.jar.values["thub_session"]
    assert busy.owner.get("/api/v1/audit_events?format=ndjson").status == 200
    assert busy.owner.delete("/auth/session").status == 204


@pytest.fixture
def busy(service: Service) -> Busy:
    become_a_user(service)
    owner = signed_in_program(service)
    busy = Busy(service, owner, account_of(owner))
    busy.secrets |= {"password": PASSWORD, "wrong": OTHER_PASSWORD, "new password": NEW_PASSWORD}
    for step in (_keys, _workspaces, _invitations, _locks, _credentials, _sessions):
        step(busy)
    return busy


def _documented() -> dict[str, set[str]]:
    page = (ROOT / "docs" / "audit-log.md").read_text(encoding="utf-8")
    return {name: set(re.findall(r"`([a-z_]+)`", said)) for name, said in _ROW.findall(page)}


def test_every_event_names_actor_time_origin_and_request(busy: Busy) -> None:
    """`H4`, `H5`."""
    events = audit_events(busy.service, busy.account_id)
    assert {event["event"] for event in events} >= {
        EventName.ACCOUNT_CREATED,
        EventName.API_KEY_CREATED,
        EventName.API_KEY_DELETED,
        EventName.API_KEY_REVOKED,
        EventName.AUDIT_LOG_EXPORTED,
        EventName.INVITATION_ACCEPTED,
        EventName.INVITATION_CREATED,
        EventName.INVITATION_RESENT,
        EventName.INVITATION_REVOKED,
        EventName.SESSION_ENDED,
        EventName.SIGN_IN_LOCKED,
        EventName.SIGN_IN_REFUSED,
        EventName.SIGN_IN_SUCCEEDED,
        EventName.SIGN_IN_UNLOCKED,
        EventName.USER_EMAIL_CHANGED,
        EventName.USER_PASSWORD_CHANGED,
        EventName.USER_PASSWORD_RESET,
        EventName.WORKSPACE_CHANGED,
        EventName.WORKSPACE_CREATED,
        EventName.WORKSPACE_DELETED,
    }
    documented = _documented()
    for event in events:
        assert all(event[part] for part in ("event", "moment", "address", "user_agent")), event
        assert event["request_id"], event
        for party in filter(None, (event["actor"], event.get("target"))):
            assert party["type"] in list(PartyType)
            assert (party["type"] in _NAMELESS) == (party["id"] is None), event
            assert party["name"] or party["id"] is None, event
        assert set(event["details"]) <= documented[event["event"]], event
    assert [name for name, secret in busy.secrets.items() if secret in str(events)] == []
    assert INVITED in str(events)
