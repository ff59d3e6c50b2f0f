"""Accounts that people make for themselves."""

from __future__ import annotations

from chalicelib.domain.errors import DomainError

# All memberships of a person are in one row, which every request of theirs reads.
ACCOUNTS_MAX = 200


class TooManyAccountsError(DomainError):
    """The person is in all the accounts that one person may be in."""

    reason = "too_many_accounts"
    message = (
        f"You're in {ACCOUNTS_MAX} accounts, which is as many as one person can be in."
        " Leave one first."
    )
