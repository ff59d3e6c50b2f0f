"""SAML 2.0 for the services: our requests and metadata, and the provider's responses.

Importing this doesn't load the XML libraries, so that only SSO routes pay for them.

First `request` makes the redirect, and its `id` is stored with the browser and the connection.
`receive` reads a response, whose claims name the request it answers. When that is found, and
belongs to this browser and connection, `verify` proves the rest.
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
    """Our side of every connection; without keys, it signs and decrypts nothing."""

    keys: SamlKeys | None = None

    def request(self, ask: SignInAsk, relay_state: str) -> SignInRequest:
        """Make a sign-in request: its id, and the URL to send the browser to."""
        return requests.sign_in_request(ask, relay_state, self.keys)

    def metadata(self, ours: ServiceProvider) -> str:
        """Return the metadata of our side of a connection."""
        return requests.metadata(ours, self.keys)

    def receive(self, text: str) -> ReceivedResponse:
        """Read the form field `SAMLResponse`, without proof; raises SamlRefusedError."""
        return responses.receive(text)

    def verify(self, received: ReceivedResponse, expected: Expected) -> VerifiedAssertion:
        """Verify a response; raises SamlRefusedError and nothing else."""
        return responses.verify(received, expected, self.keys)
