"""Unusual passwords in every place that takes one: the right answer, and no change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.keys import an_owner
from tests.support.personas.invitations import accept_as_new, invite, mailed_token
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    signed_in_program,
    token_of,
)
from tests.support.servers.tables import everything

if TYPE_CHECKING:
    from tests.support.http import Program, Reply
    from tests.support.service import Service

NFC, NFD = "caf\u00e9 in the old harbour", "cafe\u0301 in the old harbour"


@pytest.fixture
def environ() -> dict[str, str]:
    """The cheapest allowed hash, and a high limit of failures for a source."""
    return {"ARGON2_MEMORY_KIB": "7168", "ARGON2_TIME": "5"}


@dataclass(frozen=True)
class Odd:
    """A password that can't be set; the answers at sign-in and where it is set."""

    name: str
    written: bytes
    at_sign_in: int = 401
    where_set: int = 422

    def __str__(self) -> str:
        return self.name


def _json(text: str) -> bytes:
    return json.dumps(text).encode()


ODD = (
    Odd("empty", _json("")),
    Odd("spaces alone", _json(" " * 20)),
    Odd("257 characters", _json("x" * 257)),
    Odd("257 code points outside the first plane", _json("\U0001f33f" * 257)),
    Odd("200 kB", _json("x" * 200_000)),
    Odd("a megabyte", _json("x" * 2**20), 413, 413),
    Odd("a NUL", _json("violet harbour\0 under snow")),
    # Not valid text, so not valid JSON: the body can't be read.
    Odd("half a surrogate pair", b'"violet harbour \\ud800 under snow"', 400, 400),
    Odd("halves in the wrong order", b'"violet harbour \\udf3f\\ud83c under snow"', 400, 400),
    Odd("bytes that are no UTF-8", b'"violet harbour \xff under snow"', 400, 400),
    Odd("no text", b"null", 422, 422),
    Odd("a list", b'["violet harbour under snow"]', 422, 422),
)
each_odd = pytest.mark.parametrize("odd", ODD, ids=str)


def _body(odd: Odd, **others: str) -> bytes:
    return json.dumps(others).encode()[:-1] + b', "password": ' + odd.written + b"}"


def _assert_answer(reply: Reply, status: int, code: str | None = None) -> None:
    assert reply.status == status, reply.text
    assert list(reply.json) == ["error"]
    if code is not None:
        assert reply.error["code"] == code
    elif status == 422:
        assert reply.error["param"] == "password"
    assert "harbour" not in reply.text


@each_odd
def test_a_sign_in_refuses_it_like_a_wrong_password(service: Service, odd: Odd) -> None:
    """`A14`, `B2`: a readable text that can't be a password is a wrong password."""
    become_a_user(service)
    usual = ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD)
    reply = service.program().post("/auth/sign_in", _body(odd, email=ADDRESS))
    _assert_answer(reply, odd.at_sign_in)
    if odd.at_sign_in == 401:
        assert reply.body == usual.body
    assert ask_sign_in(service.program()).status == 200


@each_odd
def test_a_reset_refuses_it_and_the_link_stays_good(service: Service, odd: Odd) -> None:
    """`A2`, `A3`."""
    become_a_user(service)
    program = service.program()
    program.post("/auth/password_reset/request", {"email": ADDRESS})
    token = token_of(service.mail_to(ADDRESS).link)
    before = everything(service.engine, service.settings.table_prefix)
    reply = program.post("/auth/password_reset", _body(odd, token=token))
    _assert_answer(reply, odd.where_set)
    assert everything(service.engine, service.settings.table_prefix) == before
    body = {"token": token, "password": OTHER_PASSWORD}
    assert program.post("/auth/password_reset", body).status == 200


@each_odd
def test_an_invitation_refuses_it_and_the_link_stays_good(service: Service, odd: Odd) -> None:
    """`A2`, `A3`."""
    invite(an_owner(service))
    token, program = mailed_token(service), service.program()
    before = everything(service.engine, service.settings.table_prefix)
    reply = program.post("/auth/invitation", _body(odd, token=token, name="Kim"))
    if odd.written == b"null":
        # Like a missing password, which is right for an existing user.
        assert (reply.status, reply.error["param"]) == (400, "password")
    else:
        _assert_answer(reply, odd.where_set)
    assert everything(service.engine, service.settings.table_prefix) == before
    assert accept_as_new(program, token).status == 200


