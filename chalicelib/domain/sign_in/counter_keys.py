"""Keys of counters: keyed hashes of emails, and the source of an IP address."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field


@dataclass(frozen=True)
class AddressKeys:
    """Turns a text into a key that can't be computed without the secret."""

    secret: bytes = field(repr=False)

    def of(self, text: str) -> str:
        """Return the HMAC-SHA-256 under the deployment's key, base64url, 43 characters."""
        made = hmac.digest(self.secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def source_of(address: str) -> str:
    """Return the source of an IP address: an IPv4 address, or the /64 network of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 6:  # noqa: PLR2004 - the version of IP
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
