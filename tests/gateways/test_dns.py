"""TXT look-ups, with a server that may be slow, lie or truncate answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.sso.email_domain import DomainProof, DomainUnprovenError
from chalicelib.gateways import dns as gateway
from chalicelib.gateways.dns import TxtLookup
from tests.support.patience import PATIENCE
from tests.support.servers.children import free_port
from tests.support.servers.dns_server import DnsServer, running

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROOF = DomainProof("acme.test", "token")
_NAME = _PROOF.txt_name


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with running() as started:
        started.records[_NAME] = [_PROOF.txt_value]
        yield started


@pytest.fixture
def look_up(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> TxtLookup:
    """Look up with a time limit that is long enough on a busy machine."""
    monkeypatch.setattr(gateway, "_TRY_SECONDS", PATIENCE)
    monkeypatch.setattr(gateway, "_ALL_SECONDS", PATIENCE)
    return TxtLookup(server.address)


@pytest.fixture
def hasty(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> TxtLookup:
    """Look up with a short time limit, where no valid answer arrives."""
    monkeypatch.setattr(gateway, "_TRY_SECONDS", 0.2)
    monkeypatch.setattr(gateway, "_ALL_SECONDS", 0.4)
    return TxtLookup(server.address)


@pytest.mark.requirement("E9")
def test_a_published_record_is_found(server: DnsServer, look_up: TxtLookup) -> None:
    _PROOF.check(look_up(_NAME))
    assert server.asked == [(f"{_NAME}.", "udp")]


def test_several_records_and_long_ones_are_whole(server: DnsServer, look_up: TxtLookup) -> None:
    server.records[_NAME] = ["v=spf1 -all", 'a" "b', _PROOF.txt_value]
    assert set(look_up(_NAME)) == {"v=spf1 -all", 'a" "b', _PROOF.txt_value}


def test_the_server_may_be_named(server: DnsServer) -> None:
    assert TxtLookup(("localhost", server.address[1]))(_NAME) == (_PROOF.txt_value,)


@pytest.mark.parametrize("records", [None, []], ids=["no-such-name", "no-such-record"])
def test_a_name_without_records_returns_nothing(
    server: DnsServer, look_up: TxtLookup, records: list[str] | None
) -> None:
    del server.records[_NAME]
    if records is not None:
        server.records[_NAME] = records
    assert look_up(_NAME) == ()
    with pytest.raises(DomainUnprovenError):
        _PROOF.check(look_up(_NAME))


def test_a_truncated_answer_is_requested_again_over_tcp(
    server: DnsServer, look_up: TxtLookup
) -> None:
    def cut(question: dns.message.Message, transport: str) -> dns.message.Message:
        reply = server.honest(question)
        if transport == "udp":
            reply.answer.clear()
            reply.flags |= dns.flags.TC
        return reply

    server.behave = cut
    assert look_up(_NAME) == (_PROOF.txt_value,)
    assert [transport for _, transport in server.asked] == ["udp", "tcp"]


def _another_id(server: DnsServer, question: dns.message.Message) -> dns.message.Message:
    reply = server.honest(question)
    reply.id ^= 1
    return reply


def _another_question(_: DnsServer, question: dns.message.Message) -> dns.message.Message:
    asked = dns.message.make_query("_terminus-hub.evil.test", "TXT", id=question.id)
    reply = dns.message.make_response(asked)
    reply.answer.append(dns.rrset.from_text(f"{_NAME}.", 60, "IN", "TXT", _PROOF.txt_value))
    return reply


def _failure(_: DnsServer, question: dns.message.Message) -> dns.message.Message:
    reply = dns.message.make_response(question)
    reply.set_rcode(dns.rcode.SERVFAIL)
    return reply


@pytest.mark.parametrize(
    "lie",
    [
        _another_id,
        _another_question,
        _failure,
        lambda _, __: b"garbage",
        lambda _, __: b"",
        lambda server, question: server.honest(question).to_wire()[:20],
        lambda _, __: None,
    ],
    ids=["id", "question", "failure", "garbage", "empty", "half", "silence"],
)
def test_an_invalid_answer_is_ignored_within_the_time_limit(
    server: DnsServer, hasty: TxtLookup, lie: object
) -> None:
    server.behave = lambda question, _: lie(server, question)  # type: ignore[operator]
    with pytest.raises(UnavailableError):
        hasty(_NAME)
    # One try after the other until the time is over: a busy machine makes fewer.
    assert len(server.asked) <= 4


@pytest.mark.requirement("E9")
def test_a_record_of_another_name_in_the_answer_is_not_read(
    server: DnsServer, look_up: TxtLookup
) -> None:
    def lie(question: dns.message.Message, _: str) -> dns.message.Message:
        reply = dns.message.make_response(question)
        reply.answer.append(
            dns.rrset.from_text("_terminus-hub.evil.test.", 60, "IN", "TXT", _PROOF.txt_value)
        )
        return reply

    server.behave = lie
    assert look_up(_NAME) == ()


def test_records_that_are_no_text_are_left_out(server: DnsServer, look_up: TxtLookup) -> None:
    server.records[_NAME] = ["\\255\\254", _PROOF.txt_value]
    assert look_up(_NAME) == (_PROOF.txt_value,)


def test_many_records_are_cut_off(server: DnsServer, look_up: TxtLookup) -> None:
    server.records[_NAME] = [f"r{n}" for n in range(500)]
    assert len(look_up(_NAME)) == 100


@pytest.mark.usefixtures("hasty")
def test_an_unreachable_server_gives_no_answer(server: DnsServer) -> None:
    with pytest.raises(UnavailableError):
        TxtLookup(("127.0.0.1", free_port()))(_NAME)
    assert server.asked == []
