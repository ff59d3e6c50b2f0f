"""Signing in through a company's identity provider: begun here, answered there, finished here."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.invitations import InvitationStatus
from chalicelib.domain.accounts.limits import ACCOUNTS_MAX
from chalicelib.domain.accounts.workspace_roles import TooManyWorkspacesGivenError, demand_room
from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.chosen_names import name_of, parse_user_name
from chalicelib.domain.errors import InvalidValueError, NotFoundError, UnavailableError
from chalicelib.domain.mail import Job, JobKind, Mail
from chalicelib.domain.sign_in.session import SignInMethod
from chalicelib.domain.sign_in.sso_answer import Answer, connection_party
from chalicelib.domain.sso.assertion import CLOCK_SKEW, Refusal, SamlRefusedError
from chalicelib.domain.sso.connection import (
    REQUEST_LIVES,
    RequestPurpose,
    SsoRequest,
    SsoTest,
    is_carried_over,
)
from chalicelib.domain.tokens import MalformedTokenError, SecretToken, new_id
from chalicelib.domain.user import Membership, User
from chalicelib.gateways.saml.assertion import Expected
from chalicelib.gateways.saml.requests import SignInAsk
from chalicelib.storage.sso.sign_ins import MovedOnError, SpentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.accounts.invitations import OpenInvitation
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sign_in.counter_keys import AddressKeys
    from chalicelib.domain.sign_in.sso_answer import SsoCompletion
    from chalicelib.domain.sso.assertion import ResponseClaims, VerifiedAssertion
    from chalicelib.domain.sso.connection import SsoConnection
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.gateways.saml.face import Saml
    from chalicelib.gateways.saml.responses import ReceivedResponse
    from chalicelib.services.sign_in.new_session import NewSession, PreparedSession
    from chalicelib.storage.accounts.invitations import Invitations
    from chalicelib.storage.audit.hourly_caps import HourlyCaps
    from chalicelib.storage.sso.connections import SsoConnections
    from chalicelib.storage.sso.refusals import SsoRefusals
    from chalicelib.storage.sso.sign_ins import SsoSignIns
    from chalicelib.storage.users.old_failures import OldFailures
    from chalicelib.storage.users.users import SsoDomainLookup, Users

_log = logging.getLogger(__name__)

# Two sign-ins of one new person at once: the second finds what the first has made.
_TRIES = 3


@dataclass(frozen=True)
class SsoRedirect:
    """A sign-in on its way: where the browser goes, and the secret that it keeps meanwhile."""

    url: str
    secret: SecretToken


@dataclass(frozen=True)
class SsoOutcome:
    """What an accepted response led to: where the browser goes on, with a new session or not."""

    onward: str
    token: SecretToken | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SsoSignInService:
    """Sign-ins through the identity providers of accounts."""

    connections: SsoConnections
    sign_ins: SsoSignIns
    new_session: NewSession
    old_failures: OldFailures
    users: Users
    domains: SsoDomainLookup
    invitations: Invitations
    refusals: SsoRefusals
    queue: JobQueue
    mailer: Mailer
    # How many mails about new links one user gets in an hour.
    notices: HourlyCaps
    address_keys: AddressKeys
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
    ) -> SsoRedirect:
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
        return SsoRedirect(request.url, kept)

    def metadata(self, connection_id: str) -> str:
        """Describe our end of a connection; raises NotFoundError."""
        connection = self.connections.find(connection_id)
        return self.saml.metadata(connection.service_provider(self.public_url))

    def complete(
        self, connection_id: str, text: str, secret: str | None, origin: RequestOrigin
    ) -> SsoOutcome | None:
        """Judge a response and do what it was asked for; None where nobody asked for it.

        Raises SamlRefusedError, whose reason goes to the account's trail, and NotFoundError.
        """
        connection = self.connections.find(connection_id)
        try:
            received = self.saml.receive(text)
            if received.claims.in_response_to is None:
                _demand_no_error(received)
                # Such as an identity provider's own page of links. If it is genuine, it makes us
                # begin a request of our own; whom it is about plays no part.
                self._verify(connection, received, None)
                return None
            request = self._find(connection, received, secret)
        except SamlRefusedError as error:
            self._tell_refusal(connection, error, origin)
            raise
        try:
            _demand_no_error(received)
            assertion = self._verify(connection, received, request.id)
            answer = Answer(connection, request, assertion, origin, self.clock())
            return self._finish(answer, received.claims)
        except SamlRefusedError as error:
            self._tell_refusal(connection, error, origin)
            if request.purpose is not RequestPurpose.TEST:
                raise
            told = {"response_id": error.claims.response_id or "", **error.claims.provider_words}
            self.connections.note_test(
                connection.id, SsoTest(self.clock(), error.refusal.value, told)
            )
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
        steps: dict[RequestPurpose, Callable[[Answer], SsoOutcome]] = {
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

    def _sign_in(self, answer: Answer) -> SsoOutcome:
        named = self._named(answer)
        token = self._enter_first(answer) if named is None else self._enter(*named)
        return SsoOutcome(answer.request.onward, token)

    def _named(self, answer: Answer) -> tuple[Answer, str] | None:
        """Find whom the provider means by a name that it gave before, in that format."""
        user_id, former_id = self.sign_ins.whose(answer.identity)
        if user_id is not None:
            return answer, user_id
        if former_id is None:
            return None
        holder = self.users.look_up(answer.assertion.email).user_id
        if not is_carried_over(answer.assertion, former_id, holder):
            return None
        return replace(answer, renames=True), former_id

    def _enter(self, answer: Answer, user_id: str) -> SecretToken:
        user = self.users.get(user_id)
        if user is None:
            raise SamlRefusedError(Refusal.NOT_A_MEMBER)
        membership = user.memberships.get(answer.connection.account_id)
        if membership is None:
            return self._return(answer, user)
        if not membership.is_active:
            raise SamlRefusedError(Refusal.SUSPENDED)
        new = self._prepare(answer, user, membership)
        self.sign_ins.enter(answer.finish(user.party, new.event), user, membership, new.session)
        return new.token

    def _return(self, answer: Answer, user: User) -> SecretToken:
        """Let a removed member in again who was invited again: the sign-in accepts for them."""
        opened = self._invitation(answer, user)
        if opened is None:
            raise SamlRefusedError(Refusal.NOT_A_MEMBER)
        return self._join(answer, user, opened)[0]

    def _invitation(self, answer: Answer, user: User) -> OpenInvitation | None:
        """Find the user's invitation into the account, if its author may still let them in."""
        account_id = answer.connection.account_id
        opened = self.invitations.of_address(account_id, user.email)
        if opened is None or opened.invitation.inviter_id == user.id:
            return None
        inviter = self.users.get(opened.invitation.inviter_id)
        membership = inviter.memberships.get(account_id) if inviter else None
        may_invite = membership is not None and membership.is_active and membership.role.manages
        pending = opened.invitation.status(answer.now) is InvitationStatus.PENDING
        return opened if may_invite and pending else None

    def _enter_first(self, answer: Answer) -> SecretToken:
        """Link, let in or make whoever has the address, where the provider names them first."""
        record = self.users.look_up(answer.assertion.email)
        user = self.users.get(record.user_id)
        if user is None:
            if not record.is_free_for(None, answer.now):
                raise SamlRefusedError(Refusal.EMAIL_KEPT)
            return self._create(answer)
        membership = user.memberships.get(answer.connection.account_id)
        if membership is None:
            opened = self._invitation(answer, user)
            if opened is None and self.sign_ins.was_removed(answer.connection.account_id, user.id):
                # Another name at the provider is no way around a removal.
                raise SamlRefusedError(Refusal.NOT_A_MEMBER)
            token, joined = self._join(answer, user, opened, named=False)
            self._mail_linked(answer, user, joined)
            return token
        if not membership.is_active:
            raise SamlRefusedError(Refusal.SUSPENDED)
        new = self._prepare(answer, user, membership)
        finish = answer.finish(user.party, answer.linked(user), new.event)
        self.sign_ins.link(finish, user, membership, new.session)
        self._mail_linked(answer, user, membership)
        return new.token

    def _prepare(self, answer: Answer, user: User, membership: Membership) -> PreparedSession:
        return self.new_session.prepare(answer.authentication(user), membership)

    def _join(
        self,
        answer: Answer,
        user: User,
        opened: OpenInvitation | None,
        *,
        named: bool = True,
    ) -> tuple[SecretToken, Membership]:
        """Let an existing user in, as their invitation says, or as the connection does."""
        invited = opened.invitation if opened else None
        if opened is None:
            membership = self._membership(answer)
        else:
            membership = opened.invitation.membership_in(opened.account)
        _demand_room(user, membership)
        events = [] if named else [answer.linked(user)]
        if invited is not None:
            events.append(answer.event(user, EventName.INVITATION_ACCEPTED).about(invited.party))
        new = self._prepare(answer, user, membership)
        finish = _joined(answer, user, membership, new, *events)
        self.sign_ins.join(finish, user, membership, new.session, invited, named=named)
        return new.token, membership

    def _mail_linked(self, answer: Answer, user: User, membership: Membership) -> None:
        """Tell a user, off the request path, that a provider can sign them in from now on."""
        told = {
            "name": user.name,
            "account_name": membership.account_name,
            "account_id": membership.account_id,
        }
        email, kind = user.email.value, JobKind.SSO_LINKED
        self.queue.put_notice(Job.asked_by(answer.origin, kind, email, answer.now, told))

    def send_notice(self, request: Job) -> None:
        """Mail that an account's provider was linked to a user, five times an hour at most."""
        key = f"{request.details['account_id']}#{self.address_keys.of(request.email)}"
        if self.notices.admit(key, request.id, request.asked_at):
            told = {**request.asked, **request.details}
            self.mailer.send(Mail(request.email, "sso_linked", told))

    def _create(self, answer: Answer) -> SecretToken:
        membership = self._membership(answer)
        user = User(
            id=new_id("usr"),
            email=answer.assertion.email,
            name=_name_of(answer.assertion, self.product_name),
            created_at=answer.now,
            memberships={membership.account_id: membership},
        )
        new = self._prepare(answer, user, membership)
        forgotten = self.old_failures.forgotten(user.email, answer.now, answer.origin.client)
        finish = _joined(answer, user, membership, new)
        self.sign_ins.create(finish, user, membership, new.session, forgotten)
        return new.token

    def _membership(self, answer: Answer) -> Membership:
        connection = answer.connection
        return Membership(
            connection.account_id,
            self.connections.account_name(connection.account_id),
            connection.default_role,
        )

    def _prove(self, answer: Answer) -> SsoOutcome:
        request = answer.request
        answer, user_id = self._named(answer) or (answer, None)
        user = self.users.get(user_id)
        if user is None or request.session_id is None or user.id != request.user_id:
            raise SamlRefusedError(Refusal.OTHER_PERSON)
        if answer.assertion.authenticated_at < request.begun_at - CLOCK_SKEW:
            # Not every provider heeds ForceAuthn; that it was asked for proves nothing.
            raise SamlRefusedError(Refusal.NOT_FRESH)
        self.sign_ins.prove(answer.finish(user.party), request.session_id, user.id)
        return SsoOutcome(request.onward)

    def _test(self, answer: Answer) -> SsoOutcome:
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
        return SsoOutcome(answer.request.onward)

    def _tell_refusal(
        self, connection: SsoConnection, error: SamlRefusedError, origin: RequestOrigin
    ) -> None:
        claims = error.claims
        details = {
            "reason": error.refusal.value,
            "response_id": claims.response_id,
            "assertion_id": claims.assertion_id,
            "in_response_to": claims.in_response_to,
            "issuer": claims.issuer,
            "certificate": claims.certificate_fingerprint,
            **claims.provider_words,
        }
        _log.warning(
            "sso_response_refused",
            extra={"connection_id": connection.id, "request_id": origin.request_id, **details},
        )
        event = AuditEvent(
            EventName.SSO_RESPONSE_REFUSED,
            connection.account_id,
            self.clock(),
            Party(PartyType.ANONYMOUS),
            origin,
            connection_party(connection),
            details,
        )
        self.refusals.tell(event)


