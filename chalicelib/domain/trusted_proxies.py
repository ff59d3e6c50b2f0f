"""The client's IP address behind a CDN: believed only of a proxy that shows a shared secret."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# The proxy adds it to each request, in the place of whatever a client sent under this name.
SECRET_HEADER = "x-origin-verify"  # noqa: S105 - the name of a header
_FORWARDED = "x-forwarded-for"


@dataclass(frozen=True)
class TrustedProxies:
    """How many proxies stand before the gateway, and the SHA-256 of the secrets they may show.

    Each hop appends the IP address that it was called from to X-Forwarded-For, the gateway last.
    So with one proxy the client's is the last but one. What is further left came with the
    request, and a client can write anything there.
    """

    count: int = 0
    digests: tuple[str, ...] = field(default=(), repr=False)

    def client_address(self, source_ip: str, headers: Mapping[str, str]) -> str:
        """Return the client's IP address; the gateway's `source_ip` where no proxy vouches."""
        if not self.count or not self._is_shown(headers.get(SECRET_HEADER) or ""):
            return source_ip
        hops = (headers.get(_FORWARDED) or "").rsplit(",", self.count + 1)[-(self.count + 1) :]
        addresses = [_address(hop) for hop in hops]
        if len(hops) <= self.count or None in addresses or addresses[-1] != _address(source_ip):
            return source_ip
        return addresses[0] or source_ip

    def _is_shown(self, secret: str) -> bool:
        shown = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
        # Each is compared, so that the time doesn't tell which one it was.
        return sum(hmac.compare_digest(shown, digest) for digest in self.digests) > 0


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return None
