"""Each thing that can be wrong with a stage, and the sentence that tells it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from infra.doctor.findings import Outcome
from tests.support.deployment import doctor_faults
from tests.support.deployment.doctor_checks import findings

if TYPE_CHECKING:
    from infra.doctor.examined_stage import ExaminedStage
    from tests.support.deployment.deployed import Deployed

FAULTS: list[tuple[str, doctor_faults.Fault, str]] = [
    ("Tables", doctor_faults.a_table_is_gone, "thub-prod-links: missing"),
    ("Tables", doctor_faults.a_table_has_other_keys, "other keys"),
    (
        "Tables",
        doctor_faults.the_table(
            {"SSESpecification": {"Enabled": False}}, {"SSESpecification": {"Enabled": True}}
        ),
        "not encrypted",
    ),
    (
        "Tables",
        doctor_faults.the_table(
            {"DeletionProtectionEnabled": False}, {"DeletionProtectionEnabled": True}
        ),
        "one call can delete it",
    ),
    (
        "Tables",
        doctor_faults.the_table(
            {
                "BillingMode": "PROVISIONED",
                "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            },
            {"BillingMode": "PAY_PER_REQUEST"},
        ),
        ": billed by the hour",
    ),
    ("Expiry", doctor_faults.expired_rows_are_kept, "keeps what has expired"),
    ("Backups", doctor_faults.nothing_can_be_restored, "can't be restored to a moment"),
    ("Functions", doctor_faults.the_function(Runtime="python3.9"), "runs on python3.9"),
    ("Functions", doctor_faults.another_package_runs, "run on different packages"),
    (
        "Settings",
        doctor_faults.the_function(Environment={"TABLE_PREFIX": "thub-dev-"}),
        "another TABLE_PREFIX than thub-prod-",
    ),
    (
        "Settings",
        doctor_faults.the_function(Environment={"COOKIE_KEY": "c2VjcmV0"}),
        "shows COOKIE_KEY to whoever may see its settings",
    ),
    (
        "Settings",
        doctor_faults.the_function(Environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}),
        "sends its calls to AWS_ENDPOINT_URL",
    ),
    ("Settings", doctor_faults.the_function(Environment={"LOG_LEVEL": "DEBUG"}), "logs at DEBUG"),
    (
        "Settings",
        doctor_faults.the_function(Environment={"PUBLIC_URL": "http://hub.test"}),
        "isn't an https address",
    ),
    (
        "Settings",
        doctor_faults.the_function(Environment={"MAIL_FROM": "no-reply@example.com"}),
        "MAIL_FROM is still the example's",
    ),
    (
        "Settings",
        doctor_faults.the_function(Environment={"MAIL_QUEUE_URL": "https://sqs.test/1/other"}),
        "doesn't put mails on the queue thub-prod-mail",
    ),
    (
        "Triggers",
        doctor_faults.the_worker_does_not_listen,
        "has stopped listening to thub-prod-mail",
    ),
    ("Triggers", doctor_faults.nothing_is_watched, "Nothing starts function"),
    (
        "Key checks",
        doctor_faults.decisions_are_kept,
        "keeps its decision about a key for 300 seconds",
    ),
    ("Error answers", doctor_faults.an_answer_is_not_ours, "words of its own for UNAUTHORIZED,"),
    ("Error answers", doctor_faults.an_answer_has_other_words, "words of its own for THROTTLED,"),
    ("API stage", doctor_faults.the_api_has_a_cache, "it is billed by the hour"),
    ("API stage", doctor_faults.nobody_can_call, "has no stage api"),
    (
        "Live answers",
        doctor_faults.what_is_set_is_not_served,
        "A call without a key is answered 401",
    ),
    ("Live answers", doctor_faults.the_keys_are_gone, "A key of nobody is answered 503"),
    ("Secrets", doctor_faults.the_secret("ADDRESS_KEY", None), "ADDRESS_KEY is missing"),
    (
        "Secrets",
        doctor_faults.the_secret("COOKIE_KEY", "c2VjcmV0", "String"),
        "/thub-prod/secrets/COOKIE_KEY isn't encrypted",
    ),
    ("SAML key", doctor_faults.the_secret("SAML_CERTIFICATE", None), "There is no certificate"),
    (
        "SAML key",
        doctor_faults.the_secret("SAML_CERTIFICATE", "none"),
        "isn't a certificate in PEM",
    ),
    ("Mail account", doctor_faults.ses_is_in_its_sandbox, "SES is in its sandbox"),
    ("Mail sender", doctor_faults.ses_does_not_know_the_domain, "SES doesn't know hub.test"),
    ("Mail sender", doctor_faults.ses_knows_the_address_alone, "aren't signed with DKIM"),
    ("Mail queue", doctor_faults.mails_wait, "201 mails wait in thub-prod-mail"),
    ("Mail queue", doctor_faults.the_queue(VisibilityTimeout="30"), "comes again after 30 seconds"),
    ("Mail queue", doctor_faults.the_queue(RedrivePolicy=""), "is lost, not parked"),
    (
        "Parked mails",
        doctor_faults.a_mail_is_parked,
        "1 mail is parked in thub-prod-mail-dead-letters",
    ),
    ("Logs", doctor_faults.a_log_is_kept_for_ever, "kept for ever, and so is"),
    ("Logs", doctor_faults.a_log_has_no_group, "terminus-hub-auth-prod-sso_watch: missing"),
    ("Alarms", doctor_faults.an_alarm_rings, "MailParkedAlarm rings: A mail failed every attempt"),
    ("Alarms", doctor_faults.an_alarm_tells_nobody, "Nobody is told when MailParkedAlarm rings"),
    ("Alarms", doctor_faults.an_alarm_is_gone, "Alarm MailParkedAlarm is missing"),
]


@pytest.mark.parametrize(
    ("title", "fault", "words"), FAULTS, ids=[f"{a[0]}: {a[2]}" for a in FAULTS]
)
def test_each_trouble_is_told_in_a_sentence_until_it_is_mended(
    examined: ExaminedStage,
    live_stage: Deployed,
    title: str,
    fault: doctor_faults.Fault,
    words: str,
) -> None:
    with fault(live_stage):
        found = findings(dataclasses.replace(examined), title)
    (after,) = findings(dataclasses.replace(examined), title)
    assert {finding.outcome for finding in found} == {Outcome.TROUBLE}, found
    (said,) = [finding.words for finding in found if words in finding.words]
    assert said.endswith((".", "?"))
    assert after.outcome is Outcome.FINE, after
