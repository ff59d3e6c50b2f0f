"""Addresses as counters know them: by a keyed hash, and network addresses by who holds them."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
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


def source_of(address: str) -> str:
    """Return what counts as one source: an IPv4 address, or the /64 that one site's IPv6 has."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 6:  # noqa: PLR2004 - the version of IP
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
