"""The check of an API key, on every call of the public API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.keys.api_key import ApiKeySecret

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.keys.api_key import KeyUse
    from chalicelib.storage.keys.check import KeyChecks


@dataclass(frozen=True)
class KeyCheckService:
    """Checks the API key of each call and counts the call."""

    checks: KeyChecks
    clock: Clock

    def use(self, key: str) -> KeyUse:
        """Check a key and count the call; a malformed key costs no request to the store.

        Raises InvalidApiKeyError, RateLimitedError, UnavailableError.
        """
        return self.checks.use(ApiKeySecret.parse(key).digest, self.clock())
