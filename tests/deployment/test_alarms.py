"""Alarms and the dashboard look at metrics that something really emits."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from chalicelib import metrics
from infra.stack.resources import template
from infra.stack.stages import CONFIG
from tests.support.servers.children import ROOT

# AWS's own, by what they are measured by.
_OF_AWS = {
    "AWS/SQS": (
        "QueueName",
        {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    ),
    "AWS/ApiGateway": ("ApiName", {"Count", "4XXError", "5XXError"}),
    "AWS/Lambda": ("FunctionName", {"ConcurrentExecutions", "Duration", "Errors", "Throttles"}),
}
# What SES counts for the whole account has no dimension, and stops while no mail is sent.
_OF_THE_ACCOUNT = {"Reputation.BounceRate": 0.05, "Reputation.ComplaintRate": 0.001}
_OWN = {*metrics.COUNTED.values(), metrics.LOCKS, metrics.REQUESTS_FAILED}
_FUNCTIONS = {
    f"${{FunctionPrefix}}{suffix}"
    for stage in json.loads(CONFIG.read_text())["stages"].values()
    for suffix in ("", *(f"-{name}" for name in stage["lambda_functions"]))
}


def _of(kind: str) -> dict[str, dict[str, Any]]:
    resources = template()["Resources"].items()
    return {name: r["Properties"] for name, r in resources if r["Type"] == kind}


_ALARMS = _of("AWS::CloudWatch::Alarm")


def _shown() -> list[list[str]]:
    (board,) = _of("AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(board["DashboardBody"]["Fn::Sub"])["widgets"]
    return [metric for widget in widgets for metric in widget["properties"]["metrics"]]


def _is_emitted(namespace: str, metric: str, dimension: str) -> bool:
    if namespace == metrics.NAMESPACE:
        return dimension == metrics.DIMENSION and metric in _OWN
    known, names = _OF_AWS[namespace]
    return dimension == known and metric in names


@pytest.mark.parametrize("name", _ALARMS)
def test_an_alarm_looks_at_a_metric_that_is_emitted_and_tells_the_topic(name: str) -> None:
    alarm = _ALARMS[name]
    assert alarm["AlarmActions"]["Fn::If"][:2] == ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}]]
    if alarm["MetricName"] in _OF_THE_ACCOUNT:
        return
    (dimension,) = alarm["Dimensions"]
    assert _is_emitted(alarm["Namespace"], alarm["MetricName"], dimension["Name"])
    if dimension["Name"] == "FunctionName":
        assert dimension["Value"]["Fn::Sub"] in _FUNCTIONS
    # No sign-ins at night are no trouble.
    assert alarm["TreatMissingData"] == "notBreaching"


def test_an_alarm_rings_where_ses_begins_to_review_the_account() -> None:
    """SES pauses it at a tenth of bounces, or at half a percent of complaints."""
    watched = {
        a["MetricName"]: a["Threshold"] for a in _ALARMS.values() if a["Namespace"] == "AWS/SES"
    }
    assert watched == _OF_THE_ACCOUNT
    for alarm in _ALARMS.values():
        if alarm["Namespace"] == "AWS/SES":
            assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
            assert alarm["TreatMissingData"] == "ignore"
            assert "Dimensions" not in alarm


def test_a_refused_key_rings_no_alarm() -> None:
    """The authorizer raises for it, as API Gateway wants, and Lambda counts that as an error."""
    watched = [a["Dimensions"][0]["Value"] for a in _ALARMS.values() if a["MetricName"] == "Errors"]
    assert {"Fn::Sub": "${FunctionPrefix}-key_check"} not in watched


def test_the_dashboard_shows_all_that_we_count_and_nothing_that_is_not_there() -> None:
    for namespace, metric, dimension, _ in _shown():
        assert _is_emitted(namespace, metric, dimension), metric
    own = {metric for namespace, metric, *_ in _shown() if namespace == metrics.NAMESPACE}
    assert own == _OWN


def test_every_metric_has_an_event_that_counts_it() -> None:
    names = {v for k, v in vars(metrics).items() if k.isupper() and isinstance(v, str)}
    assert names - {metrics.NAMESPACE, metrics.DIMENSION} == _OWN
    sources = [p.read_text() for p in (ROOT / "chalicelib").rglob("*.py") if p.name != "metrics.py"]
    for event, _ in metrics.COUNTED:
        assert any(re.search(rf'_log\.\w+\(\s*"{event}"', text) for text in sources), event


def test_the_log_of_every_function_ends_some_day() -> None:
    """`H16`."""
    groups = _of("AWS::Logs::LogGroup").values()
    assert {g["LogGroupName"]["Fn::Sub"].removeprefix("/aws/lambda/") for g in groups} == _FUNCTIONS
    assert all(group["RetentionInDays"] == {"Ref": "LogDays"} for group in groups)


def test_operators_read_what_each_alarm_and_each_metric_means() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    assert [name for name in (*_ALARMS, *_OWN) if f"`{name}`" not in text] == []
