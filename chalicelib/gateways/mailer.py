"""What mails look like: a template's text and HTML parts in one MIME message."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, make_msgid
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from chalicelib.gateways.browsers import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.mail import Mail

_TEMPLATES = Path(__file__).parent / "email_templates"


@dataclass(frozen=True)
class Mailer:
    """Renders a mail and delivers it; `deliver` is SES, or a list's `append` in a test."""

    deliver: Callable[[EmailMessage], None]
    sender: str
    brand: str

    def send(self, mail: Mail) -> None:
        """Render and deliver one mail."""
        subject = _subjects()[mail.template].format(brand=self.brand)
        context = {"brand": self.brand, "subject": subject, **mail.context}
        context["client"] = in_words(str(context.get("client") or ""))
        message = EmailMessage(policy=SMTP)
        message["From"] = formataddr((self.brand, self.sender))
        message["To"] = mail.to
        message["Subject"] = subject
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        # RFC 3834: nobody's holiday reply should come back.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(_render(f"{mail.template}.txt", context) + "\n", cte="8bit")
        message.add_alternative(_render(f"{mail.template}.html", context), subtype="html")
        self.deliver(message)


def _render(template: str, context: dict[str, object]) -> str:
    return _environment().get_template(template).render(context).strip()


@cache
def _subjects() -> dict[str, str]:
    subjects: dict[str, str] = json.loads((_TEMPLATES / "subjects.json").read_text("utf-8"))
    return subjects


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
