"""A request as it arrived and an answer as it is sent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """One request; the target is neither decoded nor normalised."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    # The IP address of the caller.
    address: str

    def header(self, name: str) -> str | None:
        """Return a header's last value; the name is in lower case."""
        found = None
        for key, value in self.headers:
            if key.lower() == name:
                found = value
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """One response; the server adds its Content-Length."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def encoded_headers(self, *, close: bool) -> list[tuple[bytes, bytes]]:
        """Return the headers as bytes, with those that the server adds."""
        pairs = [(name.encode("ascii"), value.encode("utf-8")) for name, value in self.headers]
        if self.status not in _WITHOUT_LENGTH:
            pairs.append((b"Content-Length", b"%d" % len(self.body)))
        if close:
            pairs.append((b"Connection", b"close"))
        return pairs


_WITHOUT_LENGTH = frozenset({204})
