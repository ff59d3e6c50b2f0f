"""One conditional update of one row: what it can come to, whichever way it travels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Updates(Protocol):
    """Sends `UpdateItem`, its request and answer as DynamoDB writes them."""

    @property
    def ahead(self) -> float:
        """How many seconds this machine's clock is ahead of DynamoDB's, by its answers so far."""

    def update(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Update a row, and give DynamoDB's answer.

        Raises UpdateRefusedError when the condition didn't hold, ClockCorrectedError when the
        request was turned away for its time, UpdateUndecidedError when it isn't known what became
        of it.
        """

    def close(self) -> None:
        """Close the connections, after an answer that makes no sense; the next update opens one."""


class UpdateRefusedError(Exception):
    """The condition didn't hold; `row` is the row as it is, or nothing where there is none."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        super().__init__("condition not met")
        self.row = row


class UpdateUndecidedError(Exception):
    """DynamoDB gave no decision; the message says what it gave instead, and no secret."""


class ClockCorrectedError(UpdateUndecidedError):
    """Our clock was too wrong for a signature. The error is known now, and nothing was written."""
