"""TXT look-ups, by the system's resolver or the one in the settings."""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import UnavailableError

if TYPE_CHECKING:
    from dns.rdata import Rdata
    from dns.resolver import Resolver

_log = logging.getLogger(__name__)
# For one try, and for all of them; a user waits for the answer.
_TRY_SECONDS = 2.0
_ALL_SECONDS = 5.0
_RECORDS_MAX = 100


@dataclass(frozen=True)
class TxtLookup:
    """Looks up TXT records; `server` is a host and port, or None for the system's resolver."""

    server: tuple[str, int] | None = None

    def __call__(self, name: str) -> tuple[str, ...]:
        """Return the texts at a name, none if there are none.

        Raises UnavailableError if no server answered. An answer to another question, from another
        address or in a wrong form is ignored. One that UDP cut short is requested again over TCP.
        """
        # Imported here: dnspython costs 60 ms, which only the verification of a domain should pay.
        from dns.exception import DNSException
        from dns.resolver import NXDOMAIN, NoAnswer

        try:
            found = resolver(self.server).resolve(f"{name}.", "TXT", search=False)
        except (NXDOMAIN, NoAnswer):
            return ()
        except (DNSException, OSError, ValueError) as error:
            _log.warning("txt_lookup_failed", extra={"kind": type(error).__name__})
            raise UnavailableError from error
        texts = (_text(record) for record in list(found)[:_RECORDS_MAX])
        return tuple(text for text in texts if text is not None)


def resolver(server: tuple[str, int] | None) -> Resolver:
    """Make a resolver for a server, or the system's own, that gives up within seconds."""
    from dns.nameserver import Do53Nameserver
    from dns.resolver import Resolver

    made = Resolver(configure=server is None)
    if server is not None:
        host, port = server
        # A name such as localhost can have several addresses; any that answers will do.
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
        made.nameservers = [Do53Nameserver(address, port) for address in addresses]
    made.timeout = _TRY_SECONDS
    made.lifetime = _ALL_SECONDS
    return made


def _text(record: Rdata) -> str | None:
    """Join a record's strings; None if it isn't text."""
    strings: tuple[bytes, ...] = getattr(record, "strings", ())
    try:
        return b"".join(strings).decode("ascii")
    except UnicodeDecodeError:
        return None
