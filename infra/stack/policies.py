"""What each function may do in AWS, on every stage; `infra.tools.policies` writes the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.stack.stages import Stage

_Statement = dict[str, Any]

# The operations on each table or index. The authorizer has a statement of its own below.
_TABLES: Mapping[str, Mapping[str, str]] = {
    "api": {
        "accounts": "BatchGetItem ConditionCheckItem DeleteItem PutItem Query UpdateItem",
        "api_keys": "BatchGetItem DeleteItem PutItem UpdateItem",
        "audit_events": "PutItem Query",
        "deletions": "BatchGetItem DeleteItem PutItem UpdateItem",
        "domains": "BatchGetItem ConditionCheckItem DeleteItem GetItem PutItem UpdateItem",
        "emails": "BatchGetItem ConditionCheckItem DeleteItem PutItem",
        "limits": "BatchGetItem GetItem PutItem UpdateItem",
        "links": "DeleteItem GetItem",
        "records": "BatchGetItem Query",
        "sessions": "BatchGetItem DeleteItem PutItem UpdateItem",
        "sessions/index/by_user": "Query",
        "sign_ups": "BatchGetItem DeleteItem GetItem PutItem",
        "sso_assertions": "PutItem",
        "sso_connections": "BatchGetItem ConditionCheckItem DeleteItem PutItem UpdateItem",
        "sso_identities": "BatchGetItem DeleteItem PutItem",
        "sso_requests": "BatchGetItem DeleteItem PutItem",
        "users": "BatchGetItem ConditionCheckItem PutItem UpdateItem",
    },
    "mail": {
        "accounts": "BatchGetItem DeleteItem Query UpdateItem",
        "api_keys": "BatchGetItem DeleteItem",
        "audit_events": "PutItem",
        "deletions": "BatchGetItem",
        "domains": "BatchGetItem",
        "emails": "BatchGetItem",
        "limits": "GetItem PutItem UpdateItem",
        "links": "PutItem",
        "sign_ups": "BatchGetItem GetItem",
        "suppressions": "GetItem UpdateItem",
        "users": "BatchGetItem",
    },
    "sso_watch": {
        "accounts": "BatchGetItem Query UpdateItem",
        "audit_events": "PutItem",
        "domains": "DeleteItem Scan",
        "limits": "BatchGetItem UpdateItem",
        "sso_connections": "BatchGetItem Scan UpdateItem",
        "suppressions": "GetItem",
        "users": "BatchGetItem",
    },
    # Nothing calls this function but the clock: what it may do, no request and no mail reaches.
    "deletions": {
        "accounts": (
            "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem Query Scan UpdateItem"
        ),
        "api_keys": "BatchWriteItem DeleteItem",
        "audit_events": "BatchWriteItem PutItem Query Scan UpdateItem",
        "deletions": "DeleteItem PutItem Scan UpdateItem",
        "domains": "DeleteItem",
        "emails": "BatchGetItem BatchWriteItem Scan",
        "limits": "DeleteItem",
        "links": "BatchWriteItem Scan",
        "records": "BatchWriteItem Query",
        "sessions": "BatchWriteItem Scan",
        "sign_ups": "BatchWriteItem Query",
        "sso_connections": "DeleteItem",
        "sso_identities": "BatchWriteItem Scan",
        "sso_requests": "BatchWriteItem Scan",
        "suppressions": "DeleteItem",
        "users": "BatchGetItem UpdateItem",
    },
    "key_check": {},
}
_SIDS = {"audit_events": "AppendToAuditTrail", "sessions/index/by_user": "SessionsByUser"}


def file_name(function: str, stage: Stage) -> str:
    """Name the file in .chalice that has a function's policy."""
    return f"policy-{function.replace('_', '-')}-{stage.name}.json"


def policy(function: str, stage: Stage) -> dict[str, Any]:
    """Return a function's policy, as IAM reads it."""
    statements = (
        *_logs_and_traces(function, stage),
        *(_table(name, operations, stage) for name, operations in _TABLES[function].items()),
        *_EXTRA[function](stage),
    )
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _logs_and_traces(function: str, stage: Stage) -> Iterator[_Statement]:
    logs = ["logs:CreateLogStream", "logs:PutLogEvents"]
    group = f"arn:aws:logs:*:*:log-group:{stage.log_group(function)}:*"
    yield _allow("WriteOwnLogs", logs, group)
    traces = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    # X-Ray has nothing narrower to name.
    yield _allow("TraceWhereTurnedOn", traces, "*")


def _table(name: str, operations: str, stage: Stage) -> _Statement:
    sid = _SIDS.get(name) or name.title().replace("_", "")
    if name == "audit_events" and "UpdateItem" in operations:
        sid = "RemoveDeletedFromAuditLogs"
    actions = [f"dynamodb:{operation}" for operation in operations.split()]
    return _allow(sid, actions, _table_arn(name, stage))


def _of_api(stage: Stage) -> Iterator[_Statement]:
    yield _allow("AskForMails", "sqs:SendMessage", _queue_arn(stage))
    yield _secrets(stage)


def _of_mail(stage: Stage) -> Iterator[_Statement]:
    operations = ("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes")
    actions = [f"sqs:{operation}" for operation in (*operations, "ReceiveMessage")]
    yield _allow("TakeMailsFromTheQueue", actions, _queue_arn(stage))
    yield from _of_sso_watch(stage)


def _of_sso_watch(stage: Stage) -> Iterator[_Statement]:
    # SES checks both the sender and the configuration set, also where the sender's identity brings
    # one of its own.
    on = ["arn:aws:ses:*:*:configuration-set/*", "arn:aws:ses:*:*:identity/*"]
    yield _allow("SendMails", "ses:SendRawEmail", on)
    yield _secrets(stage)


def _of_deletions(stage: Stage) -> Iterator[_Statement]:
    yield _allow("AskForMails", "sqs:SendMessage", _queue_arn(stage))
    yield _secrets(stage)


def _of_key_check(stage: Stage) -> Iterator[_Statement]:
    # `H12`: one operation on one table, and no secret.
    yield _allow("CheckAndCountKeys", "dynamodb:UpdateItem", _table_arn("api_keys", stage))


_EXTRA = {
    "api": _of_api,
    "mail": _of_mail,
    "sso_watch": _of_sso_watch,
    "deletions": _of_deletions,
    "key_check": _of_key_check,
}


def _secrets(stage: Stage) -> _Statement:
    path = f"arn:aws:ssm:*:*:parameter{stage.secrets_path}"
    return _allow("ReadOwnSecrets", "ssm:GetParametersByPath", path)


def _table_arn(name: str, stage: Stage) -> str:
    return f"arn:aws:dynamodb:*:*:table/{stage.prefix}{name}"


def _queue_arn(stage: Stage) -> str:
    return f"arn:aws:sqs:*:*:{stage.mail_queue}"


def _allow(sid: str, action: str | list[str], resource: str | list[str]) -> _Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}
