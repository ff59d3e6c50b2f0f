"""TXT look-ups, by the system's resolver or the one that a setting names."""

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
# One try, then all of them together; somebody waits for the answer.
_TRY_SECONDS = 2.0
_ALL_SECONDS = 5.0
_RECORDS_MAX = 100


@dataclass(frozen=True)
class TxtLookup:
    """Asks for TXT records; `server` is a host and port, or None for the system's resolver."""

    server: tuple[str, int] | None = None

    def __call__(self, name: str) -> tuple[str, ...]:
        """Give the texts that stand at a name, none where there are none.

        Raises UnavailableError where no server gave an answer: nothing is known then. An answer to
        another question, from another address or in no good form is no answer. One that UDP cut
        short is asked for again over TCP.
        """
        # Imported here: dnspython costs 60 ms, which only the proof of a domain should pay.
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
    """Make a resolver that asks a server, or the system's own, and gives up in seconds."""
    from dns.nameserver import Do53Nameserver
    from dns.resolver import Resolver

    made = Resolver(configure=server is None)
    if server is not None:
        host, port = server
        # A name such as localhost can stand for several addresses; any that answers will do.
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
        made.nameservers = [Do53Nameserver(address, port) for address in addresses]
    made.timeout = _TRY_SECONDS
    made.lifetime = _ALL_SECONDS
    return made


def _text(record: Rdata) -> str | None:
    """Join a record's strings; None for what is no text."""
    strings: tuple[bytes, ...] = getattr(record, "strings", ())
    try:
        return b"".join(strings).decode("ascii")
    except UnicodeDecodeError:
        return None
