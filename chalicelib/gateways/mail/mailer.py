"""Renders mails: the text and HTML parts of one layout in one MIME message."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.domain.chosen_names import without_links
from chalicelib.domain.colours import DEFAULT_ACCENT, palette
from chalicelib.domain.mail import MailRefusedError
from chalicelib.gateways.mail.forms import mail_forms
from chalicelib.gateways.mail.sentences import MAIL_TEMPLATES, mail_words
from chalicelib.gateways.mail.ses import MESSAGE_TAGS
from chalicelib.gateways.mail.user_agent import browser_and_system

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jinja2 import Environment

    from chalicelib.domain.mail import Mail
    from chalicelib.gateways.mail.sentences import MailWords

# RFC 5321 4.5.3.1.6, without the line ending; SES refuses more.
_LINE_MOST = 998
_ENCODED_WORD = "=?"
_CHOSEN_NAMES = frozenset(
    (
        "name",
        "user_name",
        "account_name",
        "inviter_name",
        "key_name",
        "old_owner",
        "new_owner",
        "heir",
        "by",
    )
)

_log = logging.getLogger(__name__)


def _all_go_out(mail: Mail) -> str | None:
    del mail
    return None


@dataclass(frozen=True)
class Mailer:
    """Renders a mail and delivers it; `deliver` is SES, or a list's `append` in a test.

    `stops` returns why a mail isn't sent, such as a mailbox that refuses mail, or None.
    """

    deliver: Callable[[EmailMessage], None]
    sender: str
    brand: str
    accent: str = DEFAULT_ACCENT
    language: str = "en"
    stops: Callable[[Mail], str | None] = _all_go_out

    def send(self, mail: Mail) -> None:
        """Render and deliver one mail, unless its email is suppressed; raises MailRefusedError."""
        _check_recipient(mail.to)
        reason = self.stops(mail)
        if reason is not None:
            _log.info("mail_suppressed", extra={"kind": mail.template, "reason": reason})
            return
        self.deliver(self._message(mail))

    def _message(self, mail: Mail) -> EmailMessage:
        parts = self._parts(mail)
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(self.brand, addr_spec=self.sender)
        message["To"] = mail.to
        # One line: a line break that a name of before today's rules has would start a header.
        message["Subject"] = " ".join(str(parts["subject"]).split())
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        # RFC 3834: prevents out-of-office replies.
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = self.language
        for name, value in mail.request.source.tags.items():
            message[MESSAGE_TAGS] = f"{name}={value}"
        text, html = _render("layout.txt", parts) + "\n", _render("layout.html", parts)
        message.set_content(text, cte=_encoding(text))
        message.add_alternative(html, subtype="html", cte=_encoding(html))
        return message

    def send_each(self, mails: Iterable[Mail]) -> None:
        """Send mails to several users; if one is refused, the others are still sent."""
        for mail in mails:
            try:
                self.send(mail)
            except MailRefusedError as error:
                fields = {"kind": mail.template, "reason": str(error)}
                _log.error("mail_dropped", extra=fields)

    def _parts(self, mail: Mail) -> dict[str, object]:
        words, form = mail_words(self.language), mail_forms()[mail.template]
        facts = {"brand": self.brand, **mail.context, **_chosen(mail.context)}
        said, colours = words.of(mail.template), palette(self.accent)
        greeted = form.greets and facts.get("name")
        return {
            "brand": self.brand,
            "language": self.language,
            "light": colours.light,
            "dark": colours.dark,
            "subject": words.filled(said["subject"], facts),
            "hello": words.common("hello", facts) if greeted else "",
            "before": _paragraphs(words, said["before"], facts),
            "link": facts[form.link] if form.link else "",
            "button": said.get("button", ""),
            "after": _paragraphs(words, said.get("after", []), facts),
            "second_link": facts[form.second_link] if form.second_link else "",
            "if_not_you": words.filled(said["if_not_you"], facts),
            "when": words.common("when", facts),
            "from": _from(words, facts),
        }


def _chosen(context: Mapping[str, object]) -> dict[str, object]:
    """Break links in a name that is older than today's rules for names."""
    return {
        name: without_links(value)
        for name, value in context.items()
        if name in _CHOSEN_NAMES and isinstance(value, str)
    }


def _check_recipient(email: str) -> None:
    """Refuse what no checked address has today but an older row may; raises MailRefusedError."""
    if _ENCODED_WORD in email:
        # The header would be decoded, and the mail would go to another address.
        raise MailRefusedError("EncodedWordInAddress")
    if not email.isascii() or not email.isprintable():
        raise MailRefusedError("InvalidAddress")


def _encoding(text: str) -> str:
    """Keep every body in 7 bits: SES may not pass on 8-bit text unchanged.

    Plain ASCII stays readable as it is, unless a line is too long to send.
    """
    longest = max(len(line.encode()) for line in text.splitlines())
    return "7bit" if text.isascii() and longest <= _LINE_MOST else "quoted-printable"


def _paragraphs(words: MailWords, said: list[str], facts: Mapping[str, object]) -> list[str]:
    filled = (words.filled(paragraph, facts) for paragraph in said)
    return [paragraph for paragraph in filled if paragraph]


def _from(words: MailWords, facts: Mapping[str, object]) -> str:
    """Write where the request came from, as far as that is known."""
    browser, system = browser_and_system(str(facts.get("client") or ""))
    client = browser or system
    if browser and system:
        client = words.common("browser", {"browser": browser, "system": system})
    place = ", ".join(str(part) for part in (facts.get("address"), client) if part)
    return words.common("from", {"place": place}) if place else ""


def _render(template: str, parts: Mapping[str, object]) -> str:
    return _layouts().get_template(template).render(parts).strip()


@cache
def _layouts() -> Environment:
    # Imported here: flows of the API have a mailer, but only the worker sends.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=FileSystemLoader(MAIL_TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
