"""A user's email: changed, stopped or restored, in one transaction with what depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import ConflictError, LinkInvalidError, PasswordRequiredError
from chalicelib.domain.sign_in.email_change import EmailTakenError
from chalicelib.domain.sign_in.link import LinkPurpose
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.rows import ways_back_value
from chalicelib.storage.dynamo.tables import EmailRow, LinkRow, SessionRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction
from chalicelib.storage.sessions.sessions import at_version
from chalicelib.storage.users.credentials import as_linked
from chalicelib.storage.users.emails import claim, keep, take_back
from chalicelib.storage.users.links import usable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.domain.sign_in.email_change import EmailChange
    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.user import User, WayBack
    from chalicelib.storage.users.password_gate import PasswordGate


@dataclass(frozen=True)
class EmailChanges:
    """Changes of emails; each raises `sessions_version`, which ends all other sessions."""

    connection: Connection

    def confirm(
        self, change: EmailChange, gate: PasswordGate, also: Callable[[Transaction], None]
    ) -> None:
        """Spend a change link: the new email is the user's, the old one is kept for them.

        Every session ends but the one that confirms. Failures at the new email, from before it was
        the user's, are cleared by `also`. Raises LinkInvalidError, TooManyEmailChangesError, and
        PasswordRequiredError where only the session has ended.
        """
        link, user, ways_back = change.link, change.user, change.ways_back
        _demand(link, LinkPurpose.CHANGE_EMAIL)

        with Transaction(self.connection, LinkInvalidError) as tx:
            gate.check(tx)
            tx.delete(LinkRow(link.digest), condition=usable(link, change.at))
            keep(tx, change.old_email, user.id, change.undo_until)
            claim(tx, link.email, user.id, change.at)
            tx.update(
                UserRow(user.id),
                actions=[
                    UserRow.email.set(link.email.value),
                    UserRow.sessions_version.set(change.version),
                    UserRow.ways_back.set(ways_back_value(ways_back)),
                ],
                condition=gate.of_user(as_linked(link) & at_version(user.sessions_version)),
            )
            also(tx)
            # Last, so that its error is raised only if nothing else has failed.
            _go_on(tx, change)

    def stop(self, link: Link, now: datetime) -> None:
        """Spend a stop link and end the change's link and all sessions; raises LinkInvalidError."""
        _demand(link, LinkPurpose.STOP_EMAIL_CHANGE)
        version = _version(link)

        with Transaction(self.connection, LinkInvalidError) as tx:
            tx.delete(LinkRow(link.digest), condition=usable(link, now))
            tx.update(
                UserRow(link.subject_id),
                actions=[UserRow.sessions_version.set(version + 1)],
                condition=as_linked(link) & at_version(version),
            )

    def undo(self, link: Link, user: User, now: datetime) -> None:
        """Spend an undo link: restore the email, end sessions, the password and later undo links.

        Raises EmailTakenError, and ConflictError where the user changed since they were read.
        """
        _demand(link, LinkPurpose.UNDO_EMAIL_CHANGE)
        earlier = [way for way in user.open_ways_back(now) if way.version < _version(link)]
        try:
            with Transaction(self.connection, _UndoFailedError) as tx:
                tx.delete(LinkRow(link.digest), usable(link, now))
                tx.delete(EmailRow(user.email.value), EmailRow.user_id == user.id)
                take_back(tx, link.email, user.id)
                tx.update(UserRow(user.id), _undone(link, user, earlier), _as_read(user))
        except _UndoFailedError as error:
            (claimed,) = read_all(self.connection, (EmailRow, link.email.value, None))
            taken = claimed is not None and claimed.user_id not in (None, user.id)
            raise (EmailTakenError if taken else ConflictError) from error


class _UndoFailedError(Exception):
    """A condition of an undo failed; another read decides which error that means."""


def _undone(link: Link, user: User, earlier: Sequence[WayBack]) -> list[Action]:
    return [
        UserRow.email.set(link.email.value),
        UserRow.password_hash.remove(),
        UserRow.credentials_version.add(1),
        UserRow.sessions_version.set(user.sessions_version + 1),
        UserRow.ways_back.set(ways_back_value(earlier)),
    ]


def _demand(link: Link, purpose: LinkPurpose) -> None:
    if link.purpose is not purpose:
        raise LinkInvalidError


def _go_on(tx: Transaction, change: EmailChange) -> None:
    """Raise the version of the confirming session too, so that it goes on."""
    session = change.session
    if session is None:
        return
    tx.update(
        SessionRow(session.id),
        actions=[SessionRow.sessions_version.set(change.version)],
        condition=(SessionRow.user_id == change.user.id)
        & (SessionRow.sessions_version == change.user.sessions_version),
        otherwise=PasswordRequiredError,
    )


def _version(link: Link) -> int:
    return link.sessions_version or 0


def _as_read(user: User) -> Condition:
    condition: Condition = UserRow.email == user.email.value
    condition &= at_version(user.sessions_version)
    return condition
