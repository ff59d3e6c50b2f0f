"""Everything of one account, and nothing of another's, in one file without secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.operators.action import OPERATORS
from tests.support.audit_log import audit_events
from tests.support.keys import account_of, an_owner, make_key
from tests.support.personas.company import a_company
from tests.support.personas.invitations import INVITED, accept_as_new, invite, mailed_token
from tests.support.personas.journeys import ADDRESS, OTHER_PASSWORD, PASSWORD
from tests.support.personas.operators import done, operate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.http import Program
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    return {"DNS_SERVER": dns.setting}


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


def _exported(account_id: str, tmp_path: Path) -> tuple[str, list[dict[str, Any]]]:
    file = tmp_path / "account.jsonl"
    done("export-account", account_id, str(file))
    text = file.read_text("utf-8")
    return text, [json.loads(line) for line in text.splitlines()]


def _load(account_id: str, workspace: str, tmp_path: Path, *ids: str) -> str:
    file = tmp_path / "records.jsonl"
    lines = ({"id": key, "terminus_id": "T", "workspace_id": workspace} for key in ids)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return done("records", "load", str(file), "--account", account_id)


@pytest.mark.requirement("F3", "H15")
def test_everything_of_the_account_is_there_and_no_secret(
    service: Service, dns: DnsServer, owner: Program, tmp_path: Path
) -> None:
    a_company(service, dns, owner=owner)
    account_id = account_of(owner)
    key = make_key(owner)
    invite(owner)
    accept_as_new(service.program(), mailed_token(service))
    invite(owner, "lee@acme.test")
    stranger = an_owner(service, "stranger@other.test")
    invite(stranger, "guest@other.test")
    main = owner.get("/auth/session").json
    _, (first, *_) = _exported(account_id, tmp_path)
    (tmp_path / "account.jsonl").unlink()
    workspace = _workspaces(account_id)
    _load(account_id, workspace, tmp_path, "r-1", "r-2")
    text, lines = _exported(account_id, tmp_path)
    by_type: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        by_type.setdefault(line["type"], []).append(line)
    assert first["id"] == by_type["account"][0]["id"] == account_id == main["account"]["id"]
    assert {m["email"]: m["role"] for m in by_type["member"]} == {
        ADDRESS: "owner",
        INVITED: "member",
    }
    assert [w["name"] for w in by_type["workspace"]] == ["Main"]
    assert [i["email"] for i in by_type["invitation"]] == ["lee@acme.test"]
    assert [k["id"] for k in by_type["api_key"]] == [key["id"]]
    assert by_type["sso_connection"][0]["certificates"][0].startswith("-----BEGIN CERTIFICATE")
    assert [d["domain"] for d in by_type["sso_domain"]] == ["acme.test"]
    assert [r["id"] for r in by_type["record"]] == ["r-1", "r-2"]
    events = {event["event"] for event in by_type["audit_event"]}
    assert events >= {"account.created", "record.loaded", "account.exported", "sso.configured"}
    for secret in (key["key"], PASSWORD, OTHER_PASSWORD, "argon2", "other.test", "arn:aws", "opr@"):
        assert secret not in text


def _workspaces(account_id: str) -> str:
    from chalicelib.storage.dynamo.tables import AccountRow

    (workspace,) = AccountRow.get(account_id, "workspaces").items.as_dict()
    return str(workspace)


def test_the_account_is_told_before_anything_is_written(
    service: Service, owner: Program, tmp_path: Path
) -> None:
    account_id = account_of(owner)
    _exported(account_id, tmp_path)
    (exported,) = audit_events(service, account_id, "account.exported")
    assert exported["actor"] == {"type": "operator", "id": None, "name": "Jo"}
    assert exported["target"]["name"] == "Acme"
    (known,) = audit_events(service, OPERATORS, "account.exported")
    assert known["details"]["accounts"] == [account_id]


def test_an_account_that_is_none_is_said_to_be_none(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "none.jsonl"
    result = operate("export-account", "acc_none", str(file))
    assert isinstance(result.exception, NotFoundError)
    assert str(result.exception) == "There is no account acc_none."
    assert list(tmp_path.iterdir()) == []
    assert service.rows("audit_events") == []


def test_a_load_is_told_once_and_one_that_changes_nothing_isnt(
    service: Service, owner: Program, tmp_path: Path
) -> None:
    account_id = account_of(owner)
    workspace, ids = _workspaces(account_id), [f"r-{number}" for number in range(200)]
    assert "200 added" in _load(account_id, workspace, tmp_path, *ids)
    (loaded,) = audit_events(service, account_id, "record.loaded")
    assert loaded["actor"]["name"] == "Jo"
    assert "200 as they were" in _load(account_id, workspace, tmp_path, *ids)
    assert audit_events(service, account_id, "record.loaded") == [loaded]
