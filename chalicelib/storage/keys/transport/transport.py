"""One conditional update of one row, and its possible results, over either transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Updates(Protocol):
    """Sends `UpdateItem`; request and answer have DynamoDB's form."""

    @property
    def ahead(self) -> float:
        """Return how many seconds this machine's clock is ahead of DynamoDB's."""

    def update(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Update a row, and return DynamoDB's answer.

        Raises UpdateRefusedError if the condition failed, ClockCorrectedError if the request was
        rejected for its time, UpdateUndecidedError if its result is unknown.
        """

    def close(self) -> None:
        """Close the connections, after an answer that makes no sense; the next update opens one."""


class UpdateRefusedError(Exception):
    """The condition failed; `row` is the row as it is, or empty if there is none."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        super().__init__("condition not met")
        self.row = row


class UpdateUndecidedError(Exception):
    """DynamoDB gave no decision; the message says what it gave instead, without secrets."""


class ClockCorrectedError(UpdateUndecidedError):
    """Our clock was too wrong for a signature. The error is known now; nothing was written."""
