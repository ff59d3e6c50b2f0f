"""Removing many rows: in batches, however many there are, and without harm when done twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynamodb.models import Model


def delete_all(model: type[Model], rows: Iterable[Model]) -> int:
    """Delete rows that are read as they are deleted; returns how many."""
    count = 0
    with model.batch_write() as batch:
        for row in rows:
            batch.delete(row)
            count += 1
    return count
