"""Transfers of ownership by an operator: announced first, carried out a day later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import Party, PartyType
from chalicelib.domain.errors import ConflictError, InvalidValueError, NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

# The owner and all admins get a mail at once, and have this long to object.
WAIT = timedelta(days=1)
# A request that wasn't carried out by then is dropped.
LAPSES_AFTER = timedelta(days=7)


class NoHandoverError(NotFoundError):
    """No request to transfer the account is waiting."""

    reason = "no_handover"
    message = "No request to hand this account over is waiting."


class HandoverTooEarlyError(InvalidValueError):
    """The account's owner and admins haven't had their day to object yet."""

    reason = "handover_too_early"


class HandoverWaitsError(ConflictError):
    """A request is already waiting."""

    reason = "handover_waits"
    message = "A request to hand this account over is waiting already. Cancel it first."


@dataclass(frozen=True)
class Handover:
    """An operator's request to make an admin the owner; `announced_at` is None until mailed."""

    id: str
    account_id: str
    owner_id: str
    heir_id: str
    heir_name: str
    heir_email: str
    asked_by: str
    asked_at: datetime
    announced_at: datetime | None = None

    @property
    def heir(self) -> Party:
        """Return the admin who is to become the owner, as the audit log names them."""
        return Party(PartyType.USER, self.heir_id, self.heir_name)

    @property
    def due_at(self) -> datetime:
        """Return the earliest time at which it can be carried out."""
        return (self.announced_at or self.asked_at) + WAIT

    def waits(self, now: datetime) -> bool:
        """Check whether it can still be carried out, now or later."""
        return self.announced_at is not None and now < self.asked_at + LAPSES_AFTER

    def check_due(self, now: datetime, heir_id: str) -> None:
        """Check that it is due for this admin; raises NoHandoverError, HandoverTooEarlyError."""
        if not self.waits(now) or self.heir_id != heir_id:
            raise NoHandoverError
        if now < self.due_at:
            due = f"{self.due_at:%Y-%m-%d %H:%M} UTC"
            message = f"The people of the account can object until {due}. Run it again after that."
            raise HandoverTooEarlyError(message)
