"""Passwords of users, changed in one transaction with what depends on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import LinkInvalidError, NotSignedInError
from chalicelib.domain.sign_in.link import LinkPurpose
from chalicelib.storage.dynamo.tables import LinkRow, SessionRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction
from chalicelib.storage.users.links import usable
from chalicelib.storage.users.lockout_counts import clear, lift, lift_pair

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import User
    from chalicelib.storage.users.password_gate import PasswordGate


@dataclass(frozen=True)
class ResetCounts:
    """The counts that a reset ends: the email's, and that of the source that uses the link."""

    address: str
    pair: str


@dataclass(frozen=True)
class Credentials:
    """The passwords of users.

    Each new password raises `credentials_version`, which ends sessions, links and known browsers of
    an older one without touching them (`C4`, `C8`).
    """

    connection: Connection

    def unlock(self, link: Link, counts: Sequence[str], pair: str, now: datetime) -> None:
        """Spend an unlock link and end these lockouts; raises LinkInvalidError.

        The counts of failures in a row stay. `pair` is the key of the source that uses the link, at
        the link's email.
        """
        with _spending(self.connection, link, LinkPurpose.UNLOCK) as tx:
            tx.check(UserRow, link.subject_id, condition=as_linked(link))
            tx.delete(LinkRow(link.digest), usable(link, now))
            for key in counts:
                lift(tx, key, now)
            lift_pair(tx, pair, now)

    def reset_password(
        self, link: Link, new_hash: str, counts: ResetCounts, now: datetime, gate: PasswordGate
    ) -> None:
        """Spend a reset link: set the password, clear the counts; raises LinkInvalidError."""
        with _spending(self.connection, link, LinkPurpose.RESET_PASSWORD) as tx:
            gate.check(tx)
            tx.delete(LinkRow(link.digest), usable(link, now))
            clear(tx, counts.address, now)
            lift_pair(tx, counts.pair, now)
            tx.update(
                UserRow(link.subject_id),
                [UserRow.password_hash.set(new_hash), UserRow.credentials_version.add(1)],
                gate.of_user(as_linked(link)),
            )

    def change_password(self, user: User, session: Session, new_hash: str, now: datetime) -> None:
        """Set a new password; this session goes on, all others end; raises ConflictError."""
        with Transaction(self.connection) as tx:
            tx.update(
                SessionRow(session.id),
                [
                    SessionRow.credentials_version.set(user.credentials_version + 1),
                    SessionRow.proved_at.set(now),
                    SessionRow.password_proved_at.set(now),
                ],
                SessionRow.digest.exists(),
                NotSignedInError,
            )
            tx.update(
                UserRow(user.id),
                [
                    UserRow.password_hash.set(new_hash),
                    UserRow.credentials_version.add(1),
                    UserRow.signed_in_version.set(user.credentials_version + 1),
                ],
                _as_read(user),
            )


def _spending(connection: Connection, link: Link, purpose: LinkPurpose) -> Transaction:
    """Return a transaction that raises LinkInvalidError; a wrong purpose raises it at once."""
    if link.purpose is not purpose:
        raise LinkInvalidError
    return Transaction(connection, LinkInvalidError)


def as_linked(link: Link) -> Condition:
    """Return the condition that a link's user has the email and password that it was made for."""
    condition: Condition = (UserRow.email == link.user_email) & (
        UserRow.credentials_version == link.credentials_version
    )
    return condition


def _as_read(user: User) -> Condition:
    condition: Condition = (UserRow.credentials_version == user.credentials_version) & (
        UserRow.email == user.email.value
    )
    return condition
