"""A stage is put into an account, changed there and taken away: safe to run again at any point."""

from __future__ import annotations

import json
import stat
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.passwords.hashing import Peppers
from infra.deploy.stage_lock import Holder, StageLock
from infra.package.template import function_of, functions
from infra.stack.resources import template as resources_template
from infra.stack.stages import read_stage
from tests.support.deployment.deployed import Deployed
from tests.support.deployment.deployments import STAGE, Operator, operator
from tests.support.personas.journeys import ADDRESS, ask_sign_in, sign_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.package.build import Package
    from tests.support.http import Program

Template = dict[str, Any]

_TOPIC = "arn:aws:sns:eu-west-1:000000000000:alarms"

# In the file's order: each test finds the account as the one before left it.


@pytest.fixture(scope="module")
def somebody(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """An operator whose first deployment is killed as soon as the mail worker has its queue."""
    with operator(package, tmp_path_factory.mktemp("account")) as started:
        mappings = started.client("lambda").list_event_source_mappings
        started.kill_a_deployment(lambda: bool(_mail_events(mappings)))
        yield started


@pytest.fixture(scope="module")
def whole(package: Package) -> Template:
    made: Template = json.loads(package.template.read_text())
    return made


def _mail_events(mappings: Any) -> list[Any]:
    found: list[Any] = mappings()["EventSourceMappings"]
    return found


def _secrets(account: Operator) -> dict[str, str]:
    answer = account.client("ssm").get_parameters_by_path(
        Path=STAGE.secrets_path, WithDecryption=True
    )
    for parameter in answer["Parameters"]:
        assert parameter["Type"] == "SecureString"
    return {p["Name"].rpartition("/")[2]: p["Value"] for p in answer["Parameters"]}


def _api(account: Operator) -> str:
    (api,) = account.client("apigateway").get_rest_apis()["items"]
    return str(api["id"])


def _stage(account: Operator) -> Deployed:
    return Deployed(account.engine, _api(account), STAGE.environment["PUBLIC_URL"])


def _functions(account: Operator) -> dict[str, Any]:
    found = account.client("lambda").list_functions()["Functions"]
    return {function["FunctionName"]: function for function in found}


def test_a_deployment_that_was_killed_is_ended_by_the_next(somebody: Operator) -> None:
    """What was made is found again, though no record names it: Chalice writes one at the end."""
    before = _secrets(somebody)
    done = somebody.up("--set", f"AlarmTopicArn={_TOPIC}")
    assert done.status == 0, done.said
    assert _secrets(somebody) == before
    assert len(before) == 5
    assert len(_mail_events(somebody.client("lambda").list_event_source_mappings)) == 1


def test_the_stage_then_answers(somebody: Operator) -> None:
    """`F7`: with the gateway's own 401 in our envelope."""
    program = _stage(somebody).program()
    assert program.get("/health").status == 200
    refused = program.get("/api/v1/account")
    assert refused.status == 401
    assert refused.json["error"]["type"] == "authentication_error"
    assert refused.header("www-authenticate") == "Bearer"


def test_a_second_deployment_makes_nothing_anew(somebody: Operator) -> None:
    """Nor does one from another machine: what was deployed is known in AWS."""
    secrets, api, functions_before = _secrets(somebody), _api(somebody), set(_functions(somebody))
    done = somebody.up()
    assert done.status == 0, done.said
    assert "0 made, 5 kept" in done.said
    assert f"{STAGE.stack} is up to date" in done.said
    assert (_secrets(somebody), _api(somebody)) == (secrets, api)
    assert set(_functions(somebody)) == functions_before
    assert not [secret for secret in secrets.values() if secret in done.said]


def test_while_one_command_is_at_work_another_is_turned_away(somebody: Operator) -> None:
    """Two rotations at once could drop a pepper that hashes were made with already."""
    secrets, before = _secrets(somebody), _functions(somebody)
    elsewhere = Holder(pid=1, host="elsewhere", machine="another")
    at_work = StageLock(somebody.client("ssm"), STAGE.lock_parameter, elsewhere, renewed_every=0.5)
    with at_work.taken(lambda _said: None):
        for turned_away in (somebody.up(), somebody.rotate("pepper"), somebody.destroy()):
            assert turned_away.status == 1
            assert "Process 1 on elsewhere is changing this stage" in turned_away.said
    assert (_secrets(somebody), _functions(somebody)) == (secrets, before)


def test_functions_are_those_of_the_template(somebody: Operator, whole: Template) -> None:
    """Both ways give the same system: the names, sizes, times, variables and logs of functions."""
    known = {
        "PublicUrl": STAGE.environment["PUBLIC_URL"],
        "MailFrom": STAGE.environment["MAIL_FROM"],
        "TablePrefix": STAGE.prefix,
        "MailConfigurationSet": STAGE.environment["MAIL_CONFIGURATION_SET"],
        "MailQueue": somebody.client("sqs").get_queue_url(QueueName=STAGE.mail_queue)["QueueUrl"],
    }
    found = _functions(somebody)
    assert len(found) == len(functions(whole))
    for logical_id, function in functions(whole).items():
        wanted, has = function["Properties"], found[function["Properties"]["FunctionName"]]
        for name in ("Handler", "Runtime", "MemorySize", "Timeout", "Architectures"):
            assert has[name] == wanted[name], (logical_id, name)
        assert has["TracingConfig"]["Mode"] == wanted["Tracing"]
        variables = {
            name: _resolved(value, known)
            for name, value in wanted["Environment"]["Variables"].items()
        }
        queue = variables["MAIL_QUEUE_URL"].rpartition("/")[2]
        assert has["Environment"]["Variables"]["MAIL_QUEUE_URL"].rpartition("/")[2] == queue
        assert has["Environment"]["Variables"] | known_url(variables) == variables
        group = {"LogGroup": STAGE.log_group(function_of(logical_id))}
        assert has["LoggingConfig"] == wanted["LoggingConfig"] | group


def test_tracing_that_is_not_wanted_any_longer_is_turned_off(somebody: Operator) -> None:
    client, name = somebody.client("lambda"), STAGE.function_name("mail")
    client.update_function_configuration(FunctionName=name, TracingConfig={"Mode": "Active"})
    done = somebody.up()
    assert done.status == 0, done.said
    assert "1 functions changed" in done.said
    assert _functions(somebody)[name]["TracingConfig"]["Mode"] == "PassThrough"


def known_url(variables: dict[str, str]) -> dict[str, str]:
    """The emulator names itself by two hosts."""
    return {"MAIL_QUEUE_URL": variables["MAIL_QUEUE_URL"]}


def _resolved(value: Any, known: dict[str, str]) -> str:
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return known[value["Ref"]]
    assert value == {"Fn::GetAtt": ["MailQueue", "QueueName"]}
    return STAGE.mail_queue


def test_each_function_may_do_what_the_template_lets_it(
    somebody: Operator, whole: Template
) -> None:
    """`H12`."""
    iam, found = somebody.client("iam"), _functions(somebody)
    for function in functions(whole).values():
        role_id = function["Properties"]["Role"]["Fn::GetAtt"][0]
        (policy,) = whole["Resources"][role_id]["Properties"]["Policies"]
        role = found[function["Properties"]["FunctionName"]]["Role"].rpartition("/")[2]
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        has = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        assert has == policy["PolicyDocument"]


def test_what_wakes_functions_is_that_of_the_template(somebody: Operator, whole: Template) -> None:
    (queue,) = whole["Resources"]["Mail"]["Properties"]["Events"].values()
    (mapping,) = _mail_events(somebody.client("lambda").list_event_source_mappings)
    assert mapping["BatchSize"] == queue["Properties"]["BatchSize"]
    assert mapping["EventSourceArn"].rpartition(":")[2] == STAGE.mail_queue
    assert mapping["ScalingConfig"] == queue["Properties"]["ScalingConfig"]
    daily = [
        event["Properties"]["Schedule"]
        for function in ("SsoWatch", "Deletions")
        for event in whole["Resources"][function]["Properties"]["Events"].values()
    ]
    rules = somebody.client("events").list_rules()["Rules"]
    assert [rule["ScheduleExpression"] for rule in rules] == daily


def test_the_api_is_that_of_the_template(somebody: Operator, whole: Template) -> None:
    """`F5`, `F9`, `H1`: methods, what the authorizer guards, its TTL, the gateway's words."""
    definition = whole["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    gateway, api = somebody.client("apigateway"), _api(somebody)
    wanted = {
        (path, method.upper()): "CUSTOM" if operation.get("security") else "NONE"
        for path, methods in definition["paths"].items()
        for method, operation in methods.items()
    }
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"])
    has = {
        (resource["path"], method): found["authorizationType"]
        for page in pages
        for resource in page["items"]
        for method, found in resource.get("resourceMethods", {}).items()
    }
    assert has == wanted
    (authorizer,) = gateway.get_authorizers(restApiId=api)["items"]
    (scheme,) = definition["securityDefinitions"].values()
    of_template = scheme["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"]
    assert authorizer["authorizerResultTtlInSeconds"] == of_template == 0
    for name, answer in definition["x-amazon-apigateway-gateway-responses"].items():
        is_put = gateway.get_gateway_response(restApiId=api, responseType=name)
        assert is_put["responseTemplates"] == answer["responseTemplates"]
        assert is_put["responseParameters"] == answer["responseParameters"]
        assert is_put.get("statusCode") == answer.get("statusCode", is_put.get("statusCode"))


def test_the_stack_has_the_templates_own_values_and_all_that_chalice_does_not_make(
    somebody: Operator, whole: Template
) -> None:
    cloudformation = somebody.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName=STAGE.stack)["Stacks"]
    has = {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}
    ours = resources_template()["Parameters"]
    wanted = {name: str(whole["Parameters"][name]["Default"]) for name in ours}
    # Given to the first deployment, and not to the second.
    assert has == wanted | {"AlarmTopicArn": _TOPIC}
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STAGE.stack)
    made = {r["LogicalResourceId"] for page in pages for r in page["StackResourceSummaries"]}
    by_chalice = {"AWS::Serverless::Function", "AWS::Serverless::Api"}
    by_chalice |= {"AWS::IAM::Role", "AWS::Lambda::Permission"}
    resources = whole["Resources"].items()
    assert made == {name for name, r in resources if r["Type"] not in by_chalice}