def _demand_no_error(received: ReceivedResponse) -> None:
    """Report a provider's error; it proves nothing, so its request stays open for an answer."""
    if received.is_error:
        raise SamlRefusedError(Refusal.PROVIDER_ERROR, received.claims)


def _demand_room(user: User, membership: Membership) -> None:
    if len(user.memberships) >= ACCOUNTS_MAX:
        raise SamlRefusedError(Refusal.TOO_MANY_ACCOUNTS)
    try:
        demand_room(user.workspaces_outside(membership.account_id), len(membership.workspaces))
    except TooManyWorkspacesGivenError as error:
        raise SamlRefusedError(Refusal.TOO_MANY_WORKSPACES) from error


def _joined(
    answer: Answer,
    user: User,
    membership: Membership,
    new: PreparedSession,
    *first: AuditEvent,
) -> SsoCompletion:
    workspaces = {key: role.value for key, role in membership.workspaces.items()}
    told = {"role": membership.role.value, **({"workspaces": workspaces} if workspaces else {})}
    return answer.finish(
        user.party,
        *first,
        answer.event(user, EventName.MEMBER_JOINED, **told),
        new.event,
    )


def _log_success(answer: Answer) -> None:
    if answer.request.purpose is RequestPurpose.TEST:
        return
    told = {
        "method": SignInMethod.SSO.value,
        "step": answer.request.purpose.value,
        "account_id": answer.connection.account_id,
        "request_id": answer.origin.request_id,
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


def _name_of(assertion: VerifiedAssertion, product_name: str) -> str:
    """Take the name that the provider gives, or what stands before the @, if that can be one."""
    for name in (assertion.display_name, name_of(assertion.email)):
        try:
            if name:
                return parse_user_name(name, "name", product_name)
        except InvalidValueError:
            continue
    return "New member"
