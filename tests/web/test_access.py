"""Who may make which call: docs/access.md, row by row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.people import Role
from tests.support.children import ROOT
from tests.support.keys import Holder, account_of, add_member, an_owner, make_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.http import Program, Reply
    from tests.support.service import Service

_ROW = re.compile(r"^\| `(\w+) (/api/v1/\S+)` \|(.+)\|$", re.MULTILINE)
_CALLERS = ("nobody", "member", "admin", "owner", "API key")
_BODY = {"POST", "PUT", "PATCH"}


def _table() -> dict[tuple[str, str], dict[str, str]]:
    page = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")
    return {
        (method, path): dict(
            zip(_CALLERS, (cell.strip() for cell in cells.split("|")), strict=True)
        )
        for method, path, cells in _ROW.findall(page)
    }


def test_every_call_of_the_api_is_in_the_table() -> None:
    """`F10`: and nothing is in the table that the app doesn't have."""
    import app

    served = {
        (method, path)
        for path, views in app.app.routes.items()
        for method, entry in views.items()
        if path.startswith("/api/v1/")
        and method not in ("HEAD", "OPTIONS")
        and entry.view_name != "method_not_allowed"
    }
    assert set(_table()) == served


@pytest.fixture
def callers(service: Service) -> Mapping[str, Callable[[str, str], Reply]]:
    owner = an_owner(service)
    account_id = account_of(owner)
    programs = {
        "nobody": service.program(),
        "member": add_member(service, account_id, "mo@acme.test", Role.MEMBER),
        "admin": add_member(service, account_id, "ada@acme.test", Role.ADMIN),
        "owner": owner,
    }
    holder = Holder(service.program(), make_key(owner)["key"])

    def with_key(method: str, path: str) -> Reply:
        return holder.program.call(method, path, _body(method), Authorization=_bearer(holder))

    return {name: _calls(program) for name, program in programs.items()} | {"API key": with_key}


def _calls(program: Program) -> Callable[[str, str], Reply]:
    return lambda method, path: program.call(method, path, _body(method))


def _bearer(holder: Holder) -> str:
    return f"Bearer {holder.key}"


def _body(method: str) -> dict[str, str] | None:
    return {"unknown": "x"} if method in _BODY else None


@pytest.mark.parametrize(("call", "row"), _table().items(), ids=" ".join)
def test_a_caller_gets_as_far_as_the_table_says(
    callers: Mapping[str, Callable[[str, str], Reply]],
    call: tuple[str, str],
    row: Mapping[str, str],
) -> None:
    """`F9`, `F10`."""
    method, path = call
    path = re.sub(r"\{\w+\}", "none", path)
    for caller, word in row.items():
        reply = callers[caller](method, path)
        if word == "yes":
            # Let through: to an answer, or to a complaint about what was sent.
            assert reply.status in (200, 400, 404, 422), (caller, reply.text)
        else:
            assert reply.status == int(word), (caller, reply.text)
            kind = {401: "authentication_error", 403: "permission_error"}[reply.status]
            assert reply.error["type"] == kind
