"""Sessions under the digest of their token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pynamodb.exceptions import UpdateError

from chalicelib.domain.errors import ConflictError, NotFoundError, NotSignedInError
from chalicelib.domain.roles import MembershipStatus
from chalicelib.storage.dynamo.rows import session_of
from chalicelib.storage.dynamo.tables import SessionRow, UserRow
from chalicelib.storage.dynamo.transaction import parts_of
from chalicelib.storage.dynamo.transactions import (
    ConditionFailedError,
    read_all,
    read_many,
    write_all,
)
from chalicelib.storage.sessions.gate import demand_reach
from chalicelib.storage.users.password_gate import BarredError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.sign_in.session import Session, SessionLimits
    from chalicelib.domain.user import User
    from chalicelib.storage.audit.trail import AuditWriter
    from chalicelib.storage.dynamo.transaction import AnyWrite
    from chalicelib.storage.sessions.gate import SsoGate


@dataclass(frozen=True)
class Sessions:
    """The signed-in browsers."""

    connection: Connection
    limits: SessionLimits
    trail: AuditWriter

    def start(
        self,
        session: Session,
        replaced: str | None,
        *also: Callable[[TransactWrite], None],
        event: AuditEvent | None = None,
        gate: SsoGate | None = None,
    ) -> None:
        """Keep a new session; the one that the browser brought, if any, ends in the same write.

        Each of `also` adds what goes with it, such as the attempts that it forgives; `event` tells
        the account that opens. Raises BarredError where that doesn't pass its gate.
        """

        def parts(transaction: TransactWrite) -> None:
            if gate is not None:
                gate.check(transaction)
            self.start_parts(transaction, session, replaced)
            if event is not None:
                self.trail.add(transaction, event)
            for add in also:
                add(transaction)

        try:
            write_all(self.connection, parts)
        except ConditionFailedError as error:
            if gate is not None and 0 in error.failed:
                raise BarredError from error
            raise

    def start_parts(self, transaction: AnyWrite, session: Session, replaced: str | None) -> None:
        """Add a new session, and the end of the one that the browser brought, to a transaction."""
        demand_reach(session, session.account_id)
        tx = parts_of(transaction)
        if replaced:
            tx.delete(SessionRow(replaced))
        tx.put_new(self._row(session))

    def resume(self, session_id: str, now: datetime) -> Session:
        """Read a session and note its use, in one conditional write; raises NotSignedInError."""
        row = SessionRow(session_id)
        try:
            row.update(
                actions=[SessionRow.last_seen_at.set(now)],
                condition=(SessionRow.last_seen_at > now - self.limits.idle)
                & (SessionRow.started_at > now - self.limits.overall),
            )
        except UpdateError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                raise NotSignedInError from error
            raise
        return session_of(row)

    def switch(
        self, old: Session, new: Session, event: AuditEvent, gate: SsoGate | None = None
    ) -> None:
        """Replace a session by one in another account, if its person may enter that account.

        Raises NotFoundError where they aren't an active member at that very moment, BarredError
        where the session isn't one that opens the account, and NotSignedInError where the old
        session has ended.
        """
        account_id = new.account_id or ""

        def parts(transaction: TransactWrite) -> None:
            if gate is not None:
                gate.check(transaction)
            membership = UserRow.memberships[account_id]
            self.replace(transaction, old, new)
            self.trail.add(transaction, event)
            transaction.update(
                UserRow(new.user_id),
                actions=[UserRow.last_account_id.set(account_id)],
                condition=(membership["status"] == MembershipStatus.ACTIVE.value)
                & (membership["grant"] == new.grant)
                & (UserRow.credentials_version == new.credentials_version),
            )

        try:
            write_all(self.connection, parts)
        except ConditionFailedError as error:
            first = 0 if gate is None else 1
            if first in error.failed:
                raise NotSignedInError from error
            barred = gate is not None and error.failed == {0}
            raise (BarredError if barred else NotFoundError) from error

    def replace(self, transaction: AnyWrite, old: Session, new: Session) -> None:
        """Put a session in the place of one that still holds: a delete and a put.

        Raises BarredError for an account that the new one may not open; the transaction raises
        NotSignedInError where the old one has ended.
        """
        demand_reach(new, new.account_id)
        tx = parts_of(transaction)
        tx.delete(
            SessionRow(old.id),
            SessionRow.sessions_version == old.sessions_version,
            NotSignedInError,
        )
        tx.put_new(self._row(new))

    def close_account(
        self, old: Session, new: Session, ending: Callable[[TransactWrite], None]
    ) -> None:
        """Replace a session by one without an account, in the write that ends the membership.

        `ending` adds the parts that end it. Raises NotSignedInError where the old session has
        ended, ConflictError where those parts refuse.
        """

        def parts(transaction: TransactWrite) -> None:
            self.replace(transaction, old, new)
            ending(transaction)

        try:
            write_all(self.connection, parts)
        except ConditionFailedError as error:
            raise NotSignedInError if 0 in error.failed else ConflictError from error

    def prove_by_password(self, session_id: str, now: datetime) -> None:
        """Note that the person has just given their password; raises NotSignedInError."""
        try:
            SessionRow(session_id).update(
                actions=[SessionRow.proved_at.set(now), SessionRow.password_proved_at.set(now)],
                condition=SessionRow.digest.exists(),
            )
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            raise NotSignedInError from error

    def end(self, session_id: str) -> None:
        """End a session; one that has ended already stays ended."""
        SessionRow(session_id).delete()

    def own(self, user_id: str, session_id: str) -> Session:
        """Read a session of this person; raises NotFoundError for any that isn't theirs."""
        (row,) = read_all(self.connection, (SessionRow, session_id, None))
        if row is None or row.user_id != user_id:
            raise NotFoundError
        return session_of(row)

    def end_own(self, session: Session, event: AuditEvent | None) -> None:
        """End a session and tell its account; raises NotFoundError for one that has ended."""

        def parts(transaction: TransactWrite) -> None:
            own = SessionRow.user_id == session.user_id
            transaction.delete(SessionRow(session.id), condition=own)
            if event is not None:
                self.trail.add(transaction, event)

        try:
            write_all(self.connection, parts)
        except ConditionFailedError as error:
            raise NotFoundError from error

    def end_others(self, session: Session) -> None:
        """End every session of this one's person but this one; raises NotSignedInError.

        Exact although the index lags behind: the others are not looked for, they are outdated. Of
        two sessions that end each other at the same moment one wins.
        """

        def parts(transaction: TransactWrite) -> None:
            transaction.update(
                SessionRow(session.id),
                actions=[SessionRow.sessions_version.set(session.sessions_version + 1)],
                condition=SessionRow.digest.exists(),
            )
            transaction.update(
                UserRow(session.user_id),
                actions=[UserRow.sessions_version.set(session.sessions_version + 1)],
                condition=at_version(session.sessions_version)
                & (UserRow.credentials_version == session.credentials_version),
            )

        try:
            write_all(self.connection, parts)
        except ConditionFailedError as error:
            raise NotSignedInError from error

    def of(self, user: User, now: datetime) -> list[Session]:
        """Read the sessions of a person that hold now, in no order.

        The index is behind by a moment, so one that has just begun may be missing; none that has
        ended is there, since each is read strongly.
        """
        found = self.kept(user.id)
        return [s for s in found if s.ends_at(self.limits) > now and s.holds_for(user)]

    def kept(self, user_id: str) -> Iterator[Session]:
        """Read the sessions of a person whose rows are still there, dead ones too."""
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
