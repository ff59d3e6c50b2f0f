"""Where a request comes from: IP address, user agent and request id."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Client:
    """Where a request comes from: the network's address for it, and what the browser says."""

    address: str
    user_agent: str


@dataclass(frozen=True)
class RequestOrigin:
    """Where a request comes from: its client, and its id in the logs."""

    client: Client
    request_id: str

    @property
    def trace(self) -> dict[str, str]:
        """What every log line about it has: in which request, and from where (`H4`)."""
        return {"request_id": self.request_id, "address": self.client.address}
