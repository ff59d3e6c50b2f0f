"""`make doctor`: what it says of a healthy stage, and of each thing that can be wrong with one."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from dns.message import Message, make_response
from dns.rcode import Rcode

from infra.doctor.__main__ import cli
from infra.doctor.examination import CHECKS, examine
from infra.doctor.findings import Outcome
from tests.support.deployment import doctor_faults
from tests.support.deployment.deployed import STAGE
from tests.support.deployment.doctor_checks import findings, say_verified, troubles
from tests.support.servers.children import ROOT

if TYPE_CHECKING:
    from infra.doctor.examined_stage import ExaminedStage
    from tests.support.deployment.deployed import Deployed
    from tests.support.servers.dns_server import DnsServer


def _fail(question: Message, _: str) -> Message:
    reply = make_response(question)
    reply.set_rcode(Rcode.SERVFAIL)
    return reply


def _run(session: Any, examined: ExaminedStage, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.setattr("botocore.session.get_session", lambda: session)
    host, port = examined.dns_server or ("", 0)
    monkeypatch.setenv("DNS_SERVER", f"{host}:{port}")
    result = CliRunner().invoke(cli, [STAGE.name], catch_exceptions=False)
    return result.exit_code, result.output


def test_a_healthy_stage_is_fine_in_every_line(
    session: Any, examined: ExaminedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, said = _run(session, examined, monkeypatch)
    *lines, blank, last = said.splitlines()
    assert (status, last, blank) == (0, "Stage prod is healthy.", "")
    assert len(lines) == len(CHECKS)
    for line, title in zip(lines, CHECKS, strict=True):
        assert line.startswith("fine ")
        assert title in line
        assert line.endswith(".")


def test_trouble_ends_with_1_and_is_counted(
    session: Any, examined: ExaminedStage, live_stage: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        doctor_faults.a_mail_is_parked(live_stage),
        doctor_faults.expired_rows_are_kept(live_stage),
    ):
        status, said = _run(session, examined, monkeypatch)
    assert status == 1
    assert said.splitlines()[-1] == "Stage prod: 2 to put right."
    (line,) = [line for line in said.splitlines() if "Parked mails" in line]
    assert line.startswith("trouble ")


def test_what_could_not_be_looked_at_is_never_fine(
    session: Any, examined: ExaminedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that doesn't answer, as an emulator may lack it, or a policy that forbids it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:1")
    status, said = _run(session, examined, monkeypatch)
    assert status == 2
    (line,) = [line for line in said.splitlines() if line.startswith("unchecked ")]
    assert "Alarms" in line
    assert "Couldn't be checked: Could not connect to the endpoint URL" in line
    assert said.splitlines()[-1] == "Stage prod: 1 that couldn't be checked."


def test_the_page_names_every_action_that_it_takes(examined: ExaminedStage, session: Any) -> None:
    """Nobody needs a permission to ask who they are; the store's two calls are its own client's."""
    asked = {"dynamodb:Scan", "dynamodb:GetItem"}

    def note(model: Any, **_: Any) -> None:
        service = model.service_model.signing_name.replace("monitoring", "cloudwatch")
        asked.add("apigateway:GET" if service == "apigateway" else f"{service}:{model.name}")

    session.register("before-call", note)
    list(examine(examined))
    session.unregister("before-call", note)
    section = (ROOT / "docs" / "operations.md").read_text().partition("## Check a stage")[2]
    named = re.findall(r"`([a-z]+:[A-Z]\w+)`", section.partition("\n## ")[0])
    assert asked - {"sts:GetCallerIdentity"} == {*named}


def test_a_clock_that_is_off_is_told_before_aws_refuses_it(examined: ExaminedStage) -> None:
    ahead = dataclasses.replace(examined, clock=lambda: datetime.now(UTC) + timedelta(hours=1))
    behind = dataclasses.replace(examined, clock=lambda: datetime.now(UTC) - timedelta(hours=1))
    for wrong, way in ((ahead, "ahead of"), (behind, "behind")):
        (said,) = troubles(wrong, "Clock")
        assert said.startswith("This machine's clock is 3")
        assert f"seconds {way} AWS's" in said


def test_old_secrets_and_a_certificate_near_its_end_are_told(examined: ExaminedStage) -> None:
    later = dataclasses.replace(examined, clock=lambda: datetime.now(UTC) + timedelta(days=400))
    assert [said.partition(" is ")[0] for said in troubles(later, "Secrets")] == [
        "PASSWORD_PEPPERS",
        "COOKIE_KEY",
    ]
    decade = dataclasses.replace(examined, clock=lambda: datetime.now(UTC) + timedelta(days=3_600))
    (said,) = troubles(decade, "SAML key")
    assert said.startswith("Our SAML certificate ends on ")


def test_a_function_that_is_missing_or_for_another_machine_is_told(examined: ExaminedStage) -> None:
    more = dataclasses.replace(STAGE, functions=(*STAGE.functions, "export"))
    (said,) = troubles(dataclasses.replace(examined, stage=more), "Functions")
    assert said == "terminus-hub-auth-prod-export: missing. Deploy the stage."
    other = dataclasses.replace(STAGE, architecture="x86_64")
    (said,) = troubles(dataclasses.replace(examined, stage=other), "Functions")
    names = [STAGE.function_name(function) for function in STAGE.functions]
    assert said == f"{', '.join(names)}: not for x86_64, as its package is. Deploy again."


def test_a_stage_that_was_never_deployed_is_trouble_and_not_a_stack_trace(
    examined: ExaminedStage,
) -> None:
    environment = STAGE.environment | {
        "TABLE_PREFIX": "thub-new-",
        "MAIL_QUEUE_NAME": "thub-new-mail",
        "SECRETS_PATH": "/thub-new/secrets",
    }
    new = dataclasses.replace(STAGE, name="new", environment=environment)
    found = list(examine(dataclasses.replace(examined, stage=new)))
    missing = [f.title for f in found if f.outcome is Outcome.TROUBLE]
    assert {"Tables", "Functions", "Key checks", "Secrets", "SAML key", "Mail queue"} <= {*missing}
    assert missing.count("Tables") == 1
    unchecked = {f.title: f.words for f in found if f.outcome is Outcome.UNCHECKED}
    assert unchecked["Error answers"] == "Couldn't be checked: no API asks this stage's key_check."
    assert {"Triggers", "Parked mails", "API stage", "Settings"} <= unchecked.keys()
    assert {"Expiry", "Backups"} <= unchecked.keys()
    # Of the stage itself nothing is there that could be fine.
    fine = {f.title for f in found if f.outcome is Outcome.FINE}
    assert fine == {"Clock", "Mail account"}
    (pair,) = [f.words for f in found if f.title == "Secrets" and "SAML" in f.words]
    assert pair.startswith("There is no SAML pair under /thub-new/secrets: requests go unsigned.")


def test_of_a_table_or_a_function_that_is_gone_nothing_is_told_as_fine(
    examined: ExaminedStage, live_stage: Deployed
) -> None:
    with doctor_faults.a_table_is_gone(live_stage):
        for title in ("Expiry", "Backups"):
            (said,) = findings(dataclasses.replace(examined), title)
            assert said.outcome is Outcome.UNCHECKED
            assert said.words == "Couldn't be checked: no table thub-prod-links."
    more = dataclasses.replace(STAGE, functions=(*STAGE.functions, "export"))
    (said,) = findings(dataclasses.replace(examined, stage=more), "Settings")
    assert said.words == "Couldn't be checked: no function export."


@pytest.mark.parametrize("name", ["SAML_PRIVATE_KEY", "COOKIE_KEY"])
def test_a_secret_without_which_no_function_starts_is_told(
    examined: ExaminedStage, live_stage: Deployed, name: str
) -> None:
    """Half a SAML pair is one too."""
    with doctor_faults.a_secret_is_gone(live_stage, name):
        (said,) = troubles(examined, "Secrets")
    path = STAGE.secrets_path
    assert said == f"{name} is missing under {path}, and functions can't start. Restore or deploy."


def test_a_domain_that_ses_has_not_verified_or_the_dns_lacks_is_told(
    examined: ExaminedStage, session: Any, dns: DnsServer
) -> None:
    (name, *_) = dns.cnames
    del dns.cnames[name]
    (said,) = troubles(examined, "Mail sender")
    assert said.startswith(f"The DNS lacks {name} as a CNAME of ")
    session.unregister("after-call.sesv2.GetEmailIdentity", say_verified)
    pending = troubles(dataclasses.replace(examined), "Mail sender")
    assert "SES doesn't sign mails from hub.test with DKIM (pending). Look at it in SES." in pending


def test_a_dns_that_does_not_answer_says_nothing_of_dkim(
    examined: ExaminedStage, dns: DnsServer
) -> None:
    dns.behave = _fail
    (silent,) = findings(examined, "Mail sender")
    assert silent.outcome is Outcome.UNCHECKED
    assert silent.words.startswith("Couldn't be checked: the DNS doesn't answer about ")


def test_single_sign_ons_domains_are_looked_up(
    examined: ExaminedStage, live_stage: Deployed, dns: DnsServer
) -> None:
    proof = {"txt_token": {"S": "abc"}, "created_at": {"S": "2026-11-24T12:00:00.000000+0000"}}
    proof["verified_at"] = proof["created_at"]
    domain = {"domain": {"S": "acme.test"}, "account_id": {"S": "acc_1"}, "enforced": {"N": "1"}}
    listed = {"account_id": {"S": "acc_1"}, "part": {"S": "domain#acme.test"}, **proof}
    with (
        doctor_faults.a_row_more(live_stage, "domains", domain, ("domain",)),
        doctor_faults.a_row_more(live_stage, "accounts", listed, ("account_id", "part")),
    ):
        (said,) = troubles(examined, "SSO domains")
        assert said.startswith("acme.test of account acc_1 has lost its proof: _terminus-hub.acme.")
        dns.records["_terminus-hub.acme.test"] = ["thub-domain-verification=abc"]
        (fine,) = findings(examined, "SSO domains")
        assert fine.words == "1 are proved, and their DNS still says so."
        dns.behave = _fail
        (silent,) = findings(examined, "SSO domains")
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
