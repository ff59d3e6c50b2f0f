"""Each function may do what it does, and nothing else.

Every flow test checks that no permission is missing: `permissions.py` in `tests/support/deployment`
records what the service under test asks AWS for, and `unused_permissions.py` lists at the end what
no test needed. The tests here check what a policy must never allow.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from infra.stack.policies import file_name
from infra.stack.stages import CONFIG, read_stage
from infra.tools.policies import write_policies
from tests.support.deployment.permissions import (
    FUNCTIONS,
    Permission,
    allowed,
    needless,
    policy,
    used,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_a_function_may_do_and_no_flow_needs_is_told(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`H12`: asked at the end of a run of all flows."""
    first, *others = sorted(p for p in allowed(function) if p.action.startswith("dynamodb:"))
    others += [p for p in allowed(function) if not p.action.startswith("dynamodb:")]
    monkeypatch.setitem(used, function, set(others))
    assert needless(function) == [first]


def test_the_authorizer_reaches_the_keys_table_alone_and_deletes_nothing() -> None:
    """`H12`."""
    on_tables = {p for p in allowed("key_check") if p.action.startswith("dynamodb:")}
    assert on_tables == {Permission("dynamodb:UpdateItem", "api_keys")}


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "deletions"])
def test_nobody_changes_or_deletes_what_the_audit_trail_holds(function: str) -> None:
    """`H6`."""
    on_trail = {p.action for p in allowed(function) if p.on == "audit_events"}
    assert on_trail <= {"dynamodb:PutItem", "dynamodb:Query"}


def test_the_function_that_deletes_is_reached_by_no_request_and_no_message() -> None:
    """`H6`: it makes events anonymous and removes them, so nothing but the clock starts it."""
    actions = {p.action for p in allowed("deletions")}
    assert not {action for action in actions if action.startswith("sqs:")} - {"sqs:SendMessage"}
    import app

    handlers = app.app.pure_lambda_functions + app.app.event_sources
    (found,) = [type(handler).__name__ for handler in handlers if handler.name == "deletions"]
    assert found == "ScheduledEventConfig"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_policy_has_a_wildcard_for_actions_or_for_tables(function: str) -> None:
    for permission in allowed(function):
        assert "*" not in permission.action
        assert "*" not in permission.on
        assert permission.on or not permission.action.startswith("dynamodb:")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_stages_differ_in_their_names_alone(function: str) -> None:
    dev = re.sub("(thub|auth)-dev", r"\1-prod", json.dumps(policy(function, "dev")))
    assert json.loads(dev) == policy(function, "prod")


def test_the_files_of_policies_are_what_the_template_writes(tmp_path: Path) -> None:
    """`python -m infra.tools.policies` writes them."""
    write_policies(tmp_path)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {path.name: path.read_text() for path in CONFIG.parent.glob("policy-*")} == written


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_each_function_has_the_file_that_is_written_for_it(stage: str) -> None:
    config = json.loads(CONFIG.read_text())["stages"][stage]
    for function in read_stage(stage).functions:
        chosen = config if function == "api" else config["lambda_functions"][function]
        assert chosen["iam_policy_file"] == file_name(function, read_stage(stage))
