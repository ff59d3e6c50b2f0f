"""Known and unknown emails cost the same and get the same answer: here the count matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    ask_sign_up,
    become_a_user,
    sign_up,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.http import Program, Reply
    from tests.support.ledger import Ledger
    from tests.support.service import Service

WAITING = "waiting@acme.test"
UNKNOWN = "nobody@acme.test"
# Headers that differ between any two answers.
_OF_ONE_REQUEST = frozenset(("x-request-id", "date"))


@pytest.fixture
def known(service: Service) -> Service:
    """A user, and an email with a waiting sign-up."""
    become_a_user(service)
    sign_up(service.browser(), WAITING)
    service.work()
    return service


def _visible(reply: Reply) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [(k, v) for k, v in reply.headers if k.lower() not in _OF_ONE_REQUEST]
    return reply.status, reply.body, headers


def _with_cookie_values_hidden(reply: Reply) -> tuple[int, bytes, list[tuple[str, str]]]:
    status, body, headers = _visible(reply)
    hidden = [
        (name, value.partition("=")[0] + value[value.index(";") :])
        if name.lower() == "set-cookie"
        else (name, value)
        for name, value in headers
    ]
    return status, body, hidden


def _work_of(ledger: Ledger, ask: Callable[[str], Reply], what: str) -> object:
    ledger.clear()
    ask(what)
    return ledger.work


def _wrong(program: Program, address: str) -> Reply:
    return ask_sign_in(program, address, OTHER_PASSWORD)


def test_wrong_and_unknown_get_the_same_answer_byte_by_byte(known: Service) -> None:
    """`B1`, `B2`, `G4`."""
    answers = [_visible(_wrong(known.program(), a)) for a in (ADDRESS, WAITING, UNKNOWN)]
    assert answers[0] == answers[1] == answers[2]
    status, body, _ = answers[0]
    assert status == 401
    assert b"Invalid email or password." in body


def test_wrong_and_unknown_cost_the_same_calls_and_one_hash(known: Service, ledger: Ledger) -> None:
    """`B1`, `B3`: the same requests of the same shape, one argon2 at one cost."""
    program = known.program()
    # The first attempt of a source begins its window; the measured ones are all within it.
    # The first at an email creates its count, which a newly confirmed user already has.
    for address in (ADDRESS, WAITING, UNKNOWN):
        _wrong(program, address)
    work = [_work_of(ledger, lambda a: _wrong(program, a), a) for a in (ADDRESS, WAITING, UNKNOWN)]
    assert work[0] == work[1] == work[2]
    cost = known.settings
    assert ledger.hashes == [(cost.argon2_memory_kib, cost.argon2_time)]


def test_an_impossible_password_costs_one_hash_too(known: Service, ledger: Ledger) -> None:
    """`A14`: empty, too long and a megabyte get the usual answer at the usual cost."""
    program = known.program()
    expected = _visible(_wrong(program, ADDRESS))
    usual = _work_of(ledger, lambda a: _wrong(program, a), ADDRESS)
    for password in ("", "x" * 257, "x" * 200_000):
        ledger.clear()
        assert _visible(ask_sign_in(program, ADDRESS, password)) == expected
        assert ledger.work == usual


def test_a_failing_sign_in_costs_three_store_calls_and_a_message(
    known: Service, ledger: Ledger
) -> None:
    """`B3`: locked or not, known or not, right password or not."""
    program = known.program()
    costs = []
    for address in (ADDRESS, UNKNOWN):
        for _ in range(7):
            ledger.clear()
            _wrong(program, address)
            costs.append(([str(call) for call in ledger.calls], len(ledger.hashes)))
        ledger.clear()
        ask_sign_in(program, address, PASSWORD)
        costs.append(([str(call) for call in ledger.calls], len(ledger.hashes)))
    assert all(work == costs[0] for work in costs)
    assert [call.partition("(")[0] for call in costs[0][0]] == [
        "dynamodb.BatchGetItem",
        "dynamodb.BatchGetItem",
        "dynamodb.TransactWriteItems",
        "sqs.SendMessage",
    ]
    assert costs[0][1] == 1


def test_signing_up_costs_the_same_for_a_taken_a_waiting_and_a_new_email(
    known: Service, ledger: Ledger
) -> None:
    """`B1`, `B3`."""
    program = known.program()
    work = [
        _work_of(ledger, lambda a: ask_sign_up(program, a), a) for a in (ADDRESS, WAITING, UNKNOWN)
    ]
    assert work[0] == work[1] == work[2]
    assert len(ledger.hashes) == 1


def test_signing_up_gets_the_same_answer_for_a_taken_a_waiting_and_a_new_email(
    known: Service,
) -> None:
    """`B1`."""
    answers = [
        _with_cookie_values_hidden(ask_sign_up(known.program(), a))
        for a in (ADDRESS, WAITING, UNKNOWN)
    ]
    assert answers[0] == answers[1] == answers[2]


def test_resending_costs_and_answers_the_same_for_all(known: Service, ledger: Ledger) -> None:
    """`B1`, `B3`, `B7`."""

    def ask(address: str) -> Reply:
        return known.program().post("/auth/email_confirmation/request", {"email": address})

    answers = [_visible(ask(a)) for a in (ADDRESS, WAITING, UNKNOWN)]
    assert answers[0] == answers[1] == answers[2]
    work = [_work_of(ledger, ask, a) for a in (ADDRESS, WAITING, UNKNOWN)]
    assert work[0] == work[1] == work[2]
    assert ledger.hashes == []


def test_the_email_step_reads_only_the_domain(known: Service, ledger: Ledger) -> None:
    """`B1`."""

    def ask(address: str) -> Reply:
        return known.program().post("/auth/identify", {"email": address})

    assert _visible(ask(ADDRESS)) == _visible(ask(UNKNOWN))
    assert _work_of(ledger, ask, ADDRESS) == _work_of(ledger, ask, UNKNOWN)


def test_the_queued_message_has_one_size_for_all(known: Service) -> None:
    """`B1`: emails of one length make messages of one length."""
    sqs, url = known.engine.client("sqs"), known.settings.mail_queue_url
    sizes = set()
    for address in ("robin@acme.test", "nobod@acme.test"):
        ask_sign_up(known.program(), address)
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        sizes.add(len(message["Body"]))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert len(sizes) == 1


def test_a_right_password_reveals_no_waiting_sign_up(known: Service) -> None:
    """`B1`: except in the browser that signed up, which gets the same answer for a taken one."""
    right = _visible(ask_sign_in(known.program(), WAITING, PASSWORD))
    assert right == _visible(_wrong(known.program(), WAITING))
