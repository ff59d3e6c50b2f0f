"""Random secrets and ids, and the digest that is stored of a secret."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

_SECRET_BYTES = 32
_SECRET_FORM = re.compile(r"[A-Za-z0-9_-]{43}\Z")


class MalformedTokenError(ValueError):
    """A text that can't be a token of ours."""


@dataclass(frozen=True)
class SecretToken:
    """A 256-bit bearer secret (`C1`, `D1`); only its digest may be stored."""

    value: str = field(repr=False)

    @classmethod
    def new(cls) -> SecretToken:
        """Generate a secret from the system's random source."""
        return cls(secrets.token_urlsafe(_SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> SecretToken:
        """Read a token from outside; raises MalformedTokenError."""
        if not _SECRET_FORM.match(text):
            raise MalformedTokenError
        return cls(text)

    @property
    def digest(self) -> str:
        """Return its SHA-256 in base64url; 256 random bits need no slow hash (`C2`)."""
        return digest(self.value)


def digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, base64url without padding, 43 characters."""
    hashed = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(hashed).rstrip(b"=").decode("ascii")


def random_text(alphabet: str, length: int) -> str:
    """Draw characters from the system's random source."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def derived_id(prefix: str, *parts: str) -> str:
    """Return the id that these parts always give, so that a repeated job writes the same id."""
    return f"{prefix}_{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}"


def new_id(prefix: str) -> str:
    """Make an opaque 128-bit id such as `usr_9f…`."""
    return f"{prefix}_{secrets.token_hex(16)}"
