"""`make doctor`: what it says of a healthy stage, and of each thing that can be wrong with one."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from click.testing import CliRunner
from dns.message import Message, make_response
from dns.rcode import Rcode

from infra.doctor.__main__ import cli
from infra.doctor.examination import CHECKS, examine
from infra.doctor.findings import Outcome
from infra.doctor.subject import Subject
from tests.support import ailments
from tests.support.deployed import STAGE, deploy, make_whole
from tests.support.engines import ministack
from tests.support.service import fresh_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.package.build import Package
    from tests.support.deployed import Deployed
    from tests.support.dns_server import DnsServer


@pytest.fixture(scope="module")
def ward(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A stage of these tests' own, since they make it ill."""
    with ministack(tmp_path_factory.mktemp("ward")) as engine:
        stage = deploy(engine, package, fresh_secrets())
        make_whole(stage, package)
        engine.client("sesv2").create_email_identity(EmailIdentity="hub.test")
        yield stage


@pytest.fixture(scope="module")
def shared_session() -> Any:
    """One session for all: a new one would read the models of eleven services anew."""
    return botocore.session.Session()


@pytest.fixture
def session(shared_session: Any, ward: Deployed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A session that sees a verified domain, which the emulator leaves pending for ever."""
    for name, value in ward.engine.environ.items():
        monkeypatch.setenv(name, value)
    event = "after-call.sesv2.GetEmailIdentity"
    shared_session.register(event, _verify)
    yield shared_session
    shared_session.unregister(event, _verify)


@pytest.fixture
def subject(session: Any, dns: DnsServer, ward: Deployed) -> Subject:
    """The healthy stage, its DKIM records in the DNS."""
    known = ward.engine.client("sesv2").get_email_identity(EmailIdentity="hub.test")
    for token in known["DkimAttributes"]["Tokens"]:
        dns.cnames[f"{token}._domainkey.hub.test"] = f"{token}.dkim.amazonses.com"
    return Subject(STAGE, session, lambda: datetime.now(UTC), dns.address)


def _verify(parsed: dict[str, Any], **_: Any) -> None:
    if "DkimAttributes" in parsed:
        parsed["DkimAttributes"] |= {"SigningEnabled": True, "Status": "SUCCESS"}


def _fail(question: Message, _: str) -> Message:
    reply = make_response(question)
    reply.set_rcode(Rcode.SERVFAIL)
    return reply


def _troubles(subject: Subject, title: str) -> list[str]:
    found = list(examine(subject, {title: CHECKS[title]}))
    assert {finding.outcome for finding in found} == {Outcome.TROUBLE}, found
    return [finding.words for finding in found]


def _run(session: Any, subject: Subject, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.setattr("botocore.session.get_session", lambda: session)
    host, port = subject.dns_server or ("", 0)
    monkeypatch.setenv("DNS_SERVER", f"{host}:{port}")
    result = CliRunner().invoke(cli, [STAGE.name], catch_exceptions=False)
    return result.exit_code, result.output


def test_a_healthy_stage_is_fine_in_every_line(
    session: Any, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, said = _run(session, subject, monkeypatch)
    *lines, blank, last = said.splitlines()
    assert (status, last, blank) == (0, "Stage prod is healthy.", "")
    assert len(lines) == len(CHECKS)
    for line, title in zip(lines, CHECKS, strict=True):
        assert line.startswith("fine ")
        assert title in line
        assert line.endswith(".")


def test_trouble_ends_with_1_and_is_counted(
    session: Any, subject: Subject, ward: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ailments.a_mail_is_parked(ward), ailments.expired_rows_are_kept(ward):
        status, said = _run(session, subject, monkeypatch)
    assert status == 1
    assert said.splitlines()[-1] == "Stage prod: 2 to put right."
    (line,) = [line for line in said.splitlines() if "Parked mails" in line]
    assert line.startswith("trouble ")


def test_what_could_not_be_looked_at_is_never_fine(
    session: Any, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that doesn't answer, as an emulator may lack it, or a policy that forbids it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:1")
    status, said = _run(session, subject, monkeypatch)
    assert status == 2
    (line,) = [line for line in said.splitlines() if line.startswith("unchecked ")]
    assert "Alarms" in line
    assert "Couldn't be checked: Could not connect to the endpoint URL" in line
    assert said.splitlines()[-1] == "Stage prod: 1 that couldn't be checked."


AILMENTS: list[tuple[str, ailments.Ailment, str]] = [
    ("Tables", ailments.a_table_is_gone, "thub-prod-links is missing"),
    ("Tables", ailments.a_table_has_other_keys, "has other keys"),
    (
        "Tables",
        ailments.the_table(
            {"SSESpecification": {"Enabled": False}}, {"SSESpecification": {"Enabled": True}}
        ),
        "isn't encrypted",
    ),
    (
        "Tables",
        ailments.the_table(
            {"DeletionProtectionEnabled": False}, {"DeletionProtectionEnabled": True}
        ),
        "can be deleted by one call",
    ),
    (
        "Tables",
        ailments.the_table(
            {
                "BillingMode": "PROVISIONED",
                "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            },
            {"BillingMode": "PAY_PER_REQUEST"},
        ),
        "is billed by the hour",
    ),
    ("Expiry", ailments.expired_rows_are_kept, "keeps rows that have expired"),
    ("Backups", ailments.nothing_can_be_restored, "can't be restored to a moment"),
    ("Functions", ailments.the_function(Runtime="python3.9"), "runs on python3.9"),
    ("Functions", ailments.another_package_runs, "run on different packages"),
    (
        "Settings",
        ailments.the_function(Environment={"TABLE_PREFIX": "thub-dev-"}),
        "has another TABLE_PREFIX than thub-prod-",
    ),
    (
        "Settings",
        ailments.the_function(Environment={"COOKIE_KEY": "c2VjcmV0"}),
        "shows COOKIE_KEY to whoever may see its settings",
    ),
    (
        "Settings",
        ailments.the_function(Environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}),
        "sends its calls to AWS_ENDPOINT_URL",
    ),
    ("Settings", ailments.the_function(Environment={"LOG_LEVEL": "DEBUG"}), "logs at DEBUG"),
    (
        "Settings",
        ailments.the_function(Environment={"PUBLIC_URL": "http://hub.test"}),
        "isn't an https address",
    ),
    (
        "Settings",
        ailments.the_function(Environment={"MAIL_FROM": "no-reply@example.com"}),
        "MAIL_FROM is still the example's",
    ),
    (
        "Settings",
        ailments.the_function(Environment={"MAIL_QUEUE_URL": "https://sqs.test/1/other"}),
        "doesn't put mails on the queue thub-prod-mail",
    ),
    ("Triggers", ailments.the_worker_does_not_listen, "has stopped listening to thub-prod-mail"),
    ("Triggers", ailments.nothing_is_watched, "Nothing starts function"),
    ("Key checks", ailments.decisions_are_kept, "keeps its decision about a key for 300 seconds"),
    ("Error answers", ailments.an_answer_is_not_ours, "words of its own for UNAUTHORIZED,"),
    ("Error answers", ailments.an_answer_has_other_words, "words of its own for THROTTLED,"),
    ("API stage", ailments.the_api_has_a_cache, "it is billed by the hour"),
    ("API stage", ailments.nobody_can_call, "has no stage api"),
    ("Secrets", ailments.the_secret("ADDRESS_KEY", None), "ADDRESS_KEY is missing"),
    (
        "Secrets",
        ailments.the_secret("COOKIE_KEY", "c2VjcmV0", "String"),
        "/thub-prod/secrets/COOKIE_KEY isn't encrypted",
    ),
    ("SAML key", ailments.the_secret("SAML_CERTIFICATE", None), "There is no certificate"),
    ("SAML key", ailments.the_secret("SAML_CERTIFICATE", "none"), "isn't a certificate in PEM"),
    ("Mail account", ailments.ses_is_in_its_sandbox, "SES is in its sandbox"),
    ("Mail sender", ailments.ses_does_not_know_the_domain, "SES doesn't know hub.test"),
    ("Mail sender", ailments.ses_knows_the_address_alone, "aren't signed with DKIM"),
    ("Mail queue", ailments.mails_wait, "201 mails wait in thub-prod-mail"),
    ("Mail queue", ailments.the_queue(VisibilityTimeout="30"), "comes again after 30 seconds"),
    ("Mail queue", ailments.the_queue(RedrivePolicy=""), "is lost, not parked"),
    ("Parked mails", ailments.a_mail_is_parked, "1 mail is parked in thub-prod-mail-dead-letters"),
    ("Logs", ailments.a_log_is_kept_for_ever, "is kept for ever"),
    ("Logs", ailments.a_log_has_no_group, "terminus-hub-auth-prod-sso_watch is missing"),
    ("Alarms", ailments.an_alarm_rings, "MailParkedAlarm rings: A mail failed every attempt"),
    ("Alarms", ailments.an_alarm_tells_nobody, "Nobody is told when MailParkedAlarm rings"),
    ("Alarms", ailments.an_alarm_is_gone, "Alarm MailParkedAlarm is missing"),
]


@pytest.mark.parametrize(
    ("title", "ailment", "words"), AILMENTS, ids=[f"{a[0]}: {a[2]}" for a in AILMENTS]
)
def test_each_trouble_is_told_in_a_sentence_until_it_is_mended(
    subject: Subject, ward: Deployed, title: str, ailment: ailments.Ailment, words: str
) -> None:
    with ailment(ward):
        found = list(examine(dataclasses.replace(subject), {title: CHECKS[title]}))
    (after,) = examine(dataclasses.replace(subject), {title: CHECKS[title]})
    assert {finding.outcome for finding in found} == {Outcome.TROUBLE}, found
    (said,) = [finding.words for finding in found if words in finding.words]
    assert said.endswith((".", "?"))
    assert after.outcome is Outcome.FINE, after


def test_a_clock_that_is_off_is_told_before_aws_refuses_it(subject: Subject) -> None:
    ahead = dataclasses.replace(subject, clock=lambda: datetime.now(UTC) + timedelta(hours=1))
    behind = dataclasses.replace(subject, clock=lambda: datetime.now(UTC) - timedelta(hours=1))
    for wrong, way in ((ahead, "ahead of"), (behind, "behind")):
        (said,) = _troubles(wrong, "Clock")
        assert said.startswith("This machine's clock is 3")
        assert f"seconds {way} AWS's" in said


def test_old_secrets_and_a_certificate_near_its_end_are_told(subject: Subject) -> None:
    later = dataclasses.replace(subject, clock=lambda: datetime.now(UTC) + timedelta(days=400))
    assert [said.partition(" is ")[0] for said in _troubles(later, "Secrets")] == [
        "PASSWORD_PEPPERS",
        "COOKIE_KEY",
    ]
    decade = dataclasses.replace(subject, clock=lambda: datetime.now(UTC) + timedelta(days=3_600))
    (said,) = _troubles(decade, "SAML key")
    assert said.startswith("Our SAML certificate ends on ")


def test_a_function_that_is_missing_or_for_another_machine_is_told(subject: Subject) -> None:
    more = dataclasses.replace(STAGE, functions=(*STAGE.functions, "export"))
    (said,) = _troubles(dataclasses.replace(subject, stage=more), "Functions")
    assert said == "Function terminus-hub-auth-prod-export is missing. Deploy the stage."
    other = dataclasses.replace(STAGE, architecture="x86_64")
    for said in _troubles(dataclasses.replace(subject, stage=other), "Functions"):
        assert "isn't for x86_64, as its package is" in said


def test_a_stage_that_was_never_deployed_is_trouble_and_not_a_stack_trace(
    subject: Subject,
) -> None:
    environment = STAGE.environment | {
        "TABLE_PREFIX": "thub-new-",
        "MAIL_QUEUE_NAME": "thub-new-mail",
        "SECRETS_PATH": "/thub-new/secrets",
    }
    new = dataclasses.replace(STAGE, name="new", environment=environment)
    found = list(examine(dataclasses.replace(subject, stage=new)))
    missing = [f.title for f in found if f.outcome is Outcome.TROUBLE]
    assert {"Tables", "Functions", "Key checks", "Secrets", "SAML key", "Mail queue"} <= {*missing}
    assert missing.count("Tables") == len(new.tables)
    unchecked = {f.title: f.words for f in found if f.outcome is Outcome.UNCHECKED}
    assert unchecked["Error answers"] == "Couldn't be checked: no API asks this stage's key_check."
    assert {"Triggers", "Parked mails", "API stage"} <= unchecked.keys()


def test_a_domain_that_ses_has_not_verified_or_the_dns_lacks_is_told(
    subject: Subject, session: Any, dns: DnsServer
) -> None:
    (name, *_) = dns.cnames
    del dns.cnames[name]
    (said,) = _troubles(subject, "Mail sender")
    assert said.startswith(f"The DNS lacks a record: {name} as a CNAME of ")
    session.unregister("after-call.sesv2.GetEmailIdentity", _verify)
    pending = _troubles(dataclasses.replace(subject), "Mail sender")
    assert "SES doesn't sign mails from hub.test with DKIM (pending). Look at it in SES." in pending


def test_single_sign_ons_domains_are_looked_up(
    subject: Subject, ward: Deployed, dns: DnsServer
) -> None:
    proof = {"txt_token": {"S": "abc"}, "created_at": {"S": "2026-11-24T12:00:00.000000+0000"}}
    proof["verified_at"] = proof["created_at"]
    domain = {"domain": {"S": "acme.test"}, "account_id": {"S": "acc_1"}, "enforced": {"N": "1"}}
    listed = {"account_id": {"S": "acc_1"}, "part": {"S": "domain#acme.test"}, **proof}
    client = ward.engine.client("dynamodb")
    client.put_item(TableName=f"{STAGE.prefix}domains", Item=domain)
    client.put_item(TableName=f"{STAGE.prefix}accounts", Item=listed)
    (said,) = _troubles(subject, "SSO domains")
    assert said.startswith("acme.test of account acc_1 has lost its proof: _terminus-hub.acme.test")
    dns.records["_terminus-hub.acme.test"] = ["thub-domain-verification=abc"]
    (fine,) = examine(subject, {"SSO domains": CHECKS["SSO domains"]})
    assert fine.words == "1 are proved, and their DNS still says so."
    dns.behave = _fail
    (silent,) = examine(subject, {"SSO domains": CHECKS["SSO domains"]})
    assert silent.words == "Couldn't be checked: the DNS doesn't answer about acme.test."


def test_without_a_stage_a_region_or_an_account_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = CliRunner().invoke(cli, ["nowhere"])
    assert (result.exit_code, result.output.partition(" 'nowhere'")[0]) == (2, "There is no stage")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for missing in ("specify a region", "locate credentials"):
        result = CliRunner().invoke(cli, [STAGE.name])
        assert result.exit_code == 2
        assert missing in result.output
        assert "set AWS_PROFILE" in result.output
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
