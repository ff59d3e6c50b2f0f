"""The mail inbox of a local run, as a page and as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.mails import Mail, MailsUnreachableError, SentMails
from infra.local.wire.messages import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable

_STYLE = Path(__file__).with_name("inbox.css")
_SHOWN = 100
_LOCAL_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?")
_LINK = re.compile(r"https?://[^\s<>\"']+")
_SAFE = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
# A mail may style itself and open links in a new tab; it can't run scripts, send forms, or load.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


class Inbox:
    """The site that shows every sent mail."""

    def __init__(self, mails: SentMails) -> None:
        self._mails = mails

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        # Against DNS rebinding: a web page under another name must not read the mails.
        if not _LOCAL_HOST.fullmatch((request.header("host") or "").lower()):
            return self.refuse(HTTPStatus.MISDIRECTED_REQUEST)
        if request.method not in ("GET", "HEAD"):
            return self.refuse(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            return self._show(request.target.partition("?")[0])
        except MailsUnreachableError:
            return self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def refuse(self, status: int) -> Answer:
        """Return the answer to a request that can't be served."""
        return _answer(status, "text/plain; charset=utf-8", f"{HTTPStatus(status).phrase}.\n")

    def _show(self, path: str) -> Answer:
        pages: dict[str, Callable[[], Answer]] = {
            "/": self._page,
            "/messages.json": self._json,
            "/inbox.css": _style,
        }
        if path in pages:
            return pages[path]()
        if html := re.fullmatch(r"/messages/([0-9]{1,9})\.html", path):
            return self._html(int(html[1]))
        return self.refuse(HTTPStatus.NOT_FOUND)

    def _json(self) -> Answer:
        mails = [asdict(mail) for mail in self._mails.newest_first()]
        body = json.dumps(mails, ensure_ascii=False)
        return _answer(HTTPStatus.OK, "application/json; charset=utf-8", body)

    def _page(self) -> Answer:
        mails = self._mails.newest_first()
        # The oldest is number 0, so that a mail keeps its number when new ones arrive.
        numbered = [(len(mails) - 1 - place, mail) for place, mail in enumerate(mails)]
        body = "".join(_article(number, mail) for number, mail in numbered[:_SHOWN])
        policy = ("Content-Security-Policy", _PAGE_POLICY)
        # An empty page reloads itself.
        again = () if mails else (("Refresh", "3"),)
        page = _PAGE.format(body=body or _EMPTY, count=_count(len(mails)))
        return _answer(HTTPStatus.OK, "text/html; charset=utf-8", page, policy, *again)

    def _html(self, number: int) -> Answer:
        mails = self._mails.newest_first()
        if number >= len(mails):
            return self.refuse(HTTPStatus.NOT_FOUND)
        html = '<!doctype html><base target="_blank">' + mails[len(mails) - 1 - number].html
        policy = ("Content-Security-Policy", _MAIL_POLICY)
        return _answer(HTTPStatus.OK, "text/html; charset=utf-8", html, policy)


def with_links(text: str) -> str:
    """Write a mail's text as HTML, its addresses clickable and everything else escaped."""
    pieces, end = [], 0
    for link in _LINK.finditer(text):
        address = link[0].rstrip(".,;:!?)")
        pieces.append(escape(text[end : link.start()]))
        pieces.append(f'<a href="{escape(address)}">{escape(address)}</a>')
        end = link.start() + len(address)
    return "".join([*pieces, escape(text[end:])])


def _article(number: int, mail: Mail) -> str:
    html = _HTML_PART.format(number=number) if mail.html else ""
    return _ARTICLE.format(
        subject=escape(mail.subject) or "(no subject)",
        to=escape(mail.to),
        at=escape(mail.sent_at),
        text=with_links(mail.text),
        html=html,
    )


def _count(mails: int) -> str:
    if mails > _SHOWN:
        return f"The newest {_SHOWN} of {mails} mails."
    return {0: "", 1: "1 mail."}.get(mails, f"{mails} mails, the newest first.")


def _style() -> Answer:
    return _answer(HTTPStatus.OK, "text/css; charset=utf-8", _STYLE.read_text(encoding="utf-8"))


def _answer(status: int, kind: str, body: str, *headers: tuple[str, str]) -> Answer:
    return Answer(
        status, (("Content-Type", kind), *_SAFE, *headers), body.encode("utf-8", "replace")
    )


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mail inbox</title>
<link rel="stylesheet" href="/inbox.css">
<link rel="icon" href="data:,">
</head>
<body>
<header><h1>Mail inbox</h1><p>Every mail that this local run sends lands here. {count}
<a href="/">Look again</a></p></header>
<main>{body}</main>
</body>
</html>
"""
_EMPTY = '<p class="empty">No mail yet. Sign up, and the first one appears here.</p>'
_ARTICLE = """<article>
<h2>{subject}</h2>
<p class="to">To {to} <time datetime="{at}">{at}</time></p>
<pre>{text}</pre>
{html}</article>
"""
_HTML_PART = """<details><summary>As HTML</summary>
<iframe src="/messages/{number}.html" title="This mail as HTML" loading="lazy"
sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe></details>
"""
