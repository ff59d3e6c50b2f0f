"""Signing in through a company's identity provider: the request to it and its response."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFoundError, UnavailableError
from chalicelib.domain.sign_in.session import SignInMethod
from chalicelib.domain.sign_in.sso_answer import Answer
from chalicelib.domain.sso.assertion import Refusal, SamlRefusedError
from chalicelib.domain.sso.connection import REQUEST_LIVES, RequestPurpose, SsoRequest
from chalicelib.domain.tokens import MalformedTokenError, SecretToken, new_id
from chalicelib.gateways.saml.assertion import Expected
from chalicelib.gateways.saml.requests import SignInAsk
from chalicelib.storage.sso.spending import MovedOnError, SpentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sso.assertion import ResponseClaims, VerifiedAssertion
    from chalicelib.domain.sso.connection import SsoConnection
    from chalicelib.gateways.saml.face import Saml
    from chalicelib.gateways.saml.responses import ReceivedResponse
    from chalicelib.services.sso.sign_in.connection_test import ConnectionTest
    from chalicelib.services.sso.sign_in.entry import SsoEntry
    from chalicelib.services.sso.sign_in.proof import SsoProof
    from chalicelib.services.sso.sign_in.refusal_log import RefusalLog
    from chalicelib.storage.sso.connections import SsoConnections
    from chalicelib.storage.sso.sign_ins import SsoSignIns
    from chalicelib.storage.users.users import SsoDomainLookup

_log = logging.getLogger(__name__)

# When two first sign-ins of one user race, the loser decides again and finds the user.
_TRIES = 3


@dataclass(frozen=True)
class SsoRedirect:
    """Where the browser goes, and the secret that it keeps until the provider answers."""

    url: str
    secret: SecretToken


@dataclass(frozen=True)
class SsoOutcome:
    """What an accepted response led to: the next page, and the token of a new session, if any."""

    onward: str
    token: SecretToken | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SsoSignInService:
    """Sign-ins through the identity providers of accounts."""

    connections: SsoConnections
    sign_ins: SsoSignIns
    domains: SsoDomainLookup
    saml: Saml
    entry: SsoEntry
    proof: SsoProof
    test: ConnectionTest
    refusals: RefusalLog
    clock: Clock
    public_url: str

    def begin(
        self,
        connection_id: str,
        secret: str | None,
        session_id: str | None,
        purpose: RequestPurpose = RequestPurpose.SIGN_IN,
        path: str = "/",
        user_id: str | None = None,
    ) -> SsoRedirect:
        """Create a request that only this browser can answer; raises NotFoundError.

        `path` is the page to go to afterwards. `session_id` is the browser's session: a sign-in
        ends it, a proof makes it fresh.
        """
        connection = self.connections.find(connection_id)
        kept, now = _secret_of(secret), self.clock()
        ask = SignInAsk(
            connection.identity_provider,
            connection.service_provider(self.public_url),
            now,
            fresh=purpose is RequestPurpose.PROOF,
        )
        # RelayState is attacker-controlled on return, so it carries a random value that is ignored.
        request = self.saml.request(ask, new_id("rly"))
        self.sign_ins.begin(
            SsoRequest(
                id=request.id,
                connection_id=connection.id,
                account_id=connection.account_id,
                purpose=purpose,
                browser_digest=kept.digest,
                onward=path,
                expires_at=now + REQUEST_LIVES,
                session_id=session_id,
                user_id=user_id,
            )
        )
        return SsoRedirect(request.url, kept)

    def metadata(self, connection_id: str) -> str:
        """Return the XML that describes our side of a connection; raises NotFoundError."""
        connection = self.connections.find(connection_id)
        return self.saml.metadata(connection.service_provider(self.public_url))

    def complete(
        self, connection_id: str, text: str, secret: str | None, origin: RequestOrigin
    ) -> SsoOutcome | None:
        """Verify a response and do what its request was for; None for an unrequested response.

        Raises SamlRefusedError, whose reason goes to the account's audit log, and NotFoundError.
        """
        connection = self.connections.find(connection_id)
        try:
            received = self.saml.receive(text)
            if received.claims.in_response_to is None:
                # Such as a click on the provider's own page of links. A genuine response makes us
                # begin a request of our own; the user that it names has no effect.
                _demand_no_error(received)
                self._verify(connection, received, None)
                return None
            request = self._find(connection, received, secret)
        except SamlRefusedError as error:
            self.refusals.report(connection, error, origin)
            raise
        try:
            _demand_no_error(received)
            assertion = self._verify(connection, received, request.id)
            answer = Answer(connection, request, assertion, origin, self.clock())
            return self._finish(answer, received.claims)
        except SamlRefusedError as error:
            self.refusals.report(connection, error, origin)
            if request.purpose is not RequestPurpose.TEST:
                raise
            self.test.refuse(connection, error)
            return SsoOutcome(request.onward)

    def _find(
        self, connection: SsoConnection, received: ReceivedResponse, secret: str | None
    ) -> SsoRequest:
        claims = received.claims
        try:
            request = self.sign_ins.find(claims.in_response_to or "", self.clock())
        except NotFoundError as error:
            raise SamlRefusedError(Refusal.REQUEST_UNKNOWN, claims) from error
        if request.connection_id != connection.id:
            raise SamlRefusedError(Refusal.OTHER_CONNECTION, claims)
        if secret is None or _digest_of(secret) != request.browser_digest:
            raise SamlRefusedError(Refusal.OTHER_BROWSER, claims)
        return request

    def _verify(
        self, connection: SsoConnection, received: ReceivedResponse, request_id: str | None
    ) -> VerifiedAssertion:
        expected = Expected(
            connection.identity_provider,
            connection.service_provider(self.public_url),
            request_id,
            self.clock(),
        )
        return self.saml.verify(received, expected)

    def _finish(self, answer: Answer, claims: ResponseClaims) -> SsoOutcome:
        steps: dict[RequestPurpose, Callable[[Answer], SecretToken | None]] = {
            RequestPurpose.SIGN_IN: self.entry.sign_in,
            RequestPurpose.PROOF: self.proof.prove,
            RequestPurpose.TEST: self.test.accept,
        }
        for _ in range(_TRIES):
            try:
                self._check_domain(answer)
                token = steps[answer.request.purpose](answer)
            except SpentError as error:
                raise SamlRefusedError(Refusal.REPLAYED, claims) from error
            except MovedOnError:
                if not self._is_unchanged(answer.connection):
                    raise SamlRefusedError(Refusal.CONNECTION_CHANGED, claims) from None
            except SamlRefusedError as error:
                raise SamlRefusedError(error.refusal, claims) from error
            else:
                _log_success(answer)
                return SsoOutcome(answer.request.onward, token)
        raise UnavailableError

    def _check_domain(self, answer: Answer) -> None:
        domain = self.domains.find(answer.assertion.email.domain)
        if domain is None or domain.connection_id != answer.connection.id:
            raise SamlRefusedError(Refusal.DOMAIN_UNPROVEN)

    def _is_unchanged(self, connection: SsoConnection) -> bool:
        try:
            found = self.connections.find(connection.id)
        except NotFoundError:
            return False
        return found.identity_provider == connection.identity_provider


def _demand_no_error(received: ReceivedResponse) -> None:
    """Refuse a provider's error response.

    It proves nothing, so its request stays open for a real response.
    """
    if received.is_error:
        raise SamlRefusedError(Refusal.PROVIDER_ERROR, received.claims)


def _log_success(answer: Answer) -> None:
    if answer.request.purpose is RequestPurpose.TEST:
        return
    fields = {
        "method": SignInMethod.SSO.value,
        "step": answer.request.purpose.value,
        "account_id": answer.connection.account_id,
        "request_id": answer.origin.request_id,
    }
    _log.info("authentication_succeeded", extra=fields)


def _secret_of(text: str | None) -> SecretToken:
    """Return the secret that the browser has already, so that two tabs can sign in at once."""
    try:
        return SecretToken.parse(text) if text else SecretToken.new()
    except MalformedTokenError:
        return SecretToken.new()


def _digest_of(text: str) -> str | None:
    try:
        return SecretToken.parse(text).digest
    except MalformedTokenError:
        return None
