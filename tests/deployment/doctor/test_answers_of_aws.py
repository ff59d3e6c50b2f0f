"""What AWS may say that the emulator never does, and what nobody may look at."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from infra.doctor.examination import examine
from infra.doctor.findings import Outcome
from tests.support.deployment.doctor_checks import findings, troubles

if TYPE_CHECKING:
    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Finding


@pytest.mark.parametrize(
    ("title", "event", "said", "words"),
    [
        ("Mail account", "sesv2.GetAccount", {"SendingEnabled": False}, "SES has paused"),
        ("Mail account", "sesv2.GetAccount", {"EnforcementStatus": "SHUTDOWN"}, "SES has paused"),
        ("Mail account", "sesv2.GetAccount", {"EnforcementStatus": "PROBATION"}, "SES watches"),
        (
            "Mail account",
            "sesv2.GetAccount",
            {"SendQuota": {"Max24HourSend": 200.0, "SentLast24Hours": 161.0}},
            "161 of the 200 mails that SES allows a day are sent",
        ),
        (
            "Mail sender",
            "sesv2.GetEmailIdentity",
            {"VerifiedForSendingStatus": False},
            "SES hasn't verified hub.test",
        ),
        (
            "Mail sender",
            "sesv2.GetEmailIdentity",
            {
                "DkimAttributes": {
                    "SigningAttributesOrigin": "EXTERNAL",
                    "SigningEnabled": True,
                    "Status": "SUCCESS",
                }
            },
            "Couldn't be checked: hub.test brings its own DKIM keys",
        ),
        (
            "Functions",
            "lambda.GetFunctionConfiguration",
            {"State": "Failed", "StateReason": "A layer is gone."},
            "could not be deployed: A layer is gone. Deploy again.",
        ),
        (
            "Triggers",
            "lambda.ListEventSourceMappings",
            {"EventSourceMappings": []},
            "doesn't listen to the queue thub-prod-mail",
        ),
        (
            "Clock",
            "sts.GetCallerIdentity",
            {"ResponseMetadata": {"HTTPHeaders": {}}},
            "Couldn't be checked: the answer has no Date.",
        ),
    ],
)
def test_what_aws_says_and_the_emulator_never_does_is_told(
    examined: ExaminedStage, session: Any, title: str, event: str, said: dict[str, Any], words: str
) -> None:
    def say(parsed: dict[str, Any], **_: Any) -> None:
        parsed |= said

    session.register(f"after-call.{event}", say)
    (found,) = findings(examined, title)
    session.unregister(f"after-call.{event}", say)
    assert words in found.words
    assert found.outcome is not Outcome.FINE


def test_on_aws_the_public_address_is_asked_too(
    examined: ExaminedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing answers, nothing more is asked."""
    (well,) = findings(examined, "Live answers")
    assert well.outcome is Outcome.FINE
    # Asked while there is an emulator to ask.
    assert examined.variables("api")["PUBLIC_URL"] == "https://auth.hub.test"
    asked: list[str] = []

    def nothing(request: urllib.request.Request, **_: Any) -> None:
        asked.append(request.full_url)
        raise urllib.error.URLError("no such host")

    monkeypatch.setattr(urllib.request, "urlopen", nothing)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    own, public = troubles(examined, "Live answers")
    assert re.fullmatch(
        r"https://\w+\.execute-api\.eu-west-1\.amazonaws\.com/api answers nothing\.", own
    )
    assert public.startswith("https://auth.hub.test answers nothing. Custom domain in ")
    assert [url.rpartition("/")[2] for url in asked] == ["health", "health"]


@pytest.mark.parametrize(
    ("title", "event"),
    [
        ("Clock", "sts.GetCallerIdentity"),
        ("Tables", "dynamodb.DescribeTable"),
        ("Functions", "lambda.GetFunctionConfiguration"),
        ("API stage", "api-gateway.GetStage"),
        ("SAML key", "ssm.GetParameter"),
        ("Mail sender", "sesv2.GetEmailIdentity"),
        ("Mail queue", "sqs.GetQueueUrl"),
        ("Alarms", "cloudformation.DescribeStackResources"),
    ],
)
def test_what_aws_refuses_is_no_health(
    examined: ExaminedStage, session: Any, title: str, event: str
) -> None:
    (found,) = _refused(examined, session, title, event, "AccessDeniedException")
    assert found.outcome is Outcome.UNCHECKED
    assert found.words.startswith("Couldn't be checked: An error occurred (AccessDenied")


def test_a_clock_that_aws_takes_no_request_from_is_trouble(
    examined: ExaminedStage, session: Any
) -> None:
    (found,) = _refused(examined, session, "Clock", "sts.GetCallerIdentity", "RequestTimeTooSkewed")
    assert found.outcome is Outcome.TROUBLE
    assert found.words.endswith("(RequestTimeTooSkewed). Is its clock right?")


def _refused(
    examined: ExaminedStage, session: Any, title: str, event: str, code: str
) -> list[Finding]:
    def refuse(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        http_response.status_code = 403
        parsed["Error"] = {"Code": code, "Message": "Not you."}

    session.register(f"after-call.{event}", refuse)
    found = findings(examined, title)
    session.unregister(f"after-call.{event}", refuse)
    return found


def test_an_answer_that_nobody_foresaw_stops_its_own_check_alone(
    examined: ExaminedStage, session: Any
) -> None:
    """What AWS says may differ from what the emulator does."""

    def forget(parsed: dict[str, Any], **_: Any) -> None:
        parsed.pop("SendQuota")

    session.register("after-call.sesv2.GetAccount", forget)
    found = list(examine(examined))
    session.unregister("after-call.sesv2.GetAccount", forget)
    ill = [finding for finding in found if finding.outcome is not Outcome.FINE]
    assert len(ill) == 1, ill
    (unchecked,) = ill
    assert unchecked.words == (
        "Couldn't be checked: an answer wasn't understood (KeyError: 'SendQuota')."
    )
