"""Deletion of users and accounts: asked for, begun by one write, swept, and swept once more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.errors import ConflictError, InvalidValueError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# How long the owner and all admins have to object to a request that an owner made on the page.
WAIT = timedelta(days=7)
# A request that was under way when the rows were removed has ended by then, so that the second
# sweep finds what it wrote.
SECOND_SWEEP_AFTER = timedelta(hours=1)
# SQS keeps a message for at most 14 days: after that no mail of before the deletion is left.
MAILS_DROPPED_FOR = timedelta(days=15)


class NoDeletionError(NotFoundError):
    """No request to delete the account waits."""

    reason = "no_deletion"
    message = "No request to delete this account is waiting."


class DeletionWaitsError(ConflictError):
    """A request waits already, or the deletion has begun."""

    reason = "deletion_waits"
    message = "This account is going to be deleted already."


class WrongAccountNameError(InvalidValueError):
    """What was typed isn't the account's name."""

    reason = "wrong_account_name"
    message = "Type the account's name exactly as it is shown."


class OwnsAccountsError(ConflictError):
    """A user who owns accounts can't be deleted before them."""

    reason = "owns_accounts"


@dataclass(frozen=True)
class Leftovers:
    """What the rows of a deletion are found by once the user or account is gone.

    It is the only personal data that outlives the user's row, and goes with the second sweep.
    """

    # Of an account.
    name: str = ""
    connection_id: str | None = None
    # Who is mailed when an account is gone: names by email.
    mailed: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Of a user.
    emails: frozenset[str] = field(default=frozenset(), repr=False)
    names: frozenset[str] = field(default=frozenset(), repr=False)
    account_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deletion:
    """A request to delete something, and how far it got.

    `announced_at` is None until the owner and all admins were mailed; `begun_at` until access
    ended. A deletion that an operator begins has no request.
    """

    subject_id: str
    id: str
    asked_by: str
    asked_at: datetime
    announced_at: datetime | None = None
    begun_at: datetime | None = None
    swept_at: datetime | None = None
    leftovers: Leftovers = field(default_factory=Leftovers)

    @property
    def is_of_account(self) -> bool:
        """Whether it deletes an account, and not a user."""
        return self.subject_id.startswith("acc_")

    @property
    def since(self) -> datetime:
        """Return from when on what is made belongs to somebody else."""
        return self.begun_at or self.asked_at

    @property
    def due_at(self) -> datetime:
        """Return from when on a request is carried out."""
        return (self.announced_at or self.asked_at) + WAIT

    def is_due(self, now: datetime) -> bool:
        """Whether a request is to be carried out."""
        return self.waits and now >= self.due_at

    @property
    def waits(self) -> bool:
        """Whether it is a request that can still be cancelled."""
        return self.announced_at is not None and self.begun_at is None

    def is_stale(self, now: datetime) -> bool:
        """Whether it is a request that was never announced, and never will be."""
        return self.announced_at is None and self.begun_at is None and now >= self.due_at

    def needs_second_sweep(self, now: datetime) -> bool:
        """Whether what was written during the first sweep is to be removed now."""
        return self.swept_at is not None and now >= self.swept_at + SECOND_SWEEP_AFTER
