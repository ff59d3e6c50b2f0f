"""Leaked new passwords in every flow, with and without a look-up service."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from chalicelib.logs import JsonFormatter
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    ask_sign_up,
    become_a_user,
    sign_up,
    signed_in_program,
    token_of,
)
from tests.support.servers.range_service import RangeService, halves, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.http import Reply
    from tests.support.ledger import Ledger
    from tests.support.service import Service

WAITING = "waiting@acme.test"
UNKNOWN = "nobody@acme.test"


@pytest.fixture
def ranges() -> Iterator[RangeService]:
    with running() as service:
        service.leak("somebody else's password")
        yield service


@pytest.fixture
def environ(ranges: RangeService) -> dict[str, str]:
    return {"BREACHED_PASSWORDS_URL": f"{ranges.url}/"}


def _sign_up(service: Service) -> Callable[[str], Reply]:
    return lambda password: ask_sign_up(service.program(), UNKNOWN, password)


def _reset(service: Service) -> Callable[[str], Reply]:
    become_a_user(service)
    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    token = token_of(service.mail_to(ADDRESS).link)
    return lambda password: service.program().post(
        "/auth/password_reset", {"token": token, "password": password}
    )


def _change(service: Service) -> Callable[[str], Reply]:
    become_a_user(service)
    program = signed_in_program(service)
    return lambda password: program.post(
        "/auth/profile/password", {"current_password": PASSWORD, "password": password}
    )


@pytest.mark.parametrize("flow", [_sign_up, _reset, _change])
def test_a_leaked_password_is_refused_with_the_reason_and_another_is_accepted(
    service: Service, ranges: RangeService, flow: Callable[[Service], Callable[[str], Reply]]
) -> None:
    """`A5`: at sign-up, reset and change."""
    attempt = flow(service)
    ranges.leak(OTHER_PASSWORD)
    reply = attempt(OTHER_PASSWORD)
    assert (reply.status, reply.error["param"]) == (422, "password")
    assert reply.error["message"].startswith("This password is common or has leaked somewhere.")
    assert attempt("seven grey herons at dawn").status < 300
    prefixes = [halves(p)[0] for p in (OTHER_PASSWORD, "seven grey herons at dawn")]
    assert ranges.paths[-2:] == [f"/range/{prefix}" for prefix in prefixes]


@pytest.mark.parametrize("flow", [_sign_up, _reset, _change])
def test_without_the_service_all_other_rules_still_apply(
    service: Service,
    ranges: RangeService,
    caplog: pytest.LogCaptureFixture,
    flow: Callable[[Service], Callable[[str], Reply]],
) -> None:
    """`A5`, `H5`: it fails open with one warning, which contains nothing of the password."""
    attempt = flow(service)
    ranges.behave = lambda talk: talk.send(b"", "500 Oops")
    caplog.set_level(logging.DEBUG, logger="chalicelib")
    caplog.clear()
    assert attempt("passwordpassword").status == 422
    assert attempt(OTHER_PASSWORD).status < 300
    warnings = [r for r in caplog.records if r.msg == "breached_passwords_unavailable"]
    assert [(r.levelno, vars(r)["cause"]) for r in warnings] == [(logging.WARNING, "status 500")]
    text = "\n".join(JsonFormatter().format(record) for record in caplog.records)
    assert not any(secret in text for secret in (OTHER_PASSWORD, *halves(OTHER_PASSWORD)))


def test_a_password_that_other_rules_refuse_is_not_sent(
    service: Service, ranges: RangeService
) -> None:
    for password in ("short", "passwordpassword", "x" * 257, "Robin Acme Robin"):
        assert ask_sign_up(service.program(), password=password).status == 422
    assert ranges.heads == []


def test_no_current_password_is_sent(service: Service, ranges: RangeService) -> None:
    """`A5`: an existing password is checked only against its hash; sign-in sends nothing."""
    become_a_user(service)
    asked = len(ranges.heads)
    for password in (PASSWORD, OTHER_PASSWORD):
        ask_sign_in(service.program(), ADDRESS, password)
    assert len(ranges.heads) == asked == 1


def test_signing_up_sends_the_same_for_a_taken_a_waiting_and_a_new_email(
    service: Service, ranges: RangeService, ledger: Ledger
) -> None:
    """`B1`, `B3`: one look-up and the same work, whether or not the password leaked."""
    become_a_user(service)
    sign_up(service.browser(), WAITING)
    program = service.program()

    def seen(address: str) -> tuple[object, ...]:
        asked = len(ranges.paths)
        ledger.clear()
        reply = ask_sign_up(program, address, OTHER_PASSWORD)
        return reply.status, reply.body, ranges.paths[asked:], ledger.work

    ranges.leak(OTHER_PASSWORD)
    refused = [seen(address) for address in (ADDRESS, WAITING, UNKNOWN)]
    ranges.leak("somebody else's password")
    taken = [seen(address) for address in (ADDRESS, WAITING, UNKNOWN)]
    assert refused[0] == refused[1] == refused[2]
    assert taken[0] == taken[1] == taken[2]
    assert (refused[0][0], taken[0][0]) == (422, 202)