def test_a_parameter_that_is_not_there_stops_it(somebody: Operator) -> None:
    refused = somebody.up("--set", "NoSuchThing=1")
    assert refused.status == 1
    assert "has no parameter NoSuchThing" in refused.said
    assert "Run the same command again" in refused.said


@pytest.fixture(scope="module")
def robin(somebody: Operator) -> Program:
    """Somebody who signed in before any secret was changed."""
    stage = _stage(somebody)
    browser = stage.browser()
    sign_up(browser)
    browser.open(stage.await_link(ADDRESS, "email-confirmation"))
    browser.press("Confirm email")
    program = stage.program()
    assert ask_sign_in(program).status == 200
    return program


@pytest.mark.parametrize(
    ("what", "name"), [("cookie_key", "COOKIE_KEY"), ("pepper", "PASSWORD_PEPPERS")]
)
def test_a_new_secret_comes_before_the_old_one_and_every_function_reads_it(
    somebody: Operator, robin: Program, what: str, name: str
) -> None:
    """`H12`: nobody is signed out, and no password fails, since the older one still counts."""
    old, variables = _secrets(somebody), _restarts(somebody)
    done = somebody.rotate(what)
    assert done.status == 0, done.said
    new = _secrets(somebody)
    assert new[name].partition(",")[2] == old[name]
    assert new | {name: ""} == old | {name: ""}
    assert new[name].partition(",")[0] not in done.said
    changed = {n for n, when in _restarts(somebody).items() if when != variables[n]}
    readers = [function for function in STAGE.functions if function != "key_check"]
    assert changed == {STAGE.function_name(function) for function in readers}
    assert robin.get("/auth/session").status == 200
    # With the older pepper, which makes it anew, and then with the newer.
    assert ask_sign_in(_stage(somebody).program()).status == 200
    assert ask_sign_in(_stage(somebody).program()).status == 200


