"""The one template: everything in it, what an emulator ignores too, and nothing by the hour."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.storage.dynamo.tables import TABLES
from infra.errors import CommandError
from infra.package.template import function_of, functions, whole_template
from infra.stack.gateway_responses import openapi_extension
from infra.stack.resources import template as resources_template
from infra.stack.stages import CONFIG, read_stage
from tests.support.servers.children import ROOT

if TYPE_CHECKING:
    from infra.package.build import Package

Template = dict[str, Any]

# Each is paid by what is used, or not at all. (An alarm and a dashboard have a monthly price, the
# first ten and three of them none.) A type that is not named here needs a look at its price first.
_NOT_BY_THE_HOUR = {
    "AWS::CertificateManager::Certificate",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::DomainName",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::DynamoDB::Table",
    "AWS::IAM::Role",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SES::EmailIdentity",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::Api",
    "AWS::Serverless::Function",
}
_MOST_BYTES = 1_000_000


@pytest.fixture(scope="session")
def whole(package: Package) -> Template:
    made: Template = json.loads(package.template.read_text())
    return made


def test_cloudformation_takes_it(package: Package) -> None:
    command = [str(Path(sys.executable).with_name("cfn-lint")), str(package.template)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert package.template.stat().st_size < _MOST_BYTES


def test_nothing_in_it_is_billed_by_the_hour(whole: Template) -> None:
    assert {resource["Type"] for resource in whole["Resources"].values()} <= _NOT_BY_THE_HOUR
    for function in functions(whole).values():
        # Kept warm, a function costs while nobody calls it; in a VPC, it needs a gateway that does.
        assert function["Properties"].keys().isdisjoint({"ProvisionedConcurrencyConfig"})
        assert "VpcConfig" not in function["Properties"]
    properties = whole["Resources"]["RestAPI"]["Properties"]
    assert not properties.get("CacheClusterEnabled")


def test_all_of_infras_resources_are_in_it_as_they_are(whole: Template) -> None:
    """TTL, PITR, encryption and deletion protection, which the emulator ignores, included."""
    ours = resources_template()
    for section in ("Resources", "Conditions", "Outputs"):
        for name, entry in ours.get(section, {}).items():
            assert whole[section][name] == entry, name
    assert ours["Parameters"].keys() <= whole["Parameters"].keys()


def test_every_table_is_kept_encrypted_restorable_and_tidied_up(whole: Template) -> None:
    """`H16`: said of each table one by one, for no emulator would miss it."""
    tables = {
        resource["Properties"]["TableName"]["Fn::Sub"].removeprefix("${TablePrefix}"): resource
        for resource in whole["Resources"].values()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }
    assert tables.keys() == TABLES.keys()
    for table in tables.values():
        properties = table["Properties"]
        assert properties["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": True
        }
        assert properties["SSESpecification"] == {"SSEEnabled": True}
        assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert whole["Parameters"]["DeletionProtection"]["Default"] == "true"
    tidied = {name for name, t in tables.items() if "TimeToLiveSpecification" in t["Properties"]}
    assert tidied == {name for name, model in TABLES.items() if "ttl" in model.get_attributes()}
    for name in tidied:
        assert tables[name]["Properties"]["TimeToLiveSpecification"] == {
            "AttributeName": "ttl",
            "Enabled": True,
        }


def test_the_gateways_answers_and_no_cached_decision_are_in_it(whole: Template) -> None:
    """`F5`, `H1`: the emulator ignores them."""
    definition = whole["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    assert definition["x-amazon-apigateway-gateway-responses"] == openapi_extension()
    (ttl,) = {
        scheme["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"]
        for scheme in definition["securityDefinitions"].values()
        if "x-amazon-apigateway-authorizer" in scheme
    }
    assert ttl == 0


def test_functions_are_those_that_chalice_would_deploy_with_the_stages_settings(
    whole: Template,
) -> None:
    stage = json.loads(CONFIG.read_text())["stages"]["prod"]
    names = {}
    for logical_id, function in functions(whole).items():
        properties = function["Properties"]
        name = function_of(logical_id)
        names[name] = properties["FunctionName"]
        own = stage["lambda_functions"].get(name, {})
        assert properties["MemorySize"] == own.get("lambda_memory_size", 1024)
        assert properties["Timeout"] == own.get("lambda_timeout", 29)
        assert properties["Architectures"] == ["arm64"]
        assert properties["Runtime"] == f"python3.{sys.version_info.minor}"
    assert names == {
        "api": "terminus-hub-auth-prod",
        "mail": "terminus-hub-auth-prod-mail",
        "key_check": "terminus-hub-auth-prod-key_check",
        "sso_watch": "terminus-hub-auth-prod-sso_watch",
        "deletions": "terminus-hub-auth-prod-deletions",
    }


def test_each_functions_log_is_kept_for_a_time_and_made_before_it(whole: Template) -> None:
    """`H16`."""
    prefix, days = whole["Parameters"]["FunctionPrefix"], whole["Parameters"]["LogDays"]
    for function in functions(whole).values():
        group = whole["Resources"][function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]]
        name = group["Properties"]["LogGroupName"]["Fn::Sub"]
        made = name.replace("${FunctionPrefix}", prefix["Default"])
        assert made == f"/aws/lambda/{function['Properties']['FunctionName']}"
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogDays"}
    assert 30 <= days["Default"] <= 400
    assert len(_of_type(whole, "AWS::Logs::LogGroup")) == len(functions(whole))


def test_logs_have_our_lines_and_of_the_platforms_own_only_those_of_trouble(
    whole: Template,
) -> None:
    """Those of each call cost $0.33 a million; at INFO no line of ours is left out."""
    for function in functions(whole).values():
        chosen = function["Properties"]["LoggingConfig"]
        assert chosen["LogFormat"] == "JSON"
        assert chosen["SystemLogLevel"] == "WARN"
        assert chosen["ApplicationLogLevel"] == "INFO"


def test_a_function_without_a_log_group_stops_the_build(whole: Template) -> None:
    chalices = {
        "Resources": {"Odd": whole["Resources"]["KeyCheck"]},
    }
    with pytest.raises(CommandError, match="has no OddLogGroup"):
        whole_template(chalices, read_stage("prod"))


def test_functions_know_the_tables_and_queues_by_reference(whole: Template) -> None:
    for function in functions(whole).values():
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables["TABLE_PREFIX"] == {"Ref": "TablePrefix"}
        assert variables["MAIL_QUEUE_URL"] == {"Ref": "MailQueue"}
        assert variables["MAIL_CONFIGURATION_SET"] == {"Ref": "MailConfigurationSet"}
        assert variables["PUBLIC_URL"] == {"Ref": "PublicUrl"}
    (source,) = whole["Resources"]["Mail"]["Properties"]["Events"].values()
    assert source["Properties"]["Queue"] == {"Fn::GetAtt": ["MailQueue", "Arn"]}
    assert source["Properties"]["BatchSize"] == 1


def test_the_worker_keeps_under_the_rate_of_ses_and_a_message_hidden_long_enough(
    whole: Template,
) -> None:
    """AWS asks for six times the function's timeout, and takes no less than two at a time."""
    mail = whole["Resources"]["Mail"]["Properties"]
    (source,) = mail["Events"].values()
    assert source["Properties"]["ScalingConfig"] == {"MaximumConcurrency": 2}
    hidden = whole["Parameters"]["MailVisibilitySeconds"]["Default"]
    assert hidden == 6 * mail["Timeout"] == 360


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("TablePrefix", "thub-prod-"),
        ("FunctionPrefix", "terminus-hub-auth-prod"),
        ("ApiName", "terminus-hub-auth"),
    ],
)
def test_no_other_names_can_be_given_than_those_that_policies_and_alarms_have(
    whole: Template, parameter: str, value: str
) -> None:
    prefix = whole["Parameters"][parameter]
    assert prefix["AllowedValues"] == [prefix["Default"]] == [value]


@pytest.mark.parametrize("function", ["SsoWatch", "Deletions"])
def test_what_is_due_is_done_every_day(whole: Template, function: str) -> None:
    (event,) = whole["Resources"][function]["Properties"]["Events"].values()
    assert (event["Type"], event["Properties"]["Schedule"]) == ("Schedule", "rate(1 day)")


def _of_type(whole: Template, kind: str) -> list[Template]:
    return [resource for resource in whole["Resources"].values() if resource["Type"] == kind]


def test_one_name_in_both_templates_stops_the_build() -> None:
    clash = {"Resources": {"MailQueue": {"Type": "AWS::SQS::Queue"}}}
    with pytest.raises(CommandError, match="both name MailQueue"):
        whole_template(clash, read_stage("prod"))
