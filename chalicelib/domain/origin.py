"""Where a request comes from: IP address, user agent and request id."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Client:
    """The IP address that API Gateway saw, and the user agent."""

    address: str
    user_agent: str


@dataclass(frozen=True)
class RequestOrigin:
    """The origin of a request: its client, and its id in the logs."""

    client: Client
    request_id: str

    @property
    def trace(self) -> dict[str, str]:
        """Return the fields of every log line about the request (`H4`)."""
        return {"request_id": self.request_id, "address": self.client.address}
