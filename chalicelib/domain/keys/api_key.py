"""API keys: their form, what is stored of them, and the result of a check."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.errors import DomainError, InvalidApiKeyError
from chalicelib.domain.tokens import digest, new_id, random_text

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.audit.event import Party
    from chalicelib.domain.user import AccountAdmin

KEYS_MAX = 1_000
WINDOW_SECONDS = 60
# Published for secret scanners; docs/api-keys.md says how to check the rest offline.
PATTERN = "thub_[0-9A-Za-z]{32}"

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PREFIX = "thub_"
_RANDOM_LENGTH = 26
_CHECKSUM_LENGTH = 6
_FORM = re.compile(rf"{PATTERN}\Z")
# A key can stand anywhere in a text, next to any character: the checksum decides. The underscore
# may be escaped for a URL or for Markdown. Only the prefix is consumed, so that a key can begin
# inside a look-alike.
_FOUND = re.compile(r"thub(?:\\*_|%(?:25)*5[Ff])(?=([0-9A-Za-z]{32}))")
REPORTED_MAX = 10


class TooManyKeysError(DomainError):
    """The account has as many keys as it may have (`G7`)."""

    reason = "too_many_keys"
    message = f"An account can have {KEYS_MAX:,} API keys. Delete one that nothing uses any more."


@dataclass(frozen=True)
class ApiKeySecret:
    """A key in plain form: 154 random bits and their checksum (`F1`, `F2`)."""

    value: str = field(repr=False)

    @classmethod
    def new(cls) -> ApiKeySecret:
        """Generate a key from the system's random source."""
        random = random_text(_BASE62, _RANDOM_LENGTH)
        return cls(_PREFIX + random + checksum(random))

    @classmethod
    def parse(cls, text: str) -> ApiKeySecret:
        """Read a key from outside; raises InvalidApiKeyError without a request to a table."""
        if not _FORM.match(text):
            raise InvalidApiKeyError
        random = text[len(_PREFIX) : -_CHECKSUM_LENGTH]
        if text[-_CHECKSUM_LENGTH:] != checksum(random):
            raise InvalidApiKeyError
        return cls(text)

    @classmethod
    def find(cls, text: str) -> tuple[ApiKeySecret, ...]:
        """Find the keys in a reported text: the first ten different ones."""
        found: dict[ApiKeySecret, None] = {}
        for match in _FOUND.finditer(text):
            with suppress(InvalidApiKeyError):
                found[cls.parse(_PREFIX + match[1])] = None
            if len(found) == REPORTED_MAX:
                break
        return tuple(found)

    @property
    def digest(self) -> str:
        """Return the only form in which it is stored and looked up (`F3`, `F4`)."""
        return digest(self.value)


def checksum(random: str) -> str:
    """Return the CRC-32 of the random characters in base62, padded with zeros to six."""
    number = zlib.crc32(random.encode("ascii"))
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, rest = divmod(number, len(_BASE62))
        digits = _BASE62[rest] + digits
    return digits


@dataclass(frozen=True)
class ApiKey:
    """A key as its account sees it, without its secret."""

    id: str
    account_id: str
    name: str
    created_by: str
    created_at: datetime
    last_used_at: datetime | None = None

    @classmethod
    def new(cls, manager: AccountAdmin, name: str, now: datetime) -> ApiKey:
        """Make a key of the admin's account."""
        return cls(new_id("key"), manager.account_id, name, manager.user_id, now)

    @property
    def party(self) -> Party:
        """Return its name in the audit log."""
        # Imported here: a key's check writes no event, so its cold start shouldn't load this.
        from chalicelib.domain.audit.event import Party, PartyType

        return Party(PartyType.API_KEY, self.id, self.name)


@dataclass(frozen=True)
class KeyUse:
    """An accepted call: the key, its account, and what is left of its minute."""

    account_id: str
    key_id: str
    limit: int
    remaining: int
    seconds_left: int


def minute_of(now: datetime) -> tuple[int, int]:
    """Return the fixed minute that a call counts in, and how many seconds are left of it."""
    minute, second = divmod(int(now.timestamp()), WINDOW_SECONDS)
    return minute, WINDOW_SECONDS - second
