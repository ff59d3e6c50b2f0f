"""The texts of all mails in one language, which is one file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.domain.clock import largest_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment, Template

MAIL_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class MailWords:
    """The texts and time formats of one language."""

    language: str
    catalogue: Mapping[str, Any]

    def of(self, mail: str) -> Mapping[str, Any]:
        """Return the texts of a mail, before values are filled in."""
        found: Mapping[str, Any] = self.catalogue[mail]
        return found

    def common(self, name: str, facts: Mapping[str, object]) -> str:
        """Return a text that all mails share."""
        return self.filled(self.catalogue["common"][name], facts)

    def filled(self, sentence: str, facts: Mapping[str, object]) -> str:
        """Fill values into a text; the result is plain text, which the HTML part escapes."""
        spoken = {name: self._spoken(fact) for name, fact in facts.items()}
        return _compiled(sentence).render(spoken)

    def _spoken(self, fact: object) -> object:
        if isinstance(fact, datetime):
            return self._moment(fact.astimezone(UTC))
        if isinstance(fact, timedelta):
            count, unit = largest_unit(fact)
            one, more = self.catalogue["common"][unit]
            return f"{count} {one if count == 1 else more}"
        return fact

    def _moment(self, at: datetime) -> str:
        month = self.catalogue["common"]["months"][at.month - 1]
        facts = {"day": at.day, "month": month, "year": at.year, "time": f"{at:%H:%M}"}
        return self.filled(self.catalogue["common"]["moment"], facts)


@cache
def mail_words(language: str) -> MailWords:
    """Read the file of a language."""
    with (MAIL_TEMPLATES / f"{language}.toml").open("rb") as file:
        return MailWords(language, tomllib.load(file))


@cache
def _compiled(sentence: str) -> Template:
    return _sentences().from_string(sentence)


@cache
def _sentences() -> Environment:
    from jinja2 import Environment, StrictUndefined

    # No escaping here: the text part shows names as they are.
    return Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701
