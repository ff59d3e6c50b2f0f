"""Third-party identity providers that tests start, and a user who signs in there."""

from __future__ import annotations

import http.cookiejar
import json
import urllib.request
from base64 import b64decode
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin

import lxml.html

from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from chalicelib.domain.sso.provider import IdentityProvider, ServiceProvider
    from chalicelib.gateways.saml.requests import SamlKeys

ALICE = "alice@acme.test"
PASSWORD = "correct horse"
_PAGES_MAX = 5


class ProviderMissingError(Exception):
    """This machine lacks what the provider needs; the message says what."""


class NoResponseError(Exception):
    """The provider shows neither a sign-in form nor a response; the message is its text."""


class Mode(StrEnum):
    """What a provider signs, and whether it encrypts."""

    ASSERTION = "assertion"
    RESPONSE = "response"
    BOTH = "both"
    ENCRYPTED = "encrypted"

    @property
    def signs_assertion(self) -> bool:
        """Check whether the assertion has a signature of its own."""
        return self is not Mode.RESPONSE

    @property
    def signs_response(self) -> bool:
        """Check whether the response has one."""
        return self is not Mode.ASSERTION


@dataclass(frozen=True)
class Posted:
    """The form that the provider's page posts to us."""

    action: str
    response: str
    relay_state: str

    @property
    def xml(self) -> str:
        """Return the decoded response, for messages of tests."""
        return b64decode(self.response).decode("utf-8")


@dataclass(frozen=True)
class Provider:
    """A running provider; it reads its configuration anew on each request."""

    identity: IdentityProvider
    metadata: bytes
    customers: Path

    def serve(self, ours: ServiceProvider, mode: Mode, keys: SamlKeys | None = None) -> None:
        """Configure our side, what to sign, and our certificate if our requests are signed.

        The mode ENCRYPTED needs keys.
        """
        known = json.loads(self.customers.read_text()) if self.customers.exists() else {}
        known[ours.entity_id] = {
            "acs": ours.acs_url,
            "sign_assertion": mode.signs_assertion,
            "sign_response": mode.signs_response,
            "encrypt": mode is Mode.ENCRYPTED,
            "certificate": keys.certificate.base64 if keys else None,
        }
        written = self.customers.with_suffix(".new")
        written.write_text(json.dumps(known))
        written.replace(self.customers)


def sign_in(url: str, email: str = ALICE, password: str = PASSWORD) -> Posted:
    """Follow a sign-in request as a user does, up to the form that is posted to us.

    Raises NoResponseError if the provider refuses.
    """
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(jar)
    body: bytes | None = None
    for _ in range(_PAGES_MAX):
        with browser.open(url, body, timeout=PATIENCE) as answer:
            url, fields = _form(answer.read(), answer.url)
        if "SAMLResponse" in fields:
            return Posted(url, fields["SAMLResponse"], fields.get("RelayState", ""))
        body = urlencode({**fields, "username": email, "password": password}).encode("ascii")
    message = f"no response after {_PAGES_MAX} pages"
    raise NoResponseError(message)


def _form(page: bytes, address: str) -> tuple[str, dict[str, str]]:
    """Return the target and the fields of the relevant form."""
    document: Any = lxml.html.document_fromstring(page)
    for form in document.forms:
        fields = {name: value or "" for name, value in form.fields.items()}
        if fields.keys() & {"SAMLResponse", "username"}:
            return urljoin(address, form.action or address), fields
    raise NoResponseError(document.text_content()[:2_000])
