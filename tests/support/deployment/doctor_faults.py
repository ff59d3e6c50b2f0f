"""What can be wrong with a stage: each is brought about on the emulator, and mended afterwards."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from infra.stack.resources import table_definitions
from tests.support.deployment.deployed import STAGE, settle_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.support.deployment.deployed import Deployed

    Fault = Callable[[Deployed], AbstractContextManager[None]]

LINKS = f"{STAGE.prefix}links"
_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
_API = STAGE.function_name("api")


@contextlib.contextmanager
def a_table_is_gone(stage: Deployed, name: str = LINKS) -> Iterator[None]:
    client = stage.engine.client("dynamodb")
    client.update_table(TableName=name, DeletionProtectionEnabled=False)
    client.delete_table(TableName=name)
    yield
    (definition,) = [d for d in table_definitions(STAGE.prefix) if d["TableName"] == name]
    client.create_table(**definition, DeletionProtectionEnabled=True)
    settle_tables(client)


@contextlib.contextmanager
def a_secret_is_gone(stage: Deployed, name: str) -> Iterator[None]:
    client, path = stage.engine.client("ssm"), f"{STAGE.secrets_path}/{name}"
    kept = client.get_parameter(Name=path, WithDecryption=True)["Parameter"]["Value"]
    client.delete_parameter(Name=path)
    yield
    client.put_parameter(Name=path, Value=kept, Type="SecureString")


def the_keys_are_gone(stage: Deployed) -> AbstractContextManager[None]:
    return a_table_is_gone(stage, f"{STAGE.prefix}api_keys")


@contextlib.contextmanager
def a_table_has_other_keys(stage: Deployed) -> Iterator[None]:
    with a_table_is_gone(stage):
        client = stage.engine.client("dynamodb")
        client.create_table(
            TableName=LINKS,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "other", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "other", "KeyType": "HASH"}],
            SSESpecification={"Enabled": True},
            DeletionProtectionEnabled=True,
        )
        yield
        client.update_table(TableName=LINKS, DeletionProtectionEnabled=False)
        client.delete_table(TableName=LINKS)


def the_table(changed: dict[str, Any], mended: dict[str, Any]) -> Fault:
    """Change a table by one call, and back by another."""

    @contextlib.contextmanager
    def ail(stage: Deployed) -> Iterator[None]:
        client = stage.engine.client("dynamodb")
        client.update_table(TableName=LINKS, **changed)
        yield
        client.update_table(TableName=LINKS, **mended)

    return ail


@contextlib.contextmanager
def expired_rows_are_kept(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("dynamodb")
    for enabled in (False, True):
        client.update_time_to_live(
            TableName=LINKS,
            TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": enabled},
        )
        if not enabled:
            yield


@contextlib.contextmanager
def nothing_can_be_restored(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("dynamodb")
    for enabled in (False, True):
        client.update_continuous_backups(
            TableName=LINKS,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled},
        )
        if not enabled:
            yield


def the_function(**changed: Any) -> Fault:
    """Change the API's function; `Environment` is added to its variables."""

    @contextlib.contextmanager
    def ail(stage: Deployed) -> Iterator[None]:
        client = stage.engine.client("lambda")
        was = client.get_function_configuration(FunctionName=_API)
        wanted = dict(changed)
        if added := wanted.get("Environment"):
            wanted["Environment"] = {"Variables": was["Environment"]["Variables"] | added}
        client.update_function_configuration(FunctionName=_API, **wanted)
        yield
        before = {name: was[name] for name in changed}
        client.update_function_configuration(FunctionName=_API, **before)

    return ail


