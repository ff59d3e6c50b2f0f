"""What each mail has in every language: its links, and whether it greets the user by name."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.gateways.mail.sentences import mail_words

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class MailForm:
    """The names of the context values that are links, and whether a known name is greeted."""

    link: str | None = None
    second_link: str | None = None
    greets: bool = True


FORM_FIELDS = frozenset(field.name for field in fields(MailForm))


@cache
def mail_forms() -> Mapping[str, MailForm]:
    """Read the form of each mail; `en.toml` holds them for all languages."""
    return {
        mail: MailForm(**{name: entry[name] for name in FORM_FIELDS & entry.keys()})
        for mail, entry in mail_words("en").catalogue.items()
        if mail != "common"
    }