@each_odd
def test_a_change_refuses_it_and_the_old_one_holds(service: Service, odd: Odd) -> None:
    """`A2`, `A3`."""
    become_a_user(service)
    program = signed_in_program(service)
    reply = program.post("/auth/profile/password", _body(odd, current_password=PASSWORD))
    _assert_answer(reply, odd.where_set)
    assert program.get("/auth/session").status == 200
    assert ask_sign_in(service.program()).status == 200


@each_odd
def test_as_the_current_password_it_is_a_wrong_one(service: Service, odd: Odd) -> None:
    """`A9`, `A14`."""
    become_a_user(service)
    program = signed_in_program(service)
    for path, name in (("profile/password", "current_password"), ("session/proof", "password")):
        written = _body(odd).replace(b", ", b"", 1)
        if name == "current_password":
            written = written.replace(b'"password": ', b'"current_password": ', 1)
            written = written[:-1] + b', "password": ' + _json(OTHER_PASSWORD) + b"}"
        reply = program.post(f"/auth/{path}", written)
        if odd.at_sign_in == 401:
            _assert_answer(reply, 422, "wrong_password")
        else:
            assert reply.status == odd.at_sign_in, reply.text
    assert ask_sign_in(service.program()).status == 200


@pytest.mark.parametrize(
    ("chosen", "typed"), [(NFC, NFD), (NFD, NFC)], ids=["composed", "decomposed"]
)
@pytest.mark.parametrize("way", ["reset", "change"])
def test_a_new_password_is_known_in_either_unicode_form(
    service: Service, way: str, chosen: str, typed: str
) -> None:
    """`A4`."""
    become_a_user(service)
    _set_new(service, way, chosen)
    assert ask_sign_in(service.program(), ADDRESS, typed).status == 200
    assert ask_sign_in(service.program(), ADDRESS, f"{typed} ").status == 401


@pytest.mark.parametrize("way", ["reset", "change"])
def test_256_characters_are_accepted_and_the_last_one_counts(service: Service, way: str) -> None:
    """`A2`: nothing is truncated."""
    long = "quiet herons at dawn over the copper moor " * 7
    chosen = long[:256]
    become_a_user(service)
    _set_new(service, way, chosen)
    assert ask_sign_in(service.program(), ADDRESS, f"{chosen[:-1]}#").status == 401
    assert ask_sign_in(service.program(), ADDRESS, chosen).status == 200


@pytest.mark.parametrize("name", ["password", "email", "token"])
@pytest.mark.parametrize("path", ["sign_in", "password_reset", "email_confirmation"])
def test_two_of_one_parameter_are_refused(service: Service, path: str, name: str) -> None:
    """`H11`: nothing decides which of them counts."""
    become_a_user(service)
    before = everything(service.engine, service.settings.table_prefix)
    pairs = [("email", ADDRESS), ("password", PASSWORD), ("token", "A" * 43), (name, "x")]
    body = "{" + ", ".join(f'"{key}": {json.dumps(value)}' for key, value in pairs) + "}"
    reply = service.program().post(f"/auth/{path}", body.encode())
    assert reply.status == 400, reply.text
    assert everything(service.engine, service.settings.table_prefix) == before


def _set_new(service: Service, way: str, password: str) -> None:
    program: Program
    if way == "reset":
        program = service.program()
        program.post("/auth/password_reset/request", {"email": ADDRESS})
        token = token_of(service.mail_to(ADDRESS).link)
        reply = program.post("/auth/password_reset", {"token": token, "password": password})
        assert reply.status == 200, reply.text
    else:
        program = signed_in_program(service)
        body = {"current_password": PASSWORD, "password": password}
        reply = program.post("/auth/profile/password", body)
        assert reply.status == 204, reply.text
