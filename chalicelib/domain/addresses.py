"""Addresses as counters and logs know them: by a keyed hash."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field


@dataclass(frozen=True)
class AddressKeys:
    """Turns an address into a key that only the holder of the secret can make."""

    secret: bytes = field(repr=False)

    def of(self, text: str) -> str:
        """HMAC-SHA-256 under the deployment's key, base64url without padding, 43 characters."""
        made = hmac.digest(self.secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return urlsafe_b64encode(made).rstrip(b"=").decode("ascii")
