"""Every call by every kind of caller, from the one inventory of routes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.web.contract.operations import OPERATIONS
from chalicelib.web.kit.access import INVENTORY, Access, UnlistedRouteError
from chalicelib.web.kit.blueprints import JsonApi
from tests.support.docs import authorization
from tests.support.docs.authorization import SIGN_IN, START, YES, verdict
from tests.support.personas.callers import CALLERS, Callers, callers, fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.http import Reply

# Bodies that get as far as the id in the path, or in the body itself.
_BODIES: Mapping[str, Mapping[str, Any]] = {
    "POST /auth/session/account": {"account_id": "{account_id}"},
    "POST /auth/session/account/leave": {"account_id": "{account_id}"},
    "POST /api/v1/account/transfer_ownership": {"user_id": "{user_id}"},
    "POST /accounts": {"account_id": "{account_id}"},
    "POST /profile/leave": {"account_id": "{account_id}"},
    "POST /settings/single-sign-on/domains/verify": {"listed": "{domain}"},
    "POST /settings/single-sign-on/domains/remove": {"listed": "{domain}"},
}
_BY_ID = sorted(
    call
    for call, access in INVENTORY.items()
    if access is not Access.ANYONE and ("{" in call or call in _BODIES)
)
_TYPES = {401: "authentication_error", 403: "permission_error"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    with callers(tmp_path_factory.mktemp("callers")) as made:
        yield made


def test_the_app_serves_what_the_inventory_lists_and_nothing_else() -> None:
    """`B8`, `F10`, `H9`."""
    import app

    served = {
        f"{method} {path}"
        for path, views in app.app.routes.items()
        for method, entry in views.items()
        if method != "HEAD" and entry.view_name != "method_not_allowed"
    }
    assert served == set(INVENTORY)


def test_a_route_that_is_not_listed_can_not_be_registered() -> None:
    with pytest.raises(UnlistedRouteError, match="GET /settings/secret"):
        JsonApi("x").route("/settings/secret")


def test_a_keys_route_can_not_stand_before_the_authorizer() -> None:
    with pytest.raises(UnlistedRouteError, match="behind the authorizer"):
        JsonApi("x").route("/api/v1/account")


def test_the_page_is_up_to_date() -> None:
    """`F10`: `python -m tests.support.docs.authorization` writes it."""
    assert authorization.PAGE.read_text(encoding="utf-8") == authorization.page()


def test_openapi_asks_for_what_the_inventory_asks_for() -> None:
    asked = {
        "key": {Access.API_KEY},
        "session": {Access.MANAGER, Access.OWNER},
        "nothing": {Access.ANYONE},
    }
    for operation in OPERATIONS:
        assert INVENTORY[operation.call] in asked[operation.proof], operation.call
    described = {operation.call for operation in OPERATIONS}
    assert described == {call for call in INVENTORY if " /api/v1/" in call}


@pytest.mark.parametrize("call", INVENTORY)
def test_each_caller_gets_as_far_as_the_inventory_says(world: Callers, call: str) -> None:
    """`F9`, `F10`, `D7`, `H15`."""
    method, path = call.split(" ")
    for caller in CALLERS:
        body: Any = {} if method in ("POST", "PUT", "PATCH") else None
        reply = world.call(caller, method, fill(path, {"name": "app.css"}), body)
        assert _outcome(reply) == verdict(call, caller), (caller, reply.status, reply.text)


def test_each_id_in_a_path_is_one_that_something_has(world: Callers) -> None:
    """`H15`: what fills a place with nothing proves nothing."""
    public = {name for call in INVENTORY if call not in _BY_ID for name in _places(call)}
    assert {name for call in _BY_ID for name in _places(call)} <= set(_ids(world))
    assert public == {"name", "connection_id"}


@pytest.mark.parametrize("call", _BY_ID)
def test_anothers_id_answers_byte_for_byte_like_a_missing_one(world: Callers, call: str) -> None:
    """`F8`, `H15`: and what it names is as it was."""
    method, path = call.split(" ")
    caller = "other key" if INVENTORY[call] is Access.API_KEY else "other owner"
    before, session = _things(world), world.session(caller)
    theirs, missing = (
        world.call_in(session, caller, method, fill(path, ids), _filled(call, ids))
        for ids in (_ids(world), {name: _unlike(value) for name, value in _ids(world).items()})
    )
    # A form names the account that it was drawn for, which has to be the open one.
    assert theirs.status == (409 if call == "POST /profile/leave" else 404), theirs.text
    assert _seen(theirs) == _seen(missing)
    assert _things(world) == before


def _places(call: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", call)


def _ids(world: Callers) -> dict[str, str]:
    return {**world.ids, "account_id": world.users["owner"][1].account_id}


def _unlike(value: str) -> str:
    if "." in value:
        return f"no-{value}"
    return value[:4] + "0" * (len(value) - 4)


def _filled(call: str, ids: Mapping[str, str]) -> Any:
    if call.startswith(("GET", "DELETE")):
        return None
    return {name: fill(value, ids) for name, value in _BODIES.get(call, {}).items()}


def _seen(reply: Reply) -> tuple[int, bytes, list[tuple[str, str]]]:
    passing = ("x-request-id", "date", "ratelimit")
    headers = [(name, value) for name, value in reply.headers if name.lower() not in passing]
    own_id = (reply.header("X-Request-Id") or "?").encode()
    return reply.status, reply.body.replace(own_id, b"id"), headers


def _things(world: Callers) -> list[Any]:
    tables = ("users", "accounts", "records", "audit_events", "links")
    # A key's own use is counted in its row.
    keys = sorted(row["key_id"]["S"] for row in world.service.rows("api_keys"))
    return [keys, *(world.service.rows(table) for table in tables)]


def _outcome(reply: Reply) -> str:
    location = reply.header("Location") or ""
    if reply.status in _TYPES and "json" in (reply.header("Content-Type") or ""):
        assert reply.error["type"] == _TYPES[reply.status]
        return str(reply.status)
    if reply.status == 303 and location.startswith("/?done=not-allowed"):
        return START
    if reply.status == 303 and location == "/sign-in":
        return SIGN_IN
    assert reply.status < 500, reply.text
    return YES
