"""Reads the mails that the app sent through the emulator's SES."""

from __future__ import annotations

import email
import email.policy
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import getaddresses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email.message import EmailMessage

_READ_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Mail:
    """One sent mail, decoded."""

    to: str
    subject: str
    text: str
    html: str
    sent_at: str


class MailsUnreachableError(Exception):
    """The emulator doesn't answer, or its answer isn't mails."""


@dataclass(frozen=True, slots=True)
class SentMails:
    """The sent mails of one emulator: ministack, or LocalStack at a named endpoint."""

    endpoint: str

    def newest_first(self) -> list[Mail]:
        """Return every mail; raises MailsUnreachableError."""
        ministack = self._read("/_ministack/ses/messages")
        if ministack is not None:
            mails = [
                _from_ministack(mail)
                for account in ministack["messages"].values()
                for mail in account
            ]
        else:
            localstack = self._read("/_aws/ses") or {"messages": []}
            mails = [_from_localstack(mail) for mail in localstack["messages"]]
        # Mails of the same second keep the order in which they were sent.
        return [mail for _, mail in sorted(enumerate(mails), key=_age, reverse=True)]

    def _read(self, path: str) -> Any:
        # Not through a proxy: the emulator is next to us.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.endpoint.rstrip("/") + path, timeout=_READ_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            error.close()
            return None
        except (OSError, ValueError) as error:
            raise MailsUnreachableError(str(error)) from error


def _age(numbered: tuple[int, Mail]) -> tuple[str, int]:
    position, mail = numbered
    return mail.sent_at, position


def _from_ministack(mail: dict[str, Any]) -> Mail:
    return Mail(
        to=_addresses(mail["To"]),
        subject=str(mail["Subject"] or ""),
        text=_lines(mail["BodyText"]),
        html=_lines(mail["BodyHtml"]),
        sent_at=_at(datetime.fromtimestamp(mail["Timestamp"], UTC)),
    )


def _from_localstack(mail: dict[str, Any]) -> Mail:
    sent_at = _at(datetime.fromisoformat(mail["Timestamp"]))
    raw = mail.get("RawData")
    if raw:
        parsed = email.message_from_string(raw, policy=email.policy.default)
        text, html = (_part(parsed, kind) for kind in ("plain", "html"))
        to = _addresses([str(value) for value in parsed.get_all("To", [])])
        return Mail(to, str(parsed.get("Subject", "")), text, html, sent_at)
    body = mail.get("Body") or {}
    return Mail(
        to=_addresses((mail.get("Destination") or {}).get("ToAddresses") or []),
        subject=str(mail.get("Subject") or ""),
        text=_lines(body.get("text_part")),
        html=_lines(body.get("html_part")),
        sent_at=sent_at,
    )


def _part(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body((kind,))
    return _lines(part.get_content()) if part is not None else ""


def _addresses(values: list[str]) -> str:
    return ", ".join(address for _, address in getaddresses(values) if address)


def _lines(text: object) -> str:
    return str(text or "").replace("\r\n", "\n")


def _at(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
