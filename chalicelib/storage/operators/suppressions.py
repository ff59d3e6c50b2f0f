"""How an operator lets mail go to an email again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.storage.dynamo.tables import SuppressionRow
from chalicelib.storage.mail.suppressions import columns

if TYPE_CHECKING:
    from chalicelib.domain.operators.action import OperatorAction
    from chalicelib.storage.operators.trail import OperatorLog

# Longer than a report can still arrive: four days in the queue, fourteen parked beside it.
_REMOVAL_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class SuppressionRemovals:
    """Takes every reason away, in one transaction with the event that records it."""

    operator_log: OperatorLog

    def remove(self, email: str, action: OperatorAction) -> None:
        """Allow an email again, for reports of before too; raises ConflictError if it is."""
        row = SuppressionRow(email)
        is_suppressed = (
            SuppressionRow.bounce_at.exists()
            | SuppressionRow.complaint_at.exists()
            | SuppressionRow.delay_at.exists()
        )
        changes = [
            *(column.remove() for column in columns()),
            SuppressionRow.removed_at.set(action.at),
            SuppressionRow.ttl.set(action.at + _REMOVAL_KEPT),
        ]
        self.operator_log.write(action, lambda tx: tx.update(row, changes, is_suppressed))
