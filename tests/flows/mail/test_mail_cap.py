"""At most five requested mails an hour to one email, and no answer that shows it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import (
    ADDRESS,
    PASSWORD,
    become_a_user,
    sign_up,
    signed_in_program,
)

if TYPE_CHECKING:
    from tests.support.http import Reply
    from tests.support.service import Service

_OF_ONE_REQUEST = frozenset(("x-request-id", "date"))
_FLOWS = ("password_reset", "account_unlock", "email_confirmation")
UNKNOWN = "nobod@acme.test"


def _visible(reply: Reply) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [(k, v) for k, v in reply.headers if k.lower() not in _OF_ONE_REQUEST]
    return reply.status, reply.body, headers


def _ask(service: Service, flow: str, address: str = ADDRESS) -> Reply:
    return service.program().post(f"/auth/{flow}/request", {"email": address})


def _someone(service: Service, flow: str) -> None:
    """Create a user, or for a confirmation a waiting sign-up, an hour earlier."""
    if flow == "email_confirmation":
        sign_up(service.browser())
        service.work()
    else:
        become_a_user(service)
    service.clock.advance(timedelta(hours=1))


@pytest.mark.parametrize("flow", _FLOWS)
def test_the_sixth_mail_of_an_hour_is_not_sent_and_the_answer_is_the_same(
    service: Service, flow: str
) -> None:
    """`B14`, `B1`: byte by byte, whether or not the worker has caught up."""
    _someone(service, flow)
    before = len(service.outbox)
    answers, sent = [], []
    for _ in range(7):
        answers.append(_visible(_ask(service, flow)))
        service.work()
        sent.append(len(service.outbox) - before)
    answers.append(_visible(_ask(service, flow, UNKNOWN)))
    assert sent == [1, 2, 3, 4, 5, 5, 5]
    assert answers == [answers[0]] * 8
    service.clock.advance(timedelta(hours=1))
    _ask(service, flow)
    service.work()
    assert len(service.outbox) == before + 6


def test_a_user_gets_five_changes_of_email_an_hour_for_any_emails(
    service: Service,
) -> None:
    """`B14`: a signed-in user can't send mails to many strangers either."""
    _someone(service, "password_reset")
    program = signed_in_program(service)
    for number in range(7):
        body = {"current_password": PASSWORD, "email": f"kim{number}@elsewhere.test"}
        assert program.post("/auth/profile/email", body).status == 202
    service.work()
    strangers = [letter for letter in service.outbox if letter.to.endswith("@elsewhere.test")]
    assert len(strangers) == 5


def test_another_spelling_of_an_email_has_no_cap_of_its_own(service: Service) -> None:
    """`B14`."""
    _someone(service, "password_reset")
    before = len(service.outbox)
    for address in ("robin@acme.test", "Robin@Acme.Test", "ROBIN@ACME.TEST") * 3:
        _ask(service, "password_reset", address)
    service.work()
    assert len(service.outbox) == before + 5


def test_a_capped_mail_leaves_no_link_behind(service: Service) -> None:
    _someone(service, "password_reset")
    for _ in range(8):
        _ask(service, "password_reset")
    service.work()
    assert len(service.rows("links")) == 5


def test_a_change_of_email_is_capped_at_the_new_one(service: Service) -> None:
    """`B14`: a signed-in user can't flood another user's mailbox either."""
    _someone(service, "password_reset")
    program = signed_in_program(service)
    body = {"current_password": PASSWORD, "email": "kim@elsewhere.test"}
    answers = [_visible(program.post("/auth/profile/email", body)) for _ in range(7)]
    assert answers == [answers[0]] * 7
    service.work()
    assert [letter.to for letter in service.outbox].count("kim@elsewhere.test") == 5


def test_notices_of_changes_are_always_sent(service: Service) -> None:
    """`B11`: a flood of mails can't hide the notice of a changed password."""
    _someone(service, "password_reset")
    program = signed_in_program(service)
    for _ in range(8):
        _ask(service, "account_unlock")
    body = {"current_password": PASSWORD, "password": "seven grey herons at dawn"}
    assert program.post("/auth/profile/password", body).status == 204
    assert "changed" in service.mail_to(ADDRESS).subject
