"""Sign-ins through an identity provider: each request is answered once, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.roles import MembershipStatus
from chalicelib.domain.sso.connection import RequestPurpose, SsoRequest
from chalicelib.storage.accounts.invitation_rows import accept_invitation
from chalicelib.storage.accounts.membership_rows import (
    give_membership,
    list_member,
    never_removed,
    was_removed,
)
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.rows import membership_map
from chalicelib.storage.dynamo.tables import (
    SessionRow,
    SsoIdentityRow,
    SsoRequestRow,
    UserRow,
)
from chalicelib.storage.sso.spending import spending
from chalicelib.storage.users.emails import claim

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.accounts.invitations import Invitation
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.sign_in.sso_answer import SsoCompletion
    from chalicelib.domain.sso.connection import SsoIdentity
    from chalicelib.domain.user import Membership, User
    from chalicelib.storage.audit.trail import AuditWriter
    from chalicelib.storage.dynamo.transaction import Transaction
    from chalicelib.storage.sessions.sessions import Sessions


@dataclass(frozen=True)
class SsoSignIns:
    """The sign-ins under way at identity providers."""

    connection: Connection
    sessions: Sessions
    audit: AuditWriter

    def begin(self, request: SsoRequest) -> None:
        """Store a request that a browser is about to take to its provider."""
        SsoRequestRow(
            request.id,
            connection_id=request.connection_id,
            account_id=request.account_id,
            purpose=request.purpose.value,
            browser_digest=request.browser_digest,
            onward=request.onward,
            expires_at=request.expires_at,
            session_id=request.session_id,
            user_id=request.user_id,
            ttl=request.expires_at,
        ).save(condition=SsoRequestRow.request_id.does_not_exist())

    def find(self, request_id: str, now: datetime) -> SsoRequest:
        """Read a request that can still be answered; raises NotFoundError."""
        (row,) = read_all(self.connection, (SsoRequestRow, request_id, None))
        if row is None or row.expires_at <= now:
            raise NotFoundError
        return SsoRequest(
            id=row.request_id,
            connection_id=row.connection_id,
            account_id=row.account_id,
            purpose=RequestPurpose(row.purpose),
            browser_digest=row.browser_digest,
            onward=row.onward,
            expires_at=row.expires_at,
            session_id=row.session_id,
            user_id=row.user_id,
        )

    def whose(self, identity: SsoIdentity) -> tuple[str | None, str | None]:
        """Return the id of the user whom a NameID is linked to.

        The second id is the user of a link that was stored under a key without the format.
        """
        row, former = read_all(
            self.connection,
            (SsoIdentityRow, identity.key, None),
            (SsoIdentityRow, identity.former_key, None),
        )
        return (row.user_id if row else None), (former.user_id if former else None)

    def was_removed(self, account_id: str, user_id: str) -> bool:
        """Whether an account has removed a user, who then needs an invitation to come back."""
        return was_removed(self.connection, account_id, user_id)

    def spend(self, finish: SsoCompletion) -> None:
        """Use a request up without signing anyone in; raises SpentError."""
        with spending(self.connection, self.audit, finish):
            pass

    def prove(self, finish: SsoCompletion, session_id: str, user_id: str) -> None:
        """Make a session's proof fresh; raises SpentError, MovedOnError where it has ended."""
        with spending(self.connection, self.audit, finish) as tx:
            tx.update(
                SessionRow(session_id),
                [SessionRow.proved_at.set(finish.now)],
                SessionRow.user_id == user_id,
            )
            self._rename(tx, finish, user_id)

    def enter(
        self, finish: SsoCompletion, user: User, membership: Membership, session: Session
    ) -> None:
        """Start the session of a user who is linked to the NameID already.

        Raises SpentError, MovedOnError.
        """
        with spending(self.connection, self.audit, finish) as tx:
            tx.check(UserRow, user.id, condition=_as_read(user, membership))
            self._rename(tx, finish, user.id)
            self._begin(tx, finish, session)

    def link(
        self, finish: SsoCompletion, user: User, membership: Membership, session: Session
    ) -> None:
        """Link a NameID to a member and start their session.

        Raises SpentError, MovedOnError.
        """
        same = _as_read(user, membership) & (UserRow.email == user.email.value)
        with spending(self.connection, self.audit, finish) as tx:
            tx.check(UserRow, user.id, condition=same)
            self._name(tx, finish, user.id)
            self._begin(tx, finish, session)

    def join(
        self,
        finish: SsoCompletion,
        user: User,
        membership: Membership,
        session: Session,
        invitation: Invitation | None = None,
        *,
        named: bool = False,
    ) -> None:
        """Let an existing user into the account and start their session there.

        An invitation is accepted by it. `named` is whether the NameID is linked already. Raises
        SpentError, MovedOnError.
        """
        with spending(self.connection, self.audit, finish) as tx:
            if named:
                self._rename(tx, finish, user.id)
            else:
                self._name(tx, finish, user.id)
            if invitation is not None:
                accept_invitation(tx, invitation)
            else:
                never_removed(tx, membership.account_id, user.id)
            self._begin(tx, finish, session)
            list_member(tx, membership.account_id, user.id)
            give_membership(tx, user.id, membership, UserRow.email == user.email.value)

    def create(
        self,
        finish: SsoCompletion,
        user: User,
        membership: Membership,
        session: Session,
        also: Callable[[Transaction], None] | None = None,
    ) -> None:
        """Create a user without a password and let them into the account.

        `also` adds parts to the transaction. Raises SpentError, and MovedOnError where a user has
        the email by now.
        """
        row = UserRow(
            user.id,
            email=user.email.value,
            name=user.name,
            created_at=user.created_at,
            credentials_version=user.credentials_version,
            memberships={membership.account_id: membership_map(membership)},
        )
        with spending(self.connection, self.audit, finish) as tx:
            claim(tx, user.email, user.id, finish.now)
            tx.put_new(row)
            self._name(tx, finish, user.id)
            self._begin(tx, finish, session)
            list_member(tx, membership.account_id, user.id)
            if also is not None:
                also(tx)

    def _begin(self, tx: Transaction, finish: SsoCompletion, session: Session) -> None:
        self.sessions.start_parts(tx, session, finish.request.session_id)

    def _name(self, tx: Transaction, finish: SsoCompletion, user_id: str) -> None:
        tx.put_new(SsoIdentityRow(finish.identity.key, user_id=user_id, created_at=finish.now))

    def _rename(self, tx: Transaction, finish: SsoCompletion, user_id: str) -> None:
        """Move a link from its former key, which lacks the NameID's format."""
        if not finish.renames:
            return
        former = SsoIdentityRow(finish.identity.former_key)
        tx.delete(former, SsoIdentityRow.user_id == user_id)
        self._name(tx, finish, user_id)


def _as_read(user: User, membership: Membership) -> Condition:
    place = UserRow.memberships[membership.account_id]
    condition: Condition = (
        (place["status"] == MembershipStatus.ACTIVE.value)
        & (place["grant"] == membership.grant)
        & (UserRow.credentials_version == user.credentials_version)
    )
    return condition
