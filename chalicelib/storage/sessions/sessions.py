"""Sessions under the digest of their token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFoundError, NotSignedInError
from chalicelib.domain.roles import MembershipStatus
from chalicelib.storage.dynamo.reading import read_all, read_many
from chalicelib.storage.dynamo.rows import session_of
from chalicelib.storage.dynamo.tables import SessionRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction, write_one
from chalicelib.storage.sessions.gate import demand_reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.sign_in.session import Session, SessionLimits
    from chalicelib.domain.user import User
    from chalicelib.storage.audit.trail import AuditWriter
    from chalicelib.storage.sessions.gate import SsoGate


@dataclass(frozen=True)
class Sessions:
    """The signed-in browsers."""

    connection: Connection
    limits: SessionLimits
    audit: AuditWriter

    def start(
        self,
        session: Session,
        replaced: str | None,
        *also: Callable[[Transaction], None],
        event: AuditEvent | None = None,
        gate: SsoGate | None = None,
    ) -> None:
        """Store a new session, and end the one that the browser had in the same write.

        Each of `also` adds parts to the transaction. `event` goes to the audit log of the account
        that opens. Raises BarredError where the gate refuses.
        """
        with Transaction(self.connection) as tx:
            if gate is not None:
                gate.check(tx)
            self.start_parts(tx, session, replaced)
            if event is not None:
                self.audit.add(tx, event)
            for add in also:
                add(tx)

    def start_parts(self, tx: Transaction, session: Session, replaced: str | None) -> None:
        """Add a new session, and the end of the one that the browser had, to a transaction."""
        demand_reach(session, session.account_id)
        if replaced:
            tx.delete(SessionRow(replaced))
        tx.put_new(self._row(session))

    def resume(self, session_id: str, now: datetime) -> Session:
        """Read a session and store its use, in one conditional write; raises NotSignedInError."""
        row = SessionRow(session_id)
        is_live = (SessionRow.last_seen_at > now - self.limits.idle) & (
            SessionRow.started_at > now - self.limits.overall
        )
        seen = SessionRow.last_seen_at.set(now)
        write_one(lambda: row.update(actions=[seen], condition=is_live), NotSignedInError)
        return session_of(row)

    def switch(
        self, old: Session, new: Session, event: AuditEvent, gate: SsoGate | None = None
    ) -> None:
        """Replace a session by one in another account of its user.

        Raises NotFoundError where the user isn't an active member at the time of the write,
        BarredError where the session may not open the account, and NotSignedInError where the old
        session has ended.
        """
        account_id = new.account_id or ""
        membership = UserRow.memberships[account_id]

        with Transaction(self.connection, NotFoundError) as tx:
            self.replace(tx, old, new)
            self.audit.add(tx, event)
            tx.update(
                UserRow(new.user_id),
                actions=[UserRow.last_account_id.set(account_id)],
                condition=(membership["status"] == MembershipStatus.ACTIVE.value)
                & (membership["grant"] == new.grant)
                & (UserRow.credentials_version == new.credentials_version),
            )
            if gate is not None:
                # Last, so that a user who isn't a member learns nothing about the account's SSO.
                gate.check(tx)

    def replace(self, tx: Transaction, old: Session, new: Session) -> None:
        """Replace a session that hasn't ended: a delete and a put.

        Raises BarredError for an account that the new one may not open; the transaction raises
        NotSignedInError where the old one has ended.
        """
        demand_reach(new, new.account_id)
        tx.delete(
            SessionRow(old.id),
            SessionRow.sessions_version == old.sessions_version,
            NotSignedInError,
        )
        tx.put_new(self._row(new))

    def close_account(
        self, old: Session, new: Session, ending: Callable[[Transaction], None]
    ) -> None:
        """Replace a session by one without an account, in the write that ends the membership.

        `ending` adds the parts that end it. Raises NotSignedInError where the old session has
        ended, ConflictError where one of those parts fails.
        """
        with Transaction(self.connection) as tx:
            self.replace(tx, old, new)
            ending(tx)

    def prove_by_password(self, session_id: str, now: datetime) -> None:
        """Store that the user has just given their password; raises NotSignedInError."""
        row = SessionRow(session_id)
        proved: list[Action] = [
            SessionRow.proved_at.set(now),
            SessionRow.password_proved_at.set(now),
        ]
        write_one(
            lambda: row.update(actions=proved, condition=SessionRow.digest.exists()),
            NotSignedInError,
        )

    def end(self, session_id: str) -> None:
        """End a session; one that has ended already stays ended."""
        SessionRow(session_id).delete()

    def own(self, user_id: str, session_id: str) -> Session:
        """Read a session of this user; raises NotFoundError for another user's."""
        (row,) = read_all(self.connection, (SessionRow, session_id, None))
        if row is None or row.user_id != user_id:
            raise NotFoundError
        return session_of(row)

    def end_own(self, session: Session, event: AuditEvent | None) -> None:
        """End a session with its audit event; raises NotFoundError for one that has ended."""
        with Transaction(self.connection, NotFoundError) as tx:
            own = SessionRow.user_id == session.user_id
            tx.delete(SessionRow(session.id), condition=own)
            if event is not None:
                self.audit.add(tx, event)

    def end_others(self, session: Session) -> None:
        """End all sessions of this one's user but this one; raises NotSignedInError.

        Raising the user's version outdates the others, so a lagging index can't hide one. Of two
        sessions that end each other at the same moment one wins.
        """
        with Transaction(self.connection, NotSignedInError) as tx:
            tx.update(
                SessionRow(session.id),
                actions=[SessionRow.sessions_version.set(session.sessions_version + 1)],
                condition=SessionRow.digest.exists(),
            )
            tx.update(
                UserRow(session.user_id),
                actions=[UserRow.sessions_version.set(session.sessions_version + 1)],
                condition=at_version(session.sessions_version)
                & (UserRow.credentials_version == session.credentials_version),
            )

    def of(self, user: User, now: datetime) -> list[Session]:
        """Read the valid sessions of a user, in no order.

        The index is eventually consistent, so a session that has just started may be missing. Each
        row is read strongly, so no ended session is returned.
        """
        found = self.kept(user.id)
        return [s for s in found if s.ends_at(self.limits) > now and s.holds_for(user)]

    def kept(self, user_id: str) -> Iterator[Session]:
        """Read the sessions of a user whose rows still exist, ended ones too."""
        keys = ((SessionRow, row.digest, None) for row in SessionRow.by_user.query(user_id))
        return (session_of(row) for row in read_many(self.connection, keys) if row)

    def _row(self, session: Session) -> SessionRow:
        return SessionRow(
            session.id,
            user_id=session.user_id,
            account_id=session.account_id,
            grant=session.grant,
            connection_id=session.connection_id,
            method=session.method.value,
            credentials_version=session.credentials_version,
            sessions_version=session.sessions_version,
            started_at=session.started_at,
            last_seen_at=session.last_seen_at,
            proved_at=session.proved_at,
            password_proved_at=session.password_proved_at,
            address=session.client.address,
            user_agent=session.client.user_agent,
            ttl=session.started_at + self.limits.overall,
        )


def at_version(version: int) -> Condition:
    """Return the condition that a user's `sessions_version` is as it was read."""
    # It is unset until the user first signs out everywhere.
    condition: Condition = UserRow.sessions_version == version
    return condition if version else UserRow.sessions_version.does_not_exist() | condition
