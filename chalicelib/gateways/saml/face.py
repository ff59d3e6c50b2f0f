"""SAML 2.0 as the services see it: our requests and metadata, and the answers that come back.

Importing this loads nothing of the XML stack; what first needs it does, so that only the routes of
single sign-on pay for it.

In order: `request` sends a browser away, and its `id` is kept with the browser and the connection.
What comes back is given to `receive`, whose claims name the request that it answers. With that
found, and belonging to this browser and connection, `verify` proves the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.gateways.saml import requests, responses

if TYPE_CHECKING:
    from chalicelib.domain.sso.assertion import VerifiedAssertion
    from chalicelib.domain.sso.provider import ServiceProvider
    from chalicelib.gateways.saml.assertion import Expected
    from chalicelib.gateways.saml.requests import SamlKeys, SignInAsk, SignInRequest
    from chalicelib.gateways.saml.responses import ReceivedResponse


@dataclass(frozen=True)
class Saml:
    """Our side of every connection; without keys requests go unsigned, and nothing is decrypted."""

    keys: SamlKeys | None = None

    def request(self, ask: SignInAsk, relay_state: str) -> SignInRequest:
        """Make a sign-in request: its id, and the address to send the browser to."""
        return requests.sign_in_request(ask, relay_state, self.keys)

    def metadata(self, ours: ServiceProvider) -> str:
        """Write the metadata of our end of a connection."""
        return requests.metadata(ours, self.keys)

    def receive(self, text: str) -> ReceivedResponse:
        """Read the form field `SAMLResponse`, unproved; raises SamlRefusedError."""
        return responses.receive(text)

    def verify(self, received: ReceivedResponse, expected: Expected) -> VerifiedAssertion:
        """Prove a response; raises SamlRefusedError and nothing else."""
        return responses.verify(received, expected, self.keys)