def _restarts(account: Operator) -> dict[str, str]:
    return {
        name: json.dumps(function["Environment"]["Variables"].get("SECRETS_CHANGED_AT"))
        + function["RevisionId"]
        for name, function in _functions(account).items()
    }


def test_a_saml_pair_is_shown_before_it_signs_and_decrypts_after_it_signed(
    somebody: Operator,
) -> None:
    """`H12`: in two commands, each refused at the wrong time."""
    first, second = (
        ("SAML_PRIVATE_KEY", "SAML_CERTIFICATE"),
        ("SAML_SECOND_PRIVATE_KEY", "SAML_SECOND_CERTIFICATE"),
    )
    early = somebody.rotate("saml_switch")
    assert (early.status, "no newer pair" in early.said) == (1, True)
    old = [_secrets(somebody)[name] for name in first]
    assert somebody.rotate("saml").status == 0
    made = _secrets(somebody)
    assert [made[name] for name in first] == old
    new = [made[name] for name in second]
    again = somebody.rotate("saml")
    assert (again.status, "a second pair already" in again.said) == (1, True)
    assert somebody.rotate("saml_switch").status == 0
    switched = _secrets(somebody)
    assert [switched[name] for name in (*first, *second)] == [*new, *old]
    assert somebody.rotate("saml").status == 0
    assert [_secrets(somebody)[name] for name in first] == new
    assert _stage(somebody).program().get("/health").status == 200


