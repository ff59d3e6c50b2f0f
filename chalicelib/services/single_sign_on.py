"""Signing in through a company's identity provider: begun here, answered there, finished here."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.accounts import ACCOUNTS_MAX
from chalicelib.domain.audit import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.chosen_names import name_of, parse_user_name
from chalicelib.domain.errors import InvalidValueError, NotFoundError, UnavailableError
from chalicelib.domain.people import Membership, User
from chalicelib.domain.saml import CLOCK_SKEW, Refusal, SamlRefusedError
from chalicelib.domain.sessions import Session, SignInMethod
from chalicelib.domain.single_sign_on import (
    REQUEST_LIVES,
    RequestPurpose,
    SsoRequest,
    SsoTest,
    identity_of,
)
from chalicelib.domain.tokens import MalformedTokenError, SecretToken, new_id
from chalicelib.gateways.saml_assertion import Expected
from chalicelib.gateways.saml_requests import SignInAsk
from chalicelib.storage.sso_sign_ins import Finish, MovedOnError, SpentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.mail import Asker
    from chalicelib.domain.saml import ResponseClaims, VerifiedAssertion
    from chalicelib.domain.single_sign_on import SsoConnection
    from chalicelib.gateways.saml import Saml
    from chalicelib.gateways.saml_responses import ReceivedResponse
    from chalicelib.storage.audit import AuditTrail
    from chalicelib.storage.people import People, SsoDomains
    from chalicelib.storage.sso_connections import SsoConnections
    from chalicelib.storage.sso_sign_ins import SsoSignIns

_log = logging.getLogger(__name__)

# Two sign-ins of one new person at once: the second finds what the first has made.
_TRIES = 3


@dataclass(frozen=True)
class Begun:
    """A sign-in on its way: where the browser goes, and the secret that it keeps meanwhile."""

    url: str
    secret: SecretToken


@dataclass(frozen=True)
class Arrived:
    """What an accepted response led to: where the browser goes on, with a new session or not."""

    onward: str
    token: SecretToken | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Answer:
    """A verified response with all that it is judged by."""

    connection: SsoConnection
    request: SsoRequest
    assertion: VerifiedAssertion
    asker: Asker
    now: datetime

    @property
    def identity(self) -> str:
        """The person, as their connection knows them (`E8`)."""
        return identity_of(self.connection.id, self.assertion.issuer, self.assertion.subject)

    def finish(self, actor: Party, *more: AuditEvent) -> Finish:
        """Say what ends here, and what the account's trail is told of it."""
        account_id, target = self.connection.account_id, _party(self.connection)
        accepted = AuditEvent(
            EventName.SSO_RESPONSE_ACCEPTED,
            account_id,
            self.now,
            actor,
            self.asker,
            target,
            {"purpose": self.request.purpose.value, **_evidence(self.assertion)},
        )
        events = (accepted, *more)
        return Finish(
            self.connection, self.request, self.assertion, self.identity, self.now, events
        )

    def event(self, user: User, name: EventName, **details: str) -> AuditEvent:
        """Tell the account of what somebody does by it."""
        account_id, method = self.connection.account_id, SignInMethod.SSO.value
        return user.event(name, account_id, self.now, self.asker, method=method, **details)


