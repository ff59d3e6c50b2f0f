"""The inbox shows what SES was given, and nothing in a mail can harm its reader."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from infra.local.inbox import Inbox, with_links
from infra.local.mails import MailsUnreachableError, SentMails
from infra.local.wire.messages import Answer, Request
from infra.local.wire.server import LoopbackServer
from tests.support.servers.children import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.engines import Engine, EngineRoom

_TEXT = "Hello — confirm here:\n\nhttp://localhost:8000/email-confirmation?token=a-b_c\n\nBye.\n"
_HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)"></iframe>'


@pytest.fixture
def ministack(engine_room: EngineRoom) -> Iterator[Engine]:
    with engine_room.use("ministack") as engine:
        yield engine


def _send(engine: Engine, subject: str, text: str, html: str) -> str:
    to = f"robin-{secrets.token_hex(4)}@acme.example"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "no-reply@acme.example", f"Röbin <{to}>", subject
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    ses = engine.client("ses")
    ses.verify_email_identity(EmailAddress="no-reply@acme.example")
    ses.send_raw_email(
        Source="no-reply@acme.example", Destinations=[to], RawMessage={"Data": mail.as_bytes()}
    )
    return to


def _inbox(engine: Engine) -> Inbox:
    assert engine.endpoint is not None
    return Inbox(SentMails(engine.endpoint))


def _get(inbox: Inbox, target: str, *, host: str = "localhost:8025", method: str = "GET") -> Answer:
    return inbox.answer(Request(method, target, (("Host", host),), b"", "127.0.0.1"))


def test_mails_come_decoded_and_the_newest_first(ministack: Engine) -> None:
    first = _send(ministack, "Grüße 👋", _TEXT, "<p>ä</p>")
    second = _send(ministack, "Second", _TEXT, "<p>b</p>")
    answer = _get(_inbox(ministack), "/messages.json")
    assert ("Content-Type", "application/json; charset=utf-8") in answer.headers
    newest, older = json.loads(answer.body)[:2]
    assert (newest["to"], older["to"]) == (second, first)
    assert list(older) == ["to", "subject", "text", "html", "sent_at"]
    assert (older["subject"], older["text"], older["html"]) == ("Grüße 👋", _TEXT, "<p>ä</p>\n")
    assert older["sent_at"].endswith("Z")
    assert len(older["sent_at"]) == len("2026-11-24T09:30:00Z")


def test_the_page_shows_the_mail_with_its_link_clickable(ministack: Engine) -> None:
    to = _send(ministack, "Confirm", _TEXT, "<p>b</p>")
    page = _get(_inbox(ministack), "/").body.decode()
    link = "http://localhost:8000/email-confirmation?token=a-b_c"
    assert to in page
    assert f'<a href="{link}">{link}</a>' in page


def test_a_hostile_mail_is_shown_and_can_do_nothing(ministack: Engine) -> None:
    _send(ministack, _HOSTILE, _HOSTILE, _HOSTILE)
    inbox = _inbox(ministack)
    page = _get(inbox, "/")
    assert b"<script" not in page.body
    assert b'onerror="' not in page.body
    assert b"&lt;script&gt;alert(1)" in page.body
    assert "script-src" not in dict(page.headers)["Content-Security-Policy"]
    number = page.body.decode().partition('src="/messages/')[2].partition(".html")[0]
    shown = _get(inbox, f"/messages/{number}.html")
    assert b"<script>alert(1)" in shown.body
    policy = dict(shown.headers)["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "allow-scripts" not in policy + page.body.decode()


@pytest.mark.parametrize(
    "path", ["/nowhere", "/messages/99999.html", "/messages/x.html", "/../etc"]
)
def test_what_is_not_there_is_not_found(ministack: Engine, path: str) -> None:
    assert _get(_inbox(ministack), path).status == 404


def test_only_this_machine_s_names_open_it(ministack: Engine) -> None:
    inbox = _inbox(ministack)
    for host in ("localhost:8025", "127.0.0.1:1", "[::1]:8025", "LOCALHOST"):
        assert _get(inbox, "/messages.json", host=host).status == 200
    for host in ("rebound.example", "rebound.example:8025", "localhost.evil.example", ""):
        assert _get(inbox, "/messages.json", host=host).status == 421


def test_it_only_reads(ministack: Engine) -> None:
    assert _get(_inbox(ministack), "/", method="POST").status == 405
    assert _get(_inbox(ministack), "/inbox.css").status == 200


def test_an_emulator_that_is_gone_is_a_plain_503() -> None:
    answer = _get(Inbox(SentMails(f"http://127.0.0.1:{free_port()}")), "/messages.json")
    assert (answer.status, answer.body) == (503, b"Service Unavailable.\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain <b>", "plain &lt;b&gt;"),
        ("see http://a.example/x.", 'see <a href="http://a.example/x">http://a.example/x</a>.'),
        (
            'http://a.example/"><script>',
            '<a href="http://a.example/">http://a.example/</a>&quot;&gt;&lt;script&gt;',
        ),
        ("javascript:alert(1)", "javascript:alert(1)"),
        (
            "https://a.example/?a=1&b=2",
            '<a href="https://a.example/?a=1&amp;b=2">https://a.example/?a=1&amp;b=2</a>',
        ),
    ],
)
def test_links_in_text_are_clickable_and_the_rest_is_text(text: str, shown: str) -> None:
    assert with_links(text) == shown


class _LocalStack:
    """LocalStack's list of sent mails, as its documentation shows it."""

    def __init__(self, mails: object) -> None:
        self._mails = mails

    def answer(self, request: Request) -> Answer:
        if request.target != "/_aws/ses":
            return self.refuse(404)
        return Answer(200, (), json.dumps({"messages": self._mails}).encode())

    def refuse(self, status: int) -> Answer:
        return Answer(status, (), b"")


def test_mails_of_localstack_are_read_as_well() -> None:
    raw = EmailMessage()
    raw["To"], raw["Subject"] = "Robin <robin@acme.example>", "Grüße"
    raw.set_content("text ä\n")
    raw.add_alternative("<p>html</p>\n", subtype="html")
    simple = {
        "Timestamp": "2026-11-24T09:30:01",
        "Subject": "Simple",
        "Destination": {"ToAddresses": ["kim@acme.example"]},
        "Body": {"text_part": "t", "html_part": None},
    }
    port = free_port()
    sent = {"Timestamp": "2026-11-24T09:30:00+00:00", "RawData": raw.as_string()}
    server = LoopbackServer(port)
    server.start(_LocalStack([sent, simple]))
    newest, older = SentMails(f"http://127.0.0.1:{port}").newest_first()
    server.stop()
    assert asdict(newest) == {
        "to": "kim@acme.example",
        "subject": "Simple",
        "text": "t",
        "html": "",
        "sent_at": "2026-11-24T09:30:01Z",
    }
    assert (older.to, older.subject) == ("robin@acme.example", "Grüße")
    assert (older.text, older.html) == ("text ä\n", "<p>html</p>\n")


def test_something_else_at_the_endpoint_is_said_to_be_unreachable() -> None:
    port = free_port()
    server = LoopbackServer(port)
    server.start(_NotJson())
    with pytest.raises(MailsUnreachableError):
        SentMails(f"http://127.0.0.1:{port}").newest_first()
    server.stop()


class _NotJson:
    def answer(self, request: Request) -> Answer:
        del request
        return Answer(200, (), b"<html>")

    def refuse(self, status: int) -> Answer:
        return Answer(status, (), b"")
