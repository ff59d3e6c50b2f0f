"""What operators' credentials need: all that the commands ask AWS for, and nothing more."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import bcrypt
import pytest

from chalicelib.domain.roles import Role
from tests.support.deployment.permissions import Permission, _bare, _listed, _needed
from tests.support.keys import account_of, add_member, an_owner, make_key
from tests.support.mail_events import suppress
from tests.support.personas.company import a_company
from tests.support.personas.invitations import invite
from tests.support.personas.journeys import ADDRESS, ask_sign_up
from tests.support.personas.operators import done
from tests.support.servers.children import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.support.personas.users import StoppedClock
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service

_WAITING, _ADMIN = "waiting@x.test", "ada@x.test"
_POLICY = ROOT / "infra" / "operator" / "policy.json"
# At the beginning of a command, before the stage's services are there; STS needs no permission.
_AT_THE_START = {"sqs:GetQueueUrl", "ssm:GetParametersByPath"}


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    return {"DNS_SERVER": dns.setting, "IMPORTED_BCRYPT_COST": "4"}


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


def _statements() -> Iterator[tuple[set[str], list[str]]]:
    for statement in json.loads(_POLICY.read_text())["Statement"]:
        yield set(_listed(statement["Action"])), _listed(statement["Resource"])


@pytest.mark.requirement("H6", "H12")
def test_the_policy_lets_every_command_work_and_nothing_else(
    service: Service, dns: DnsServer, tmp_path: Path, clock: StoppedClock
) -> None:
    owner = an_owner(service)
    a_company(service, dns, owner=owner)
    account_id = account_of(owner)
    make_key(owner)
    invite(owner)
    assert ask_sign_up(service.program(), _WAITING).status == 202
    workspaces = service.rows("accounts")
    workspace = next(w for row in workspaces if "items" in row for w in row["items"]["M"])
    users, records = tmp_path / "users.jsonl", tmp_path / "records.jsonl"
    made = bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode()
    line = {"email": _WAITING, "password_hash": made, "accounts": [{"id": account_id}]}
    users.write_text(json.dumps(line))
    records.write_text(json.dumps({"id": "r", "terminus_id": "T", "workspace_id": workspace}))
    add_member(service, account_id, _ADMIN, Role.ADMIN)
    suppress("gone@x.test")
    with _recorded(service.settings.table_prefix) as seen:
        for command in ("find", "unlock", "send-reset"):
            done(command, ADDRESS)
        for command in ("end-sessions", "force-reset"):
            done(command, ADDRESS, "--yes")
        done("import-users", str(users))
        done("export-users", str(tmp_path / "out.jsonl"), "--yes")
        done("export-account", account_id, str(tmp_path / "account.jsonl"))
        hand_over = ("transfer-ownership", "--account", account_id, "--to", _ADMIN, "--yes")
        done(*hand_over)
        clock.advance(timedelta(days=1))
        done(*hand_over, "--confirm")
        done("transfer-ownership", "--account", account_id, "--to", ADDRESS, "--yes")
        done("transfer-ownership", "--account", account_id, "--cancel")
        done("records", "load", str(records), "--account", account_id)
        done("suppressions", "list")
        done("suppressions", "remove", "gone@x.test")
        done("trail")
    needed = {p for p in seen if not p.action.startswith("sts:")}
    allowed = {
        Permission(action, _bare(resource, "prod"))
        for actions, resources in _statements()
        for action in actions - _AT_THE_START
        for resource in resources
    }
    assert sorted(map(str, needed - allowed)) == []
    assert sorted(map(str, allowed - needed)) == []


def test_no_operator_can_change_what_the_trail_holds() -> None:
    """`H6`."""
    for actions, resources in _statements():
        if any("audit_events" in resource for resource in resources):
            assert actions == {"dynamodb:PutItem", "dynamodb:Query"}
            assert len(resources) == 1
