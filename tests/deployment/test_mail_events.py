"""SES's reports reach the mail queue, and nobody else's do."""

from __future__ import annotations

from typing import Any

import pytest

from infra.stack.resources import template
from infra.stack.stages import read_stage

_RESOURCES: dict[str, Any] = template()["Resources"]


def _properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = _RESOURCES[name]["Properties"]
    return found


def test_bounces_complaints_and_rejections_go_to_the_topic() -> None:
    destination = _properties("MailEventDestination")
    assert destination["ConfigurationSetName"] == {"Ref": "MailConfigurationSet"}
    event = destination["EventDestination"]
    assert event["Enabled"] is True
    assert event["MatchingEventTypes"] == ["bounce", "complaint", "reject"]
    assert event["SnsDestination"] == {"TopicARN": {"Ref": "MailEventsTopic"}}


def test_the_topic_hands_them_to_the_mail_queue_as_they_are() -> None:
    subscription = _properties("MailEventsSubscription")
    assert subscription["TopicArn"] == {"Ref": "MailEventsTopic"}
    assert subscription["Endpoint"] == {"Fn::GetAtt": ["MailQueue", "Arn"]}
    assert (subscription["Protocol"], subscription["RawMessageDelivery"]) == ("sqs", True)


def test_only_this_accounts_ses_publishes_and_only_the_topic_sends() -> None:
    """A forged report could stop the mails of any email."""
    (publish,) = _properties("MailEventsTopicPolicy")["PolicyDocument"]["Statement"]
    assert publish["Principal"] == {"Service": "ses.amazonaws.com"}
    assert publish["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    allowed = publish["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"]
    name = _properties("MailConfigurationSet")["Name"]["Fn::Sub"]
    assert allowed.endswith(f":${{AWS::AccountId}}:configuration-set/{name}")
    (send,) = _properties("MailQueuePolicy")["PolicyDocument"]["Statement"]
    assert send["Principal"] == {"Service": "sns.amazonaws.com"}
    assert send["Action"] == "sqs:SendMessage"
    assert send["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "MailEventsTopic"}}}


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_stage_sends_with_the_configuration_set_that_its_stack_makes(stage: str) -> None:
    chosen = read_stage(stage)
    name = _properties("MailConfigurationSet")["Name"]["Fn::Sub"]
    made = name.replace("${TablePrefix}", chosen.prefix)
    assert chosen.environment["MAIL_CONFIGURATION_SET"] == made


def test_our_list_alone_decides_what_is_sent() -> None:
    """SES's would refuse what an operator allowed, and keep notices from who complained."""
    options = _properties("MailConfigurationSet")["SuppressionOptions"]
    assert options == {"SuppressedReasons": []}