def test_each_pepper_has_an_id_of_its_own(somebody: Operator) -> None:
    """`A13`."""
    found = Peppers.parse(_secrets(somebody)["PASSWORD_PEPPERS"]).newest_first
    assert [pepper.id for pepper in found] == ["2", "1"]


def test_without_a_secret_that_passwords_hang_on_nothing_is_made(somebody: Operator) -> None:
    """`H3`: a new pepper in its place would make every password wrong, and say nothing."""
    ssm, dynamodb = somebody.client("ssm"), somebody.client("dynamodb")
    row = {"user_id": {"S": "user_1"}, "binary": {"B": b"\xff"}}
    dynamodb.put_item(TableName=f"{STAGE.prefix}users", Item=row)
    lost = f"{STAGE.secrets_path}/PASSWORD_PEPPERS"
    value = ssm.get_parameter(Name=lost, WithDecryption=True)["Parameter"]["Value"]
    ssm.delete_parameter(Name=lost)
    done = somebody.up()
    assert done.status == 1
    assert "PASSWORD_PEPPERS is missing" in done.said
    assert "PASSWORD_PEPPERS" not in _secrets(somebody)
    ssm.put_parameter(Name=lost, Value=value, Type="SecureString")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COOKIE_KEY", "c2hvcnQ="),
        ("PASSWORD_PEPPERS", "MTIzNA=="),
        ("SAML_PRIVATE_KEY", "MTIzNA=="),
        ("SAML_CERTIFICATE", "MTIzNA=="),
    ],
)
def test_a_secret_that_no_function_would_start_with_is_found_and_not_shown(
    somebody: Operator, name: str, value: str
) -> None:
    """`H5`."""
    ssm, path = somebody.client("ssm"), f"{STAGE.secrets_path}/{name}"
    kept = ssm.get_parameter(Name=path, WithDecryption=True)["Parameter"]["Value"]
    ssm.put_parameter(Name=path, Value=value, Type="SecureString", Overwrite=True)
    done = somebody.up()
    ssm.put_parameter(Name=path, Value=kept, Type="SecureString", Overwrite=True)
    assert done.status == 1
    assert "no function would start" in done.said
    assert name in done.said
    assert value not in done.said


