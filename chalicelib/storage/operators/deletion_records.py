"""The record of each deletion: in the transaction that begins it, and never removed after that.

A record survives the rows that it deletes, so a deletion that was killed can be continued, and a
restore to an earlier moment knows what must not come back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.accounts.deletion import (
    MAILS_DROPPED_FOR,
    Deletion,
    DeletionWaitsError,
    Leftovers,
    NoDeletionError,
)
from chalicelib.domain.errors import ConflictError
from chalicelib.domain.roles import Role
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.tables import AccountRow, DeletionRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction, write_one
from chalicelib.storage.users.account_admin import still_manages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.sign_in.counter_keys import AddressKeys
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.audit.trail import AuditWriter

_MAILS = "mail#"


@dataclass(frozen=True)
class Deletions:
    """The deletions that are asked for, under way or done."""

    connection: Connection
    audit: AuditWriter
    keys: AddressKeys

    def find(self, subject_id: str) -> Deletion | None:
        """Read the latest deletion of a user or account that isn't done."""
        (row,) = read_all(self.connection, (DeletionRow, subject_id, None))
        return deletion_of(row) if row is not None and row.done_at is None else None

    def unfinished(self) -> Iterator[Deletion]:
        """Read every deletion that isn't done; for scheduled work alone."""
        rows = DeletionRow.scan(
            filter_condition=DeletionRow.done_at.does_not_exist() & DeletionRow.asked_at.exists(),
            consistent_read=True,
        )
        return (deletion_of(row) for row in rows)

    def ask(self, deletion: Deletion, owner: AccountAdmin, event: AuditEvent) -> None:
        """Keep an owner's request, while they own the account.

        One that was never announced is replaced. Raises DeletionWaitsError, NotAllowedError.
        """
        with Transaction(self.connection, DeletionWaitsError) as tx:
            _still_owns(tx, owner)
            tx.check(
                AccountRow,
                deletion.subject_id,
                "account",
                condition=AccountRow.owner_id == owner.user_id,
                otherwise=ConflictError,
            )
            tx.put(_row(deletion), _nothing_waits())
            self.audit.add(tx, event)

    def announce(self, deletion: Deletion, now: datetime) -> None:
        """Keep that the owner and all admins were mailed: the wait begins now."""
        self._step(deletion, DeletionRow.announced_at.set(now))

    def cancel(self, deletion: Deletion, owner: AccountAdmin, event: AuditEvent) -> None:
        """End a request, as the account's owner; raises NotAllowedError, NoDeletionError."""
        with Transaction(self.connection, NoDeletionError) as tx:
            _still_owns(tx, owner)
            tx.delete(DeletionRow(deletion.subject_id), _not_begun(deletion))
            self.audit.add(tx, event)

    def drop(self, deletion: Deletion) -> None:
        """Forget a request that can't be carried out any more."""
        row = DeletionRow(deletion.subject_id)
        write_one(lambda: row.delete(condition=_not_begun(deletion)))

    def keep_leftovers(self, deletion: Deletion) -> None:
        """Keep what was found out about the rows that belong to a user."""
        self._step(deletion, DeletionRow.leftovers.set(_leftovers_map(deletion.leftovers)))

    def note_swept(self, deletion: Deletion, now: datetime) -> None:
        """Keep that everything was removed once."""
        self._step(deletion, DeletionRow.swept_at.set(now))

    def finish(self, deletion: Deletion, now: datetime) -> None:
        """Keep ids and times alone."""
        self._step(deletion, DeletionRow.done_at.set(now), DeletionRow.leftovers.remove())

    def drops_mails_to(self, email: EmailAddress, asked_at: datetime) -> bool:
        """Whether a mail was asked for before the user of this email was deleted."""
        (row,) = read_all(self.connection, (DeletionRow, self._mails_key(email), None))
        return row is not None and asked_at <= row.begun_at

    def has_begun(self, subject_id: str) -> bool:
        """Whether a user or account is deleted, or is being deleted."""
        (row,) = read_all(self.connection, (DeletionRow, subject_id, None))
        return row is not None and row.begun_at is not None

    def begin_parts(self, tx: Transaction, deletion: Deletion, *, asked: bool) -> None:
        """Add that a deletion begins; `asked` is whether it carries out a request that waits.

        Otherwise it replaces a request, and a deletion of before that is done. The part raises
        the transaction's own error.
        """
        replaceable = (
            DeletionRow.subject_id.does_not_exist()
            | DeletionRow.begun_at.does_not_exist()
            | DeletionRow.done_at.exists()
        )
        tx.put(_row(deletion), _not_begun(deletion) if asked else replaceable)

    def drop_mails_parts(self, tx: Transaction, email: EmailAddress, now: datetime) -> None:
        """Add that mails which were asked for until now are not sent to this email."""
        key, until = self._mails_key(email), now + MAILS_DROPPED_FOR
        tx.put(DeletionRow(key, begun_at=now, ttl=until))

    def drop_mails(self, email: EmailAddress, asked_until: datetime) -> None:
        """Keep that mails which were asked for until then are not sent to a former email."""
        key, until = self._mails_key(email), asked_until + MAILS_DROPPED_FOR
        row = DeletionRow(key, begun_at=asked_until, ttl=until)
        write_one(lambda: row.save(condition=DeletionRow.subject_id.does_not_exist()))

    def _mails_key(self, email: EmailAddress) -> str:
        return _MAILS + self.keys.of(email.value)

    def _step(self, deletion: Deletion, *actions: Action) -> None:
        """Note a step of this very deletion; raises NoDeletionError where it is another's."""
        row = DeletionRow(deletion.subject_id)
        write_one(
            lambda: row.update(
                actions=list(actions), condition=DeletionRow.request_id == deletion.id
            ),
            NoDeletionError,
        )


