"""Which emails are suppressed, one row each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.suppression import Suppression, SuppressionEntry, SuppressionReason
from chalicelib.storage.dynamo.tables import SuppressionRow
from chalicelib.storage.dynamo.transaction import write_one

if TYPE_CHECKING:
    from collections.abc import Iterator

# The shortest reason is kept in the row for as long as SQS and SNS may still deliver reports, so
# that operators see it for a while. Code compares `until`.
_DELAY_ROW_KEPT = timedelta(days=2)
_PARTS = ("at", "until", "detail")


class Suppressions:
    """The suppression list of a deployment."""

    def find(self, email: str) -> Suppression:
        """Read one email, strongly: a report of a moment ago counts."""
        try:
            return suppression_of(SuppressionRow.get(email, consistent_read=True))
        except SuppressionRow.DoesNotExist:
            return Suppression(email)

    def add(self, email: str, entry: SuppressionEntry) -> bool:
        """Set one reason, unless what is there is as new; says whether it was set.

        Exact under redelivery and out of order: an older report changes nothing, and neither does
        one of before an operator allowed the email again.
        """
        row = SuppressionRow(email)
        at, until, detail = (_column(entry.reason, part) for part in _PARTS)
        removed = SuppressionRow.removed_at
        newer = at.does_not_exist() | (at < entry.at)
        after_removal = removed.does_not_exist() | (removed < entry.at)
        actions = [at.set(entry.at), until.set(entry.until), detail.set(entry.detail)]
        return write_one(
            lambda: row.update(actions=[*actions, _expiry(entry)], condition=newer & after_removal)
        )

    def all(self) -> Iterator[Suppression]:
        """Read every row, in no order; those of ended reasons too, until DynamoDB drops them."""
        for row in SuppressionRow.scan(consistent_read=True):
            yield suppression_of(row)


def suppression_of(row: SuppressionRow) -> Suppression:
    """Read a row."""
    found = (
        (reason, *(_value(row, reason, part) for part in _PARTS)) for reason in SuppressionReason
    )
    entries = (SuppressionEntry(*values) for values in found if all(values))
    return Suppression(row.email, tuple(entries))


def columns() -> list[Any]:
    """Return the columns of every reason."""
    return [_column(reason, part) for reason in SuppressionReason for part in _PARTS]


def _expiry(entry: SuppressionEntry) -> Any:
    ttl = SuppressionRow.ttl
    if entry.reason is SuppressionReason.DELAY:
        # It must not shorten the life of a row that holds more.
        return ttl.set(ttl | (entry.until + _DELAY_ROW_KEPT))
    return ttl.set(entry.until)


def _column(reason: SuppressionReason, part: str) -> Any:
    return getattr(SuppressionRow, f"{reason.value}_{part}")


def _value(row: SuppressionRow, reason: SuppressionReason, part: str) -> Any:
    return getattr(row, f"{reason.value}_{part}")
