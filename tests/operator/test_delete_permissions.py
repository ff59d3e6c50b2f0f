"""What deleting needs beyond an operator's usual credentials: a policy of its own, and no more."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from chalicelib.domain.roles import Role
from chalicelib.storage.dynamo.tables import UserRow
from tests.support.audit_log import user_id_of
from tests.support.deployment.permissions import Permission, _bare, _listed, _needed
from tests.support.keys import account_of, add_member, an_owner, make_key
from tests.support.personas.company import a_company
from tests.support.personas.invitations import ask_invite, mailed_token
from tests.support.personas.journeys import ask_sign_up
from tests.support.personas.operators import done
from tests.support.personas.users import StoppedClock
from tests.support.servers.children import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service

_MO, _MOMO = "mo@acme.test", "momo@acme.test"


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    return {"DNS_SERVER": dns.setting}


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock.near_now()


def _policy(name: str) -> set[Permission]:
    text = (ROOT / "infra" / "operator" / name).read_text()
    return {
        Permission(action, _bare(resource, "prod"))
        for statement in json.loads(text)["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }


@contextlib.contextmanager
def _recorded(prefix: str) -> Iterator[set[Permission]]:
    from botocore.client import BaseClient

    seen: set[Permission] = set()
    call = BaseClient._make_api_call  # noqa: SLF001 - every AWS call passes here

    def record(self: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        seen.update(_needed(self.meta.service_model.service_name, operation, parameters, prefix))
        return call(self, operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", record):
        yield seen


def test_the_policy_of_deleting_is_what_deleting_needs(
    service: Service, dns: DnsServer, tmp_path: Path
) -> None:
    """`H12`."""
    company = a_company(service, dns)
    account_id = company.account_id
    admin = add_member(service, account_id, _MO, Role.ADMIN)
    own = account_of(an_owner(service, "ada@else.test"))
    company.sign_in(_MO)
    company.sign_in("kim@acme.test", "Kim")
    company.start(service.program())
    gone = user_id_of("kim@acme.test")
    assert company.owner.call("DELETE", f"/api/v1/members/{gone}").status == 204
    admin.post("/auth/session/account", {"account_id": account_id})
    ask_invite(admin, "guest@else.test")
    changed = {"current_password": "violet harbour under snow", "email": _MOMO}
    admin.post("/auth/profile/email", changed)
    token = mailed_token(service, _MOMO)
    assert admin.post("/auth/email_confirmation", {"token": token}).status == 200
    made = company.owner.post("/api/v1/workspaces", {"name": "Lab"}).json
    row = {"id": "rec_1", "terminus_id": "t1", "workspace_id": made["id"], "data": {}}
    file = tmp_path / "records.jsonl"
    file.write_text(json.dumps(row | {"status": "active", "created_at": "2026-11-24T09:30:00Z"}))
    done("records", "load", str(file), "--account", account_id)
    ask_sign_up(service.program(), _MOMO)
    make_key(company.owner)
    add_member(service, own, "leo@else.test", Role.MEMBER)
    service.work()
    accounts = UserRow.get(user_id_of(_MOMO)).memberships.as_dict().keys() - {account_id}
    with _recorded(service.settings.table_prefix) as seen:
        for account in accounts:
            done("accounts", "delete", account, "--yes")
        done("users", "delete", _MOMO, "--yes")
        done("accounts", "delete", account_id, "--yes")
    usual, more = _policy("policy.json"), _policy("policy-delete.json")
    needed = {permission for permission in seen if not permission.action.startswith("sts:")}
    assert more - needed == set()
    assert needed - more - usual == set(), sorted(map(str, needed - more - usual))
