"""A small realistic data set: the shipments of a freight company."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.keys.record import parse_record
from infra.errors import CommandError
from infra.tools.record_lines import GoodLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.bootstrap.operators import Accounts
    from chalicelib.domain.user import Account

COUNT = 120

_PLACES = ("Antwerp", "Basel", "Gdansk", "Hamburg", "Lyon", "Porto", "Rotterdam", "Trieste")
_GOODS = ("ceramic tiles", "coffee", "bicycle frames", "seed potatoes", "window glass", "paper")
_FIRST = datetime(2026, 9, 1, 6, 0, tzinfo=UTC)
_ARCHIVED_SHARE = 0.3


def newest_account(accounts: Accounts, account_id: str | None) -> Account:
    """Return the named account, or the newest one; raises CommandError."""
    from chalicelib.storage.dynamo.tables import AccountRow

    if account_id is None:
        rows = [row for row in AccountRow.scan() if row.part == "account"]
        if not rows:
            message = "There is no account yet. Sign up first, and confirm the address."
            raise CommandError(message)
        account_id = max(rows, key=lambda row: row.created_at).account_id
    try:
        return accounts.get(account_id)
    except NotFoundError as error:
        message = f"There is no account {account_id!r}."
        raise CommandError(message) from error


def demo_lines(account: Account) -> Iterator[GoodLine]:
    """Make the same records each time; raises CommandError for an account without workspaces."""
    if not account.workspaces:
        message = f"{account.name} has no workspace to put records in."
        raise CommandError(message)
    # Not for secrets: the same seed gives the same shipments.
    chance = random.Random(account.id)  # noqa: S311
    for number in range(1, COUNT + 1):
        at = _FIRST + timedelta(minutes=chance.randrange(60 * 24 * 80))
        origin, destination = chance.sample(_PLACES, 2)
        fields = {
            "id": f"demo-{number:04}",
            "terminus_id": f"T-{chance.randrange(10_000, 99_999)}",
            "workspace_id": chance.choice(account.workspaces).id,
            "status": "archived" if chance.random() < _ARCHIVED_SHARE else "active",
            "data": {
                "origin": origin,
                "destination": destination,
                "goods": chance.choice(_GOODS),
                "pallets": chance.randrange(1, 34),
                "insured": chance.random() < 0.5,  # noqa: PLR2004 - a coin
            },
            "created_at": at.isoformat().replace("+00:00", "Z"),
        }
        yield GoodLine(number, account.id, parse_record(fields, _FIRST), time_given=True)
