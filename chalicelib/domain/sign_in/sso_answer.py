"""A verified SSO response on its way to a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.sign_in.authentication import Authentication
from chalicelib.domain.sign_in.session import SignInMethod
from chalicelib.domain.sso.connection import SsoIdentity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sso.assertion import VerifiedAssertion
    from chalicelib.domain.sso.connection import SsoConnection, SsoRequest
    from chalicelib.domain.user import User


@dataclass(frozen=True)
class SsoCompletion:
    """The end of an SSO sign-in: what it relies on, what it uses up, and its audit events.

    `renames` says that the identity is still stored under a key without a format; the write that
    ends the sign-in moves it.
    """

    connection: SsoConnection
    request: SsoRequest
    assertion: VerifiedAssertion
    identity: SsoIdentity
    now: datetime
    events: Sequence[AuditEvent]
    renames: bool = False


@dataclass(frozen=True)
class Answer:
    """A verified response, with the rows that decide about it."""

    connection: SsoConnection
    request: SsoRequest
    assertion: VerifiedAssertion
    origin: RequestOrigin
    now: datetime
    renames: bool = False

    @property
    def identity(self) -> SsoIdentity:
        """Return the user's identity at the connection (`E8`)."""
        return SsoIdentity.of(self.connection.id, self.assertion)

    def finish(self, actor: Party, *more: AuditEvent) -> SsoCompletion:
        """Return the completion, with the events for the account's audit log."""
        accepted = AuditEvent(
            EventName.SSO_RESPONSE_ACCEPTED,
            self.connection.account_id,
            self.now,
            actor,
            self.origin,
            connection_party(self.connection),
            {"purpose": self.request.purpose.value, **self._evidence()},
        )
        return SsoCompletion(
            self.connection,
            self.request,
            self.assertion,
            self.identity,
            self.now,
            (accepted, *more),
            self.renames,
        )

    def event(self, user: User, name: EventName, **details: Any) -> AuditEvent:
        """Return an event of the account about this user."""
        account_id, method = self.connection.account_id, SignInMethod.SSO.value
        return user.event(name, account_id, self.now, self.origin, method=method, **details)

    def linked(self, user: User) -> AuditEvent:
        """Return the event that an existing user was linked to the provider's name for them."""
        details = {"email": user.email.value, "name_id_format": self.assertion.name_id_format}
        return self.event(user, EventName.USER_SSO_LINKED, **details)

    def authentication(self, user: User) -> Authentication:
        """Return what the provider proved of a user."""
        return Authentication(
            user=user,
            method=SignInMethod.SSO,
            origin=self.origin,
            at=self.now,
            # When the provider asked, not when it answered: its own session may be hours old
            # (`E14`).
            proved_at=min(self.now, self.assertion.authenticated_at),
            connection_id=self.connection.id,
            replaced_session_id=self.request.session_id,
        )

    def _evidence(self) -> dict[str, str]:
        assertion = self.assertion
        return {
            "response_id": assertion.response_id,
            "assertion_id": assertion.id,
            "in_response_to": assertion.in_response_to,
            "issuer": assertion.issuer,
            "certificate": assertion.certificate_fingerprint,
            "email": assertion.email.value,
        }


def connection_party(connection: SsoConnection) -> Party:
    """Return the connection's name in the audit log."""
    return Party(PartyType.SSO_CONNECTION, connection.id, connection.identity_provider.entity_id)
