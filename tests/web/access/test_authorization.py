"""Every declared route, called by every kind of caller."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from chalicelib.web.api.keys.keyed import KeyedApi
from chalicelib.web.contract.openapi import document
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.routing.guarded import UndeclaredRouteError
from chalicelib.web.kit.routing.json_api import JsonApi
from chalicelib.web.kit.routing.pages import Pages
from tests.support.docs import authorization
from tests.support.docs.authorization import SIGN_IN, START, YES, verdict
from tests.support.personas.callers import CALLERS, Callers, callers, fill
from tests.support.routes import ACCESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.http import Reply

# Bodies that are valid up to the id in the path or in the body.
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
    for call, access in ACCESS.items()
    if access is not Access.ANYONE and ("{" in call or call in _BODIES)
)
_TYPES = {401: "authentication_error", 403: "permission_error"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    with callers(tmp_path_factory.mktemp("callers")) as made:
        yield made


def test_the_app_serves_what_is_declared_and_nothing_else() -> None:
    """`B8`, `F10`, `H9`."""
    import app

    served = {
        f"{method} {path}"
        for path, views in app.app.routes.items()
        for method, entry in views.items()
        if method != "HEAD" and entry.view_name != "method_not_allowed"
    }
    assert served == set(ACCESS)


def test_a_route_without_access_can_not_be_registered() -> None:
    view, call = cast("Any", Pages("x").view), cast("Any", JsonApi("x").call)
    with pytest.raises(TypeError, match="access"):
        view("GET /settings/secret")
    with pytest.raises(TypeError, match="access"):
        call("GET /api/v1/secret", summary="A secret", outcome="It.")
    with pytest.raises(UndeclaredRouteError, match="/settings/secret"):
        Pages("x").route("/settings/secret")


def test_a_call_without_a_description_can_not_be_registered() -> None:
    call = cast("Any", JsonApi("x").call)
    with pytest.raises(TypeError, match="summary"):
        _register(call("GET /api/v1/x", access=Access.ANYONE, outcome="It."))


def test_a_route_for_keys_needs_the_authorizer() -> None:
    with pytest.raises(UndeclaredRouteError, match="authorizer"):
        _register(JsonApi("x").view("GET /api/v1/account", access=Access.API_KEY))


def test_no_other_route_takes_the_authorizer() -> None:
    with pytest.raises(UndeclaredRouteError, match="authorizer"):
        _register(KeyedApi("x").view("GET /api/v1/account", access=Access.ANYONE))


def _register(decorate: Callable[[Any], Any]) -> None:
    def view() -> None: ...

    decorate(view)


def test_the_page_is_up_to_date() -> None:
    """`F10`: `python -m tests.support.docs.authorization` writes it."""
    assert authorization.PAGE.read_text(encoding="utf-8") == authorization.page()


@pytest.mark.usefixtures("world")
def test_openapi_asks_for_the_access_that_the_routes_declare() -> None:
    from app import app

    asked = {
        Access.API_KEY: [{"api_key": []}],
        Access.SIGNED_IN: [{"session": []}],
        Access.MEMBER: [{"session": []}],
        Access.ADMIN: [{"session": []}],
        Access.OWNER: [{"session": []}],
        Access.ANYONE: [{}],
    }
    described = {
        f"{method.upper()} {path}": operation["security"]
        for path, operations in document(app)["paths"].items()
        for method, operation in operations.items()
    }
    assert described == {
        call: asked[access]
        for call, access in ACCESS.items()
        if " /api/v1/" in call or " /auth/" in call
    }


@pytest.mark.parametrize("call", ACCESS)
def test_each_caller_gets_as_far_as_the_route_declares(world: Callers, call: str) -> None:
    """`F9`, `F10`, `D7`, `H15`."""
    method, path = call.split(" ")
    for caller in CALLERS:
        body: Any = {} if method in ("POST", "PUT", "PATCH") else None
        reply = world.call(caller, method, fill(path, {"name": "app.css"}), body)
        assert _outcome(reply) == verdict(call, caller), (caller, reply.status, reply.text)


def test_each_id_in_a_path_exists(world: Callers) -> None:
    """`H15`: an id that doesn't exist would prove nothing."""
    public = {name for call in ACCESS if call not in _BY_ID for name in _places(call)}
    assert {name for call in _BY_ID for name in _places(call)} <= set(_ids(world))
    assert public == {"name", "connection_id"}


@pytest.mark.parametrize("call", _BY_ID)
def test_an_id_of_another_account_answers_byte_for_byte_like_a_missing_one(
    world: Callers, call: str
) -> None:
    """`F8`, `H15`: and nothing is changed."""
    method, path = call.split(" ")
    caller = "other key" if ACCESS[call] is Access.API_KEY else "other owner"
    before, session = _things(world), world.session(caller)
    theirs, missing = (
        world.call_in(session, caller, method, fill(path, ids), _filled(call, ids))
        for ids in (_ids(world), {name: _unlike(value) for name, value in _ids(world).items()})
    )
    # A form names the account that it was drawn for, which must be the open one.
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
    # Without the rows' other fields: each use of a key changes its counter.
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
