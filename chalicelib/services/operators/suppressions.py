"""What operators see of suppressed emails, and how they let mail go out again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName, Party, PartyType
from chalicelib.domain.email_address import EmailAddress, InvalidEmailError
from chalicelib.domain.errors import InvalidValueError, NotFoundError
from chalicelib.domain.operators.action import OperatorAction
from chalicelib.domain.suppression import SuppressionReason

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.operators.action import Operator
    from chalicelib.domain.suppression import Suppression, SuppressionEntry
    from chalicelib.storage.mail.suppressions import Suppressions
    from chalicelib.storage.operators.suppressions import SuppressionRemovals
    from chalicelib.storage.operators.trail import OperatorLog
    from chalicelib.storage.users.users import Users


@dataclass(frozen=True)
class OperatorSuppressionService:
    """The suppression list as operators use it; looking at all of it is recorded too."""

    suppressions: Suppressions
    removals: SuppressionRemovals
    users: Users
    operator_log: OperatorLog
    clock: Clock

    def of(self, email: str) -> tuple[SuppressionEntry, ...]:
        """Return why an email is suppressed, strongest reason first."""
        return self.suppressions.find(email).in_force(self.clock())

    def found(self, who: str) -> tuple[SuppressionEntry, ...]:
        """Return the same for what an operator typed, which needn't be an email."""
        try:
            return self.of(EmailAddress.parse(who).value)
        except InvalidEmailError:
            return ()

    def require_mailbox(self, email: str) -> None:
        """Refuse to mail where no mail would go; raises InvalidValueError."""
        if any(entry.reason is SuppressionReason.BOUNCE for entry in self.of(email)):
            message = f"No mail goes to {email}, which bounced. `suppressions remove` allows it."
            raise InvalidValueError(message)

    def all(self, operator: Operator) -> list[Suppression]:
        """Return every suppressed email, the one with the newest report first."""
        now = self.clock()
        self.operator_log.write(OperatorAction(operator, EventName.SUPPRESSION_LISTED, now))
        listed = (replace(one, entries=one.in_force(now)) for one in self.suppressions.all())
        return sorted(
            (one for one in listed if one.entries),
            key=lambda one: (max(entry.at for entry in one.entries), one.email),
            reverse=True,
        )

    def remove(self, text: str, operator: Operator) -> OperatorAction:
        """Let mail go to an email again.

        Raises NotFoundError where it isn't suppressed, InvalidEmailError, ConflictError.
        """
        email = EmailAddress.parse(text)
        if not self.of(email.value):
            message = f"{email} isn't suppressed."
            raise NotFoundError(message)
        user_id = self.users.look_up(email).user_id
        user = self.users.get(user_id) if user_id else None
        action = OperatorAction(
            operator,
            EventName.SUPPRESSION_REMOVED,
            self.clock(),
            user.party if user else Party(PartyType.ANONYMOUS, email.value, email.value),
            tuple(user.memberships) if user else (),
        )
        self.removals.remove(email.value, action)
        return action
