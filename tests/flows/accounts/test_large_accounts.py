"""Large accounts: lists and pages take as many store requests as in small ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.roles import Role
from chalicelib.domain.user import Membership
from tests.support.keys import account_of, an_owner
from tests.support.personas.journeys import ADDRESS, ask_sign_in
from tests.support.personas.users import NOON
from tests.support.servers.engines import REGION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.http import Program
    from tests.support.ledger import Ledger
    from tests.support.service import Service

_MEMBERS = "/api/v1/members"
_RESUME = ["dynamodb.UpdateItem(sessions)", "dynamodb.BatchGetItem(accounts, users)"]


def _ids(count: int) -> list[str]:
    return [f"usr_{number:032}" for number in range(count)]


def _list(service: Service, account_id: str, user_ids: Iterable[str], total: int) -> None:
    """List users in an account, without rows of their own.

    Straight into moto's memory: ten thousand normal puts take half a minute.
    """
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    from chalicelib.storage.accounts.membership_rows import listing_row
    from chalicelib.storage.dynamo.tables import AccountRow

    table = f"{service.settings.table_prefix}accounts"
    backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION]
    for user_id in user_ids:
        backend.put_item(table, listing_row(account_id, user_id).serialize())
    AccountRow(account_id, "account").update(actions=[AccountRow.member_count.set(total)])


def _make_people(account_id: str, user_ids: Iterable[str]) -> None:
    from chalicelib.storage.dynamo.rows import membership_map
    from chalicelib.storage.dynamo.tables import UserRow

    member = membership_map(Membership(account_id, "Acme", Role.MEMBER))
    with UserRow.batch_write() as batch:
        for user_id in user_ids:
            batch.save(
                UserRow(
                    user_id,
                    email=f"{user_id}@acme.test",
                    name="Kim",
                    created_at=NOON,
                    credentials_version=1,
                    memberships={account_id: member},
                )
            )


def _cost(ledger: Ledger, program: Program, path: str) -> list[str]:
    ledger.clear()
    reply = program.get(path)
    assert reply.status == 200, reply.text
    return [str(call) for call in ledger.calls]


def test_ten_thousand_members_cost_what_ten_do(service: Service, ledger: Ledger) -> None:
    """Any page of a hundred, the last one too: one request for the list, one for the users.

    Two more, on the first page, read the invitations, and an operator's request for another
    owner.
    """
    owner = an_owner(service)
    account_id, ids = account_of(owner), _ids(9_999)
    _list(service, account_id, ids[:9], 10)
    _make_people(account_id, ids[:9])
    listing = [*_RESUME, "dynamodb.Query(accounts)", "dynamodb.BatchGetItem(users)"]
    first = ["dynamodb.Query(accounts)", "dynamodb.BatchGetItem(accounts)"]
    pages = {_MEMBERS: listing, "/settings/members": [*listing, *first]}
    assert {path: _cost(ledger, owner, path) for path in pages} == pages

    _list(service, account_id, ids[9:], 10_000)
    _make_people(account_id, [*ids[9:100], *ids[-100:]])
    pages["/settings/members?page=100"] = listing
    assert {path: _cost(ledger, owner, path) for path in pages} == pages
    last = owner.get(f"{_MEMBERS}?page=100").json
    assert (len(last["items"]), last["has_more"], last["total_count"]) == (100, False, 10_000)
    for path in (f"{_MEMBERS}?page=101", "/"):
        assert _cost(ledger, owner, path) == _RESUME


def test_a_user_with_two_hundred_accounts_costs_what_one_with_one_does(
    service: Service, ledger: Ledger
) -> None:
    from chalicelib.storage.dynamo.rows import membership_map
    from chalicelib.storage.dynamo.tables import EmailRow, UserRow

    owner = an_owner(service)
    account_id = account_of(owner)
    paths = ["/", "/accounts", "/auth/session", _MEMBERS]
    one = [_cost(ledger, owner, path) for path in paths]
    row = UserRow.get(EmailRow.get(ADDRESS).user_id)
    for number in range(199):
        other = Membership(f"acc_{number:032}", f"Account {number}", Role.MEMBER)
        row.memberships[other.account_id] = membership_map(other)
    row.save()
    assert [_cost(ledger, owner, path) for path in paths] == one
    assert one[:3] == [_RESUME] * 3
    again = service.program()
    assert len(ask_sign_in(again).json["accounts"]) == 200
    assert again.post("/auth/session/account", {"account_id": account_id}).status == 200
