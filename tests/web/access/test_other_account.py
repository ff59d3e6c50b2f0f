"""A form for one account that is sent while another one is open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.web.kit.access import Access
from tests.support.browser.pages import Page
from tests.support.personas.callers import OTHER_ACCOUNT, Callers, callers, fill, is_api
from tests.support.routes import ACCESS

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPLATES = Path(__file__).resolve().parents[3] / "chalicelib" / "web" / "templates"
_IN_AN_ACCOUNT = (Access.MEMBER, Access.ADMIN, Access.OWNER)
_FORMS = [
    call
    for call, access in ACCESS.items()
    if call.startswith("POST") and access in _IN_AN_ACCOUNT and not is_api(call.partition(" ")[2])
]
_FORM = re.compile(
    r"<form [^\n]*method=\"post\" action=\"{{ url\(([^\n]*?)\) }}\".*?</form>", re.DOTALL
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    with callers(tmp_path_factory.mktemp("callers")) as made:
        yield made


@pytest.mark.parametrize("drawn_for", [OTHER_ACCOUNT, "acc_none", ""])
@pytest.mark.parametrize("call", _FORMS)
def test_a_form_for_another_account_than_the_open_one_changes_nothing(
    world: Callers, call: str, drawn_for: str
) -> None:
    """`H15`: an admin of both accounts would change the wrong one."""
    path = fill(call.partition(" ")[2], world.ids)
    before = _things(world)
    reply = world.call("owner", "POST", path, {"account_id": drawn_for, "name": "New"})
    assert reply.status == 409, reply.text
    page = Page(path, reply.status, reply.headers, reply.text)
    assert page.heading == "Another account is open"
    assert "This browser has Acme open now." in page.text
    assert "nothing has changed" in page.text
    assert _things(world) == before


def test_a_program_names_no_account(world: Callers) -> None:
    reply = world.call("owner", "POST", "/api/v1/workspaces", {"name": "By a program"})
    assert reply.status == 201


def test_every_form_that_acts_in_the_open_account_names_it() -> None:
    """A form without the field would always be refused."""
    drawn = 0
    for template in sorted(_TEMPLATES.rglob("*.html")):
        text = template.read_text(encoding="utf-8")
        acts = "layout/settings.html" in text or template.name == "leave_account.html"
        for form in _FORM.finditer(text) if acts else ():
            assert "ui.drawn_for(visitor)" in form[0], (template.name, form[1])
            drawn += 1
    assert drawn >= 17


def _things(world: Callers) -> list[Any]:
    tables = ("users", "accounts", "api_keys", "audit_events", "links", "sso_connections")
    return [world.service.rows(table) for table in tables]