@dataclass(frozen=True)
class SingleSignOn:
    """Sign-ins through the identity providers of accounts."""

    connections: SsoConnections
    sign_ins: SsoSignIns
    people: People
    domains: SsoDomains
    trail: AuditTrail
    saml: Saml
    clock: Clock
    public_url: str
    product_name: str

    def begin(
        self,
        connection_id: str,
        secret: str | None,
        session_id: str | None,
        purpose: RequestPurpose = RequestPurpose.SIGN_IN,
        path: str = "/",
        user_id: str | None = None,
    ) -> Begun:
        """Make a request that only this browser can bring an answer to; raises NotFoundError.

        `path` is a page of ours. `session_id` is the session that the browser has: a sign-in ends
        it, a proof makes it fresh.
        """
        connection = self.connections.find(connection_id)
        kept, now = _secret_of(secret), self.clock()
        ask = SignInAsk(
            connection.identity_provider,
            connection.service_provider(self.public_url),
            now,
            fresh=purpose is RequestPurpose.PROOF,
        )
        # The relay state comes back as anybody likes it, so it says nothing.
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
        return Begun(request.url, kept)

    def metadata(self, connection_id: str) -> str:
        """Describe our end of a connection; raises NotFoundError."""
        connection = self.connections.find(connection_id)
        return self.saml.metadata(connection.service_provider(self.public_url))

    def complete(
        self, connection_id: str, text: str, secret: str | None, asker: Asker
    ) -> Arrived | None:
        """Judge a response and do what it was asked for; None where nobody asked for it.

        Raises SamlRefusedError, whose reason goes to the account's trail, and NotFoundError.
        """
        connection = self.connections.find(connection_id)
        try:
            received = self.saml.receive(text)
            if received.claims.in_response_to is None:
                # Such as an identity provider's own page of links. If it is genuine, it makes us
                # begin a request of our own; whom it is about plays no part.
                self._verify(connection, received, None)
                return None
            request = self._find(connection, received, secret)
        except SamlRefusedError as error:
            self._tell_refusal(connection, error, asker)
            raise
        try:
            assertion = self._verify(connection, received, request.id)
            answer = _Answer(connection, request, assertion, asker, self.clock())
            return self._finish(answer, received.claims)
        except SamlRefusedError as error:
            self._tell_refusal(connection, error, asker)
            if request.purpose is not RequestPurpose.TEST:
                raise
            told = {"response_id": error.claims.response_id or ""}
            self.connections.note_test(
                connection.id, SsoTest(self.clock(), error.refusal.value, told)
            )
            return Arrived(request.onward)

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

    def _finish(self, answer: _Answer, claims: ResponseClaims) -> Arrived:
        steps: dict[RequestPurpose, Callable[[_Answer], Arrived]] = {
            RequestPurpose.SIGN_IN: self._sign_in,
            RequestPurpose.PROOF: self._prove,
            RequestPurpose.TEST: self._test,
        }
        for _ in range(_TRIES):
            try:
                self._check_domain(answer)
                arrived = steps[answer.request.purpose](answer)
            except SpentError as error:
                raise SamlRefusedError(Refusal.REPLAYED, claims) from error
            except MovedOnError:
                if not self._is_unchanged(answer.connection):
                    raise SamlRefusedError(Refusal.CONNECTION_CHANGED, claims) from None
            except SamlRefusedError as error:
                raise SamlRefusedError(error.refusal, claims) from error
            else:
                _log_success(answer)
                return arrived
        raise UnavailableError

    def _check_domain(self, answer: _Answer) -> None:
        domain = self.domains.find(answer.assertion.email.domain)
        if domain is None or domain.connection_id != answer.connection.id:
            raise SamlRefusedError(Refusal.DOMAIN_UNPROVEN)

    def _is_unchanged(self, connection: SsoConnection) -> bool:
        try:
            found = self.connections.find(connection.id)
        except NotFoundError:
            return False
        return found.identity_provider == connection.identity_provider

    def _sign_in(self, answer: _Answer) -> Arrived:
        token = SecretToken.new()
        user_id = self.sign_ins.whose(answer.identity)
        if user_id is not None:
            self._enter(answer, user_id, token)
        else:
            self._enter_first(answer, token)
        return Arrived(answer.request.onward, token)

    def _enter(self, answer: _Answer, user_id: str, token: SecretToken) -> None:
        user = self.people.get(user_id)
        membership = user.memberships.get(answer.connection.account_id) if user else None
        if user is None or membership is None:
            raise SamlRefusedError(Refusal.NOT_A_MEMBER)
        if not membership.is_active:
            raise SamlRefusedError(Refusal.SUSPENDED)
        finish = answer.finish(user.party, answer.event(user, EventName.SIGN_IN_SUCCEEDED))
        self.sign_ins.enter(finish, user, membership, _session(answer, user, membership, token))

    def _enter_first(self, answer: _Answer, token: SecretToken) -> None:
        """Link, let in or make whoever has the address, where the provider names them first."""
        user = self.people.get(self.people.look_up(answer.assertion.email).user_id)
        if user is None:
            self._create(answer, token)
            return
        membership = user.memberships.get(answer.connection.account_id)
        if membership is None:
            if len(user.memberships) >= ACCOUNTS_MAX:
                raise SamlRefusedError(Refusal.TOO_MANY_ACCOUNTS)
            self._join(answer, user, token)
            return
        if not membership.is_active:
            raise SamlRefusedError(Refusal.SUSPENDED)
        finish = answer.finish(user.party, answer.event(user, EventName.SIGN_IN_SUCCEEDED))
        session = _session(answer, user, membership, token)
        self.sign_ins.link(finish, user, membership, session)

    def _join(self, answer: _Answer, user: User, token: SecretToken) -> None:
        membership = self._membership(answer)
        session = _session(answer, user, membership, token)
        self.sign_ins.join(_joined(answer, user, membership), user, membership, session)

    def _create(self, answer: _Answer, token: SecretToken) -> None:
        membership = self._membership(answer)
        user = User(
            id=new_id("usr"),
            email=answer.assertion.email,
            name=_name_of(answer.assertion, self.product_name),
            created_at=answer.now,
            memberships={membership.account_id: membership},
        )
        session = _session(answer, user, membership, token)
        self.sign_ins.create(_joined(answer, user, membership), user, membership, session)

    def _membership(self, answer: _Answer) -> Membership:
        connection = answer.connection
        return Membership(
            connection.account_id,
            self.connections.account_name(connection.account_id),
            connection.default_role,
        )

    def _prove(self, answer: _Answer) -> Arrived:
        request = answer.request
        user = self.people.get(self.sign_ins.whose(answer.identity))
        if user is None or request.session_id is None or user.id != request.user_id:
            raise SamlRefusedError(Refusal.OTHER_PERSON)
        if answer.assertion.authenticated_at < request.begun_at - CLOCK_SKEW:
            # Not every provider heeds ForceAuthn; that it was asked for proves nothing.
            raise SamlRefusedError(Refusal.NOT_FRESH)
        self.sign_ins.prove(answer.finish(user.party), request.session_id, user.id)
        return Arrived(request.onward)

    def _test(self, answer: _Answer) -> Arrived:
        connection, assertion = answer.connection, answer.assertion
        tester = Party(PartyType.USER, answer.request.user_id)
        self.sign_ins.spend(answer.finish(tester))
        told = {
            "email": assertion.email.value,
            "name_id": assertion.name_id,
            "name_id_format": assertion.name_id_format,
            "name": assertion.display_name or "",
            "certificate": assertion.certificate_fingerprint,
        }
        self.connections.note_test(connection.id, SsoTest(answer.now, "accepted", told))
        return Arrived(answer.request.onward)

    def _tell_refusal(
        self, connection: SsoConnection, error: SamlRefusedError, asker: Asker
    ) -> None:
        claims = error.claims
        details = {
            "reason": error.refusal.value,
            "response_id": claims.response_id,
            "assertion_id": claims.assertion_id,
            "in_response_to": claims.in_response_to,
            "issuer": claims.issuer,
            "certificate": claims.certificate_fingerprint,
        }
        _log.warning(
            "sso_response_refused",
            extra={"connection_id": connection.id, "request_id": asker.request_id, **details},
        )
        event = AuditEvent(
            EventName.SSO_RESPONSE_REFUSED,
            connection.account_id,
            self.clock(),
            Party(PartyType.ANONYMOUS),
            asker,
            _party(connection),
            details,
        )
        self.trail.append(event)