def _still_owns(tx: Transaction, owner: AccountAdmin) -> None:
    place = UserRow.memberships[owner.account_id]
    still_manages(tx, owner, place["role"] == Role.OWNER.value)


def _nothing_waits() -> Condition:
    condition: Condition = DeletionRow.subject_id.does_not_exist() | (
        DeletionRow.announced_at.does_not_exist() & DeletionRow.begun_at.does_not_exist()
    )
    return condition


def _not_begun(deletion: Deletion) -> Condition:
    condition: Condition = (
        DeletionRow.request_id == deletion.id
    ) & DeletionRow.begun_at.does_not_exist()
    return condition


def deletion_of(row: DeletionRow) -> Deletion:
    """Read a record."""
    kept = dict(row.leftovers or {})
    return Deletion(
        subject_id=row.subject_id,
        id=row.request_id or "",
        asked_by=row.asked_by or "",
        asked_at=row.asked_at,
        announced_at=row.announced_at,
        begun_at=row.begun_at,
        swept_at=row.swept_at,
        leftovers=Leftovers(
            name=kept.get("name", ""),
            connection_id=kept.get("connection_id"),
            mailed=kept.get("mailed", {}),
            emails=frozenset(kept.get("emails", ())),
            names=frozenset(kept.get("names", ())),
            account_ids=tuple(kept.get("account_ids", ())),
        ),
    )


def _row(deletion: Deletion) -> DeletionRow:
    return DeletionRow(
        deletion.subject_id,
        request_id=deletion.id,
        asked_by=deletion.asked_by,
        asked_at=deletion.asked_at,
        announced_at=deletion.announced_at,
        begun_at=deletion.begun_at,
        leftovers=_leftovers_map(deletion.leftovers) if deletion.begun_at else None,
    )


def _leftovers_map(leftovers: Leftovers) -> dict[str, Any]:
    kept = asdict(leftovers)
    kept["emails"], kept["names"] = sorted(leftovers.emails), sorted(leftovers.names)
    return kept