@contextlib.contextmanager
def another_package_runs(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("lambda")
    name = STAGE.function_name("sso_watch")
    client.update_function_code(FunctionName=name, ZipFile=_EMPTY_ZIP)
    yield
    client.update_function_code(FunctionName=name, S3Bucket="packages", S3Key="deployment.zip")


@contextlib.contextmanager
def the_worker_does_not_listen(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("lambda")
    name = STAGE.function_name("mail")
    (source,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    client.update_event_source_mapping(UUID=source["UUID"], Enabled=False)
    yield
    client.update_event_source_mapping(UUID=source["UUID"], Enabled=True)


@contextlib.contextmanager
def nothing_is_watched(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("events")
    function = stage.engine.client("lambda").get_function_configuration(
        FunctionName=STAGE.function_name("sso_watch")
    )
    (rule,) = client.list_rule_names_by_target(TargetArn=function["FunctionArn"])["RuleNames"]
    client.disable_rule(Name=rule)
    yield
    client.enable_rule(Name=rule)


@contextlib.contextmanager
def decisions_are_kept(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("apigateway")
    (authorizer,) = client.get_authorizers(restApiId=stage.api_id)["items"]
    for seconds in (300, 0):
        client.update_authorizer(
            restApiId=stage.api_id,
            authorizerId=authorizer["id"],
            patchOperations=[
                {"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": str(seconds)}
            ],
        )
        if seconds:
            yield


@contextlib.contextmanager
def an_answer_is_not_ours(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("apigateway")
    name = {"restApiId": stage.api_id, "responseType": "UNAUTHORIZED"}
    was = client.get_gateway_response(**name)
    client.delete_gateway_response(**name)
    yield
    parts = ("statusCode", "responseParameters", "responseTemplates")
    client.put_gateway_response(**name, **{part: was[part] for part in parts})


@contextlib.contextmanager
def an_answer_has_other_words(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("apigateway")
    name = {"restApiId": stage.api_id, "responseType": "THROTTLED"}
    was = client.get_gateway_response(**name)
    kept = {part: was[part] for part in ("statusCode", "responseParameters")}
    for words in ({"application/json": "Slow down!"}, was["responseTemplates"]):
        client.put_gateway_response(**name, **kept, responseTemplates=words)
        if words is not was["responseTemplates"]:
            yield


@contextlib.contextmanager
def what_is_set_is_not_served(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("apigateway")
    with an_answer_is_not_ours(stage):
        client.create_deployment(restApiId=stage.api_id, stageName="api")
    yield
    client.create_deployment(restApiId=stage.api_id, stageName="api")


@contextlib.contextmanager
def the_api_has_a_cache(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("apigateway")
    for on in ("true", "false"):
        client.update_stage(
            restApiId=stage.api_id,
            stageName="api",
            patchOperations=[{"op": "replace", "path": "/cacheClusterEnabled", "value": on}],
        )
        if on == "true":
            yield


@contextlib.contextmanager
def nobody_can_call(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("apigateway")
    was = client.get_stage(restApiId=stage.api_id, stageName="api")
    client.delete_stage(restApiId=stage.api_id, stageName="api")
    yield
    client.create_stage(restApiId=stage.api_id, stageName="api", deploymentId=was["deploymentId"])


def the_secret(name: str, value: str | None, kind: str = "SecureString") -> Fault:
    """Put another value in a secret's place, or none."""

    @contextlib.contextmanager
    def ail(stage: Deployed) -> Iterator[None]:
        client, path = stage.engine.client("ssm"), f"{STAGE.secrets_path}/{name}"
        was = client.get_parameter(Name=path, WithDecryption=True)["Parameter"]["Value"]
        client.delete_parameter(Name=path)
        if value is not None:
            client.put_parameter(Name=path, Value=value, Type=kind)
            yield
            client.delete_parameter(Name=path)
        else:
            yield
        client.put_parameter(Name=path, Value=was, Type="SecureString")

    return ail


@contextlib.contextmanager
def ses_is_in_its_sandbox(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("sesv2")
    for out in (False, True):
        client.put_account_details(
            MailType="TRANSACTIONAL", WebsiteURL="https://hub.test", ProductionAccessEnabled=out
        )
        if not out:
            yield


@contextlib.contextmanager
def ses_does_not_know_the_domain(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("sesv2")
    client.delete_email_identity(EmailIdentity="hub.test")
    yield
    client.create_email_identity(EmailIdentity="hub.test")


@contextlib.contextmanager
def ses_knows_the_address_alone(stage: Deployed) -> Iterator[None]:
    client = stage.engine.client("sesv2")
    with ses_does_not_know_the_domain(stage):
        client.create_email_identity(EmailIdentity="no-reply@hub.test")
        yield
        client.delete_email_identity(EmailIdentity="no-reply@hub.test")


@contextlib.contextmanager
def a_row_more(
    stage: Deployed, table: str, row: dict[str, Any], key: tuple[str, ...]
) -> Iterator[None]:
    """Put a row, and take it away by its key."""
    client, name = stage.engine.client("dynamodb"), f"{STAGE.prefix}{table}"
    client.put_item(TableName=name, Item=row)
    try:
        yield
    finally:
        client.delete_item(TableName=name, Key={part: row[part] for part in key})


@contextlib.contextmanager
def mails_wait(stage: Deployed) -> Iterator[None]:
    with the_worker_does_not_listen(stage), _messages(stage, STAGE.mail_queue, 201):
        yield


@contextlib.contextmanager
def a_mail_is_parked(stage: Deployed) -> Iterator[None]:
    with _messages(stage, STAGE.dead_letters, 1):
        yield


def the_queue(**attributes: str) -> Fault:
    """Change the mail queue, and back."""

    @contextlib.contextmanager
    def ail(stage: Deployed) -> Iterator[None]:
        client = stage.engine.client("sqs")
        url = client.get_queue_url(QueueName=STAGE.mail_queue)["QueueUrl"]
        names = list(attributes)
        was = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        client.set_queue_attributes(QueueUrl=url, Attributes=attributes)
        yield
        client.set_queue_attributes(QueueUrl=url, Attributes=was)

    return ail


@contextlib.contextmanager
def a_log_is_kept_for_ever(stage: Deployed) -> Iterator[None]:
    client, group = stage.engine.client("logs"), STAGE.log_group("mail")
    client.delete_retention_policy(logGroupName=group)
    yield
    client.put_retention_policy(logGroupName=group, retentionInDays=90)


@contextlib.contextmanager
def a_log_has_no_group(stage: Deployed) -> Iterator[None]:
    client, group = stage.engine.client("logs"), STAGE.log_group("sso_watch")
    client.delete_log_group(logGroupName=group)
    yield
    client.create_log_group(logGroupName=group)
    client.put_retention_policy(logGroupName=group, retentionInDays=90)


@contextlib.contextmanager
def an_alarm_rings(stage: Deployed) -> Iterator[None]:
    client, name = stage.engine.client("cloudwatch"), _parked_alarm(stage)["AlarmName"]
    client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    yield
    client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="the test is over")


@contextlib.contextmanager
def an_alarm_tells_nobody(stage: Deployed) -> Iterator[None]:
    client, name = stage.engine.client("cloudwatch"), _parked_alarm(stage)["AlarmName"]
    client.disable_alarm_actions(AlarmNames=[name])
    yield
    client.enable_alarm_actions(AlarmNames=[name])


@contextlib.contextmanager
def an_alarm_is_gone(stage: Deployed) -> Iterator[None]:
    client, was = stage.engine.client("cloudwatch"), _parked_alarm(stage)
    client.delete_alarms(AlarmNames=[was["AlarmName"]])
    yield
    settings = client.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    client.put_metric_alarm(**{name: was[name] for name in settings if name in was})


def _parked_alarm(stage: Deployed) -> dict[str, Any]:
    alarms = stage.engine.client("cloudwatch").describe_alarms()["MetricAlarms"]
    (found,) = [alarm for alarm in alarms if "MailParkedAlarm" in alarm["AlarmName"]]
    alarm: dict[str, Any] = found
    return alarm


@contextlib.contextmanager
def _messages(stage: Deployed, queue: str, number: int) -> Iterator[None]:
    client = stage.engine.client("sqs")
    url = client.get_queue_url(QueueName=queue)["QueueUrl"]
    for first in range(0, number, 10):
        entries = [
            {"Id": str(each), "MessageBody": "{}"} for each in range(first, min(first + 10, number))
        ]
        client.send_message_batch(QueueUrl=url, Entries=entries)
    yield
    client.purge_queue(QueueUrl=url)