def test_only_the_stages_name_takes_it_away(somebody: Operator) -> None:
    done = somebody.destroy(typed="yes")
    assert (done.status, len(_functions(somebody))) == (1, len(STAGE.functions))
    assert "Nothing was taken away." in done.said


def test_what_people_put_in_stays_and_is_written_to_files_that_nobody_else_reads(
    somebody: Operator, tmp_path: Path
) -> None:
    secrets = _secrets(somebody)
    file = tmp_path / "export" / f"{STAGE.prefix}users.json"
    file.parent.mkdir()
    file.touch(0o644)
    done = somebody.destroy("--export-to", str(tmp_path / "export"))
    assert done.status == 0, done.said
    kept = Counter(dict.fromkeys(somebody.client("dynamodb").list_tables()["TableNames"], 1))
    assert kept == Counter(dict.fromkeys(STAGE.tables, 1))
    assert _secrets(somebody) == secrets
    assert _left(somebody) == []
    rows = [json.loads(line)["Item"] for line in file.read_text().splitlines()]
    assert {"user_id": {"S": "user_1"}, "binary": {"B": "/w=="}} in rows
    assert len(rows) == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(list(file.parent.iterdir())) == len(STAGE.tables)


def _left(account: Operator) -> list[str]:
    client = account.client
    return [
        *_functions(account),
        *(api["id"] for api in client("apigateway").get_rest_apis()["items"]),
        *(role["RoleName"] for role in client("iam").list_roles()["Roles"]),
        *(rule["Name"] for rule in client("events").list_rules()["Rules"]),
        *client("sqs").list_queues().get("QueueUrls", []),
        *(group["logGroupName"] for group in client("logs").describe_log_groups()["logGroups"]),
        *(m["UUID"] for m in _mail_events(client("lambda").list_event_source_mappings)),
    ]


def test_a_stage_comes_back_with_its_tables_and_secrets(somebody: Operator) -> None:
    secrets = _secrets(somebody)
    done = somebody.up()
    assert done.status == 0, done.said
    assert _secrets(somebody) == secrets
    row = {"user_id": {"S": "user_1"}}
    found = somebody.client("dynamodb").get_item(TableName=f"{STAGE.prefix}users", Key=row)
    assert "Item" in found


def test_told_so_it_takes_everything_and_a_second_time_finds_nothing(
    somebody: Operator, tmp_path: Path
) -> None:
    """And takes nothing from the files that the first time wrote."""
    to = ("--export-to", str(tmp_path))
    done = somebody.destroy("--tables-too", *to)
    assert done.status == 0, done.said
    written = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert written[f"{STAGE.prefix}users.json"]
    assert somebody.client("dynamodb").list_tables()["TableNames"] == []
    assert (_secrets(somebody), _left(somebody)) == ({}, [])
    again = somebody.destroy("--tables-too", *to)
    assert again.status == 0, again.said
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == written
    assert somebody.destroy("--tables-too", "--no-export").status == 0


def test_a_stack_that_no_update_leads_out_of_says_what_does(somebody: Operator) -> None:
    cloudformation = somebody.client("cloudformation")
    name = {"Fn::GetAtt": ["Topic", "NoSuchThing"]}
    broken = {
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}},
    }
    dev = read_stage("dev")
    cloudformation.create_stack(StackName=dev.stack, TemplateBody=json.dumps({"Resources": broken}))
    done = somebody.up(stage=dev.name)
    assert done.status == 1
    assert f"aws cloudformation delete-stack --stack-name {dev.stack}" in done.said
