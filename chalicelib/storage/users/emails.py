"""Claims to emails: each is one user's at most, or kept for the one who had it until lately."""

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
    """Add that an email becomes a user's, if it is nobody's and isn't kept for another user."""
    free = (
        EmailRow.email.does_not_exist()
        | (EmailRow.kept_until <= now)
        | (EmailRow.kept_for == user_id)
    )
    tx.put(EmailRow(email.value, user_id=user_id), free, otherwise)


def keep(tx: Transaction, email: EmailAddress, user_id: str, until: datetime) -> None:
    """Add that a user gives their email up, and that nobody else gets it until then."""
    row = EmailRow(email.value, kept_for=user_id, kept_until=until, ttl=until)
    tx.put(row, condition=EmailRow.user_id == user_id)


def take_back(tx: Transaction, email: EmailAddress, user_id: str) -> None:
    """Add that an email which is kept for a user is theirs again."""
    tx.put(EmailRow(email.value, user_id=user_id), condition=EmailRow.kept_for == user_id)