def _joined(answer: _Answer, user: User, membership: Membership) -> Finish:
    role = membership.role.value
    return answer.finish(
        user.party,
        answer.event(user, EventName.MEMBER_JOINED, role=role),
        answer.event(user, EventName.SIGN_IN_SUCCEEDED),
    )


def _log_success(answer: _Answer) -> None:
    if answer.request.purpose is RequestPurpose.TEST:
        return
    told = {
        "method": SignInMethod.SSO.value,
        "step": answer.request.purpose.value,
        "account_id": answer.connection.account_id,
        "request_id": answer.asker.request_id,
    }
    _log.info("authentication_succeeded", extra=told)


def _secret_of(text: str | None) -> SecretToken:
    """Keep the secret that a browser has, so that two tabs can sign in at once."""
    try:
        return SecretToken.parse(text) if text else SecretToken.new()
    except MalformedTokenError:
        return SecretToken.new()


def _digest_of(text: str) -> str | None:
    try:
        return SecretToken.parse(text).digest
    except MalformedTokenError:
        return None


def _session(answer: _Answer, user: User, membership: Membership, token: SecretToken) -> Session:
    return Session(
        id=token.digest,
        user_id=user.id,
        account_id=membership.account_id,
        grant=membership.grant,
        method=SignInMethod.SSO,
        connection_id=answer.connection.id,
        credentials_version=user.credentials_version,
        sessions_version=user.sessions_version,
        started_at=answer.now,
        last_seen_at=answer.now,
        # When the provider asked, not when it answered: its own session may be hours old (`E14`).
        proved_at=min(answer.now, answer.assertion.authenticated_at),
        client=answer.asker.client,
    )


def _name_of(assertion: VerifiedAssertion, product_name: str) -> str:
    """Take the name that the provider gives, or what stands before the @, if that can be one."""
    for name in (assertion.display_name, name_of(assertion.email)):
        try:
            if name:
                return parse_user_name(name, "name", product_name)
        except InvalidValueError:
            continue
    return "New member"


def _party(connection: SsoConnection) -> Party:
    return Party(PartyType.SSO_CONNECTION, connection.id, connection.identity_provider.entity_id)


def _evidence(assertion: VerifiedAssertion) -> dict[str, str]:
    return {
        "response_id": assertion.response_id,
        "assertion_id": assertion.id,
        "in_response_to": assertion.in_response_to,
        "issuer": assertion.issuer,
        "certificate": assertion.certificate_fingerprint,
        "email": assertion.email.value,
    }
