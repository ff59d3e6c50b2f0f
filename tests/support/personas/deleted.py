"""What is left of users and accounts that were deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.support.servers.tables import everything

if TYPE_CHECKING:
    from tests.support.service import Service


def rows_that_name(service: Service, *words: str) -> dict[str, list[str]]:
    """Give the rows of each table that have one of these words, whatever their case."""
    prefix = service.settings.table_prefix
    found = {
        table.removeprefix(prefix): [
            row for row in rows if any(word.casefold() in row.casefold() for word in words)
        ]
        for table, rows in everything(service.engine, prefix).items()
    }
    # Copies that a restore has made aren't the service's.
    return {t: rows for t, rows in found.items() if rows and not t.startswith("at-")}


def all_is_swept(service: Service) -> None:
    """Let the hour pass after which a deletion is swept once more, and the daily job run."""
    service.clock.advance(timedelta(hours=1))
    service.carry_on_deletions()
