"""Every declared change of an account, made in a session whose proof is old."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.web.kit.access import Access
from tests.support.personas.callers import Callers, callers, fill, is_api
from tests.support.routes import ACCESS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.http import Reply

# Changes that don't grant access and don't take it from another user, each with the reason.
_NO_PROOF: Mapping[str, str] = {
    "POST /api/v1/workspaces": "nobody is in a new workspace yet",
    "PATCH /api/v1/workspaces/{workspace_id}": "another name or description changes no access",
    "POST /settings/workspaces": "nobody is in a new workspace yet",
    "POST /settings/workspaces/{workspace_id}": "another name or description changes no access",
    "POST /settings/audit-log/export": "reading changes no access",
    "POST /settings/delete-account/cancel": "the account stays as it is",
    "POST /profile/leave": "leaving takes access from nobody else",
    "POST /auth/session/account/leave": "leaving takes access from nobody else",
}
# Valid bodies, which reach the service.
_INVITATION = {"email": "new@acme.test", "role": "admin"}
_BODIES: Mapping[str, Mapping[str, str]] = {
    "POST /api/v1/api_keys": {"name": "CI"},
    "POST /settings/api-keys": {"name": "CI"},
    "POST /api/v1/workspaces": {"name": "New"},
    "POST /settings/workspaces": {"name": "New"},
    "PATCH /api/v1/workspaces/{workspace_id}": {"name": "Other"},
    "POST /settings/workspaces/{workspace_id}": {"name": "Other", "version": "1"},
    "POST /api/v1/invitations": _INVITATION,
    "POST /settings/members/invite": _INVITATION,
    "PATCH /api/v1/members/{user_id}": {"role": "admin"},
    "POST /settings/members/{user_id}": {"role": "admin", "version": "1"},
    "POST /api/v1/account/transfer_ownership": {"user_id": "{user_id}"},
    "POST /api/v1/sso/domains": {"domain": "new.test"},
    "POST /settings/single-sign-on/domains": {"domain": "new.test"},
    "POST /settings/single-sign-on/domains/verify": {"listed": "{domain}"},
    "POST /settings/single-sign-on/domains/remove": {"listed": "{domain}"},
    "POST /profile/leave": {"account_id": "{account_id}"},
    "POST /auth/session/account/leave": {"account_id": "{account_id}"},
}
_CHANGES = [
    call
    for call, access in ACCESS.items()
    if access in (Access.ADMIN, Access.OWNER, Access.MEMBER) and not call.startswith("GET")
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    with callers(tmp_path_factory.mktemp("callers")) as made:
        made.service.clock.advance(timedelta(minutes=15, seconds=1))
        yield made


def test_each_exception_is_an_existing_change() -> None:
    assert set(_NO_PROOF) <= set(_CHANGES)


@pytest.mark.parametrize("call", [call for call in _CHANGES if call not in _NO_PROOF])
def test_an_old_session_proves_itself_before_it_changes_who_has_access(
    world: Callers, call: str
) -> None:
    """`D9`: a session with an old proof can't change roles, keys, invitations or members."""
    before = _things(world)
    reply = _called(world, call)
    if is_api(call.partition(" ")[2]):
        assert (reply.status, reply.error["code"]) == (403, "proof_required"), reply.text
    else:
        assert reply.status == 303, reply.text
        assert (reply.header("Location") or "").startswith("/proof?next=%2Fsettings%2F")
    assert _things(world) == before


@pytest.mark.parametrize("call", _NO_PROOF)
def test_what_changes_nobodys_access_needs_no_fresh_proof(world: Callers, call: str) -> None:
    """`D9`."""
    reply = _called(world, call)
    assert "proof" not in (reply.header("Location") or "")
    assert "proof_required" not in reply.text


def _called(world: Callers, call: str) -> Reply:
    method, path = call.split(" ")
    ids = {**world.ids, "account_id": world.users["owner"][1].account_id}
    body: Any = None
    if method != "DELETE":
        body = {name: fill(value, ids) for name, value in _BODIES.get(call, {}).items()}
    return world.call("owner", method, fill(path, ids), body)


def _things(world: Callers) -> list[Any]:
    tables = ("users", "accounts", "api_keys", "audit_events", "links", "sso_connections")
    return [world.service.rows(table) for table in tables]
