"""What `chalice package` makes of the app: the template that CloudFormation gets."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.package.template import whole_template
from infra.stack.stages import read_stage
from infra.tools.merge_template import merge_template
from tests.support.deployment.permissions import FUNCTIONS, allowed
from tests.support.servers.children import ROOT

Template = dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return _build(tmp_path_factory.mktemp("project"))


def _build(project: Path, **settings: Any) -> Template:
    """Build the whole app, but with no third parties to fetch: the template is the same."""
    for name in ("chalicelib", ".chalice"):
        ignored = shutil.ignore_patterns("__pycache__", "deployments", "deployed")
        shutil.copytree(ROOT / name, project / name, ignore=ignored)
    shutil.copy(ROOT / "app.py", project)
    (project / "requirements.txt").touch()
    config = json.loads((project / ".chalice" / "config.json").read_text())
    config["stages"]["dev"] |= settings
    (project / ".chalice" / "config.json").write_text(json.dumps(config))
    merge = project / "merge.json"
    merge.write_text(json.dumps(merge_template("dev")))
    chalice = str(Path(sys.executable).with_name("chalice"))
    command = [chalice, "package", "--stage", "dev", "--merge-template", "merge.json", "out"]
    environ = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
    subprocess.run(command, cwd=project, env=environ, check=True, capture_output=True)
    template: Template = json.loads((project / "out" / "sam.json").read_text())
    return template


def _definition(built: Template) -> dict[str, Any]:
    definition: dict[str, Any] = built["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    return definition


def _authorizers(built: Template) -> dict[str, Any]:
    schemes = _definition(built)["securityDefinitions"].items()
    return {name: s for name, s in schemes if "x-amazon-apigateway-authorizer" in s}


def test_no_decision_about_a_key_is_ever_kept(built: Template) -> None:
    """`F5`: zero seconds; left out it would be five minutes."""
    (scheme,) = _authorizers(built).values()
    authorizer = scheme["x-amazon-apigateway-authorizer"]
    assert authorizer["authorizerResultTtlInSeconds"] == 0
    assert authorizer["type"] == "token"
    assert (scheme["in"], scheme["name"]) == ("header", "Authorization")


def test_what_a_key_reads_is_behind_the_authorizer_and_nothing_else(built: Template) -> None:
    """`F9`."""
    (name,) = _authorizers(built)
    guarded = {
        f"{method.upper()} {path}"
        for path, methods in _definition(built)["paths"].items()
        for method, operation in methods.items()
        if {name: []} in operation.get("security", [])
    }
    readable = ("account", "workspaces", "workspaces/{workspace_id}", "records")
    paths = [f"/api/v1/{path}" for path in (*readable, "records/{record_id}")]
    assert guarded == {f"{method} {path}" for method in ("GET", "HEAD") for path in paths}


def test_a_bad_keys_401_is_ours_in_the_template_too(built: Template) -> None:
    """`F7`."""
    answers = _definition(built)["x-amazon-apigateway-gateway-responses"]
    answer = answers["UNAUTHORIZED"]
    assert answer["statusCode"] == "401"
    assert json.loads(answer["responseTemplates"]["application/json"])["error"] == {
        "type": "authentication_error",
        "code": None,
        "message": "Invalid API key",
        "param": None,
        "path": None,
    }
    parameters = answer["responseParameters"]
    assert parameters["gatewayresponse.header.WWW-Authenticate"] == "'Bearer'"


def test_the_authorizers_function_is_its_own_module(built: Template) -> None:
    functions = {
        resource["Properties"]["Handler"]: resource["Properties"]
        for resource in built["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    authorizer = functions["chalicelib.web.authorizer.check_api_key"]
    assert authorizer["MemorySize"] == 256
    assert authorizer["Architectures"] == ["arm64"]


def _api(built: Template) -> dict[str, Any]:
    properties: dict[str, Any] = built["Resources"]["RestAPI"]["Properties"]
    return properties


def _functions(built: Template) -> list[dict[str, Any]]:
    kind = "AWS::Serverless::Function"
    return [r["Properties"] for r in built["Resources"].values() if r["Type"] == kind]


def test_nothing_is_traced_unless_the_stage_wants_it(built: Template, tmp_path: Path) -> None:
    """With one setting everything is, and every policy allows what that takes."""
    assert {function["Tracing"] for function in _functions(built)} == {"PassThrough"}
    stage = read_stage("dev")
    assert not _api(whole_template(built, stage))["TracingEnabled"]
    traced = whole_template(_build(tmp_path, xray=True), stage)
    assert {function["Tracing"] for function in _functions(traced)} == {"Active"}
    assert _api(traced)["TracingEnabled"]
    for function in FUNCTIONS:
        actions = {permission.action for permission in allowed(function, "dev")}
        assert actions >= {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
