"""Claims to emails: each belongs to one user at most, or is kept for its former user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.storage.dynamo.tables import EmailRow

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.storage.dynamo.transaction import Otherwise, Transaction


def claim(
    tx: Transaction,
    email: EmailAddress,
    user_id: str,
    now: datetime,
    otherwise: Otherwise | None = None,
) -> None:
    """Give an email to a user, if no user has it and it isn't kept for another user."""
    free = (
        EmailRow.email.does_not_exist()
        | (EmailRow.kept_until <= now)
        | (EmailRow.kept_for == user_id)
    )
    tx.put(EmailRow(email.value, user_id=user_id), free, otherwise)


def keep(tx: Transaction, email: EmailAddress, user_id: str, until: datetime) -> None:
    """Take an email from its user and keep it for them until a time."""
    row = EmailRow(email.value, kept_for=user_id, kept_until=until, ttl=until)
    tx.put(row, condition=EmailRow.user_id == user_id)


def take_back(tx: Transaction, email: EmailAddress, user_id: str) -> None:
    """Give a kept email back to its former user."""
    tx.put(EmailRow(email.value, user_id=user_id), condition=EmailRow.kept_for == user_id)
