"""The limit on how many accounts a user can be in."""

from __future__ import annotations

from chalicelib.domain.errors import DomainError

# All memberships of a user are in one row, which each of their requests reads.
ACCOUNTS_MAX = 200


class TooManyAccountsError(DomainError):
    """The user is in as many accounts as one user may be in."""

    reason = "too_many_accounts"
    message = (
        f"You're in {ACCOUNTS_MAX} accounts, which is as many as one person can be in."
        " Leave one first."
    )
