"""What goes to AWS: the gateway's own answers, the settings of functions, narrow policies."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.storage.dynamo.tables import TABLES
from infra.stack.gateway_responses import gateway_responses
from infra.stack.resources import table_definitions, template, ttl_attributes
from infra.stack.stages import CONFIG
from infra.tools.merge_template import merge_template
from tests.support.servers.children import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.engines import EngineRoom

_STAGES = ("dev", "prod")
_POLICIES = sorted(CONFIG.parent.glob("policy-*.json"))

# http.md: the type of an error for each status that the gateway may give.
_TYPES = {
    400: "invalid_request_error",
    413: "invalid_request_error",
    415: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
}


@pytest.mark.parametrize("name", gateway_responses())
def test_the_gateways_own_answers_have_the_envelope(name: str) -> None:
    answer = gateway_responses()[name]
    error = json.loads(answer.body)["error"]
    assert list(error) == ["type", "code", "message", "param", "path"]
    assert error["type"] == _TYPES[answer.status or 400]
    assert "$" not in answer.body
    assert ("WWW-Authenticate" in answer.headers) == (answer.status == 401)
    assert ("Retry-After" in answer.headers) == (answer.status == 429)


def test_every_answer_that_api_gateway_can_give_is_ours() -> None:
    defaults = {"DEFAULT_4XX", "DEFAULT_5XX"}
    assert defaults < set(gateway_responses())
    assert gateway_responses()["UNAUTHORIZED"].body == (
        '{"error": {"type": "authentication_error", "code": null, "message": "Invalid API key", '
        '"param": null, "path": null}}'
    )


@pytest.mark.parametrize("stage", _STAGES)
def test_they_are_merged_into_the_template_as_api_gateway_wants_them(
    stage: str, tmp_path: Path
) -> None:
    target = tmp_path / "build" / "merge.json"
    command = [sys.executable, "-m", "infra.tools.merge_template", str(target), stage]
    subprocess.run(command, cwd=ROOT, check=True)
    merged = json.loads(target.read_text())
    assert merged == merge_template(stage)
    resources = merged["Resources"]
    definition = resources["RestAPI"]["Properties"]["DefinitionBody"]
    answers = definition["x-amazon-apigateway-gateway-responses"]
    assert answers["UNAUTHORIZED"]["statusCode"] == "401"
    assert "statusCode" not in answers["DEFAULT_4XX"]
    parameters = answers["UNAUTHORIZED"]["responseParameters"]
    assert parameters["gatewayresponse.header.WWW-Authenticate"] == "'Bearer'"
    assert parameters["gatewayresponse.header.X-Request-Id"] == "context.requestId"
    variables = resources["APIHandler"]["Properties"]["Environment"]["Variables"]
    assert variables["MAIL_QUEUE_URL"]["Fn::Sub"].endswith(f"/thub-{stage}-mail")


def _config() -> dict[str, Any]:
    config: dict[str, Any] = json.loads(CONFIG.read_text())
    return config


@pytest.mark.parametrize("stage", _STAGES)
def test_a_stages_names_fit_together(stage: str) -> None:
    settings = _config()["stages"][stage]
    variables = settings["environment_variables"]
    assert variables["MAIL_QUEUE_NAME"] == variables["TABLE_PREFIX"] + "mail"
    functions = settings["lambda_functions"].values()
    for policy in (settings["iam_policy_file"], *(f["iam_policy_file"] for f in functions)):
        assert variables["TABLE_PREFIX"] in (CONFIG.parent / policy).read_text()


def test_a_mail_is_not_delivered_twice_because_its_function_is_slow() -> None:
    visible = template()["Parameters"]["MailVisibilitySeconds"]["Default"]
    for stage in _STAGES:
        timeout = _config()["stages"][stage]["lambda_functions"]["mail"]["lambda_timeout"]
        assert visible == 6 * timeout


@pytest.mark.parametrize("path", _POLICIES, ids=lambda path: path.stem)
def test_a_policy_names_each_action_and_no_other_stage(path: Path) -> None:
    own, other = ("dev", "prod") if path.stem.endswith("dev") else ("prod", "dev")
    assert f"thub-{other}" not in path.read_text()
    for statement in json.loads(path.read_text())["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in _listed(statement["Action"]):
            assert "*" not in action
        for resource in _listed(statement["Resource"]):
            if statement["Sid"] == "TraceWhereTurnedOn":
                # X-Ray has nothing narrower to name.
                assert resource == "*"
                continue
            service = resource.split(":")[2]
            narrow = {
                "dynamodb": rf"table/thub-{own}-({'|'.join(TABLES)})(/index/by_user)?",
                "sqs": f"thub-{own}-mail",
                "ses": r"(configuration-set|identity)/\*",
                "ssm": f"parameter/thub-{own}/secrets",
                "logs": rf"log-group:/aws/lambda/terminus-hub-auth-{own}(-\w+)?:\*",
            }
            assert re.fullmatch(narrow[service], resource.split(":", 5)[5].removeprefix(":"))


@pytest.mark.parametrize("path", _POLICIES, ids=lambda path: path.stem)
def test_only_deletions_can_change_or_delete_audit_events(path: Path) -> None:
    """`H6`: every other function only puts new events, and reads."""
    allowed = {
        action
        for statement in json.loads(path.read_text())["Statement"]
        for resource in _listed(statement["Resource"])
        for action in _listed(statement["Action"])
        if action.startswith("dynamodb:")
        if any(
            fnmatch.fnmatch(f"arn:aws:dynamodb:r:1:table/thub-{stage}-audit_events", resource)
            for stage in _STAGES
        )
    }
    may_change = bool(allowed - {"dynamodb:PutItem", "dynamodb:Query"})
    assert may_change == path.stem.startswith("policy-deletions-")


def test_the_functions_that_write_the_trail_may() -> None:
    for name in ("api", "mail"):
        for stage in ("dev", "prod"):
            policy = (CONFIG.parent / f"policy-{name}-{stage}.json").read_text()
            assert f"table/thub-{stage}-audit_events" in policy


@pytest.mark.parametrize("stage", _STAGES)
def test_the_authorizer_may_update_keys_and_nothing_else(stage: str) -> None:
    """`H12`: not even read them, and no other table."""
    policy = json.loads((CONFIG.parent / f"policy-key-check-{stage}.json").read_text())
    (tables,) = [s for s in policy["Statement"] if "dynamodb" in s["Resource"]]
    assert tables["Action"] == "dynamodb:UpdateItem"
    assert tables["Resource"].endswith(f"table/thub-{stage}-api_keys")


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.fixture
def made(engine_room: EngineRoom, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from infra.local.provisioning import apply_stack

    with engine_room.use("ministack") as engine:
        assert engine.endpoint is not None
        for name, value in engine.environ.items():
            monkeypatch.setenv(name, value)
        parameters = {"TablePrefix": "made-", "DeletionProtection": "false"}
        for _ in range(2):
            # The second time there is nothing to update, which is as good.
            apply_stack(engine.endpoint, "made", parameters)
        yield engine.client("dynamodb")


def test_the_stack_makes_the_tables_that_tests_use(made: Any) -> None:
    for definition in table_definitions("made-"):
        table = made.describe_table(TableName=definition["TableName"])["Table"]
        assert table["KeySchema"] == definition["KeySchema"]
        assert _sorted(table) == _sorted(definition)
        indexes = {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])}
        assert indexes == {
            index["IndexName"] for index in definition.get("GlobalSecondaryIndexes", [])
        }


def _sorted(table: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((a["AttributeName"], a["AttributeType"]) for a in table["AttributeDefinitions"])


def test_every_table_is_on_demand_backed_up_encrypted_and_hard_to_delete() -> None:
    for name, resource in template()["Resources"].items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            properties = resource["Properties"]
            assert properties["BillingMode"] == "PAY_PER_REQUEST", name
            assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], (
                name
            )
            assert properties["SSESpecification"]["SSEEnabled"], name
            assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}, name


def test_what_expires_has_a_ttl() -> None:
    assert ttl_attributes("x-") == dict.fromkeys(
        (
            "x-emails",
            "x-sign_ups",
            "x-links",
            "x-sessions",
            "x-limits",
            "x-audit_events",
            "x-sso_requests",
            "x-sso_assertions",
            "x-suppressions",
            "x-deletions",
        ),
        "ttl",
    )


def test_the_template_is_what_cloudformation_takes() -> None:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "infra/stack/resources.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("python", "sentence"),
    [("no-such-python", "Python is missing: no-such-python"), ("old", "Python is too old: 3.11")],
)
def test_make_says_what_is_wrong_with_python(python: str, sentence: str, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    chosen = str(old) if python == "old" else python
    done = subprocess.run(
        ["make", "run", f"PYTHON={chosen}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr.startswith(sentence)
    assert not re.search("Traceback", done.stderr)
