"""The packaged app on an emulator: the built template, the real zip, its gateway and authorizer."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.keys.api_key import PATTERN, checksum
from infra.stack.gateway_responses import envelope
from tests.support.deployment.deployed import ORIGIN, STAGE
from tests.support.personas.journeys import OTHER_PASSWORD, PASSWORD, ask_sign_in, sign_in, sign_up
from tests.support.servers.engines import REGION

if TYPE_CHECKING:
    from infra.package.build import Package
    from tests.support.deployment.deployed import Deployed
    from tests.support.http import Browser, Program, Reply

_ACCOUNT = "/api/v1/account"
_REFUSED = envelope("authentication_error", "Invalid API key")
# Right in form and checksum, and nobody's.
_UNKNOWN = "thub_" + "0" * 26 + checksum("0" * 26)
# What EventBridge hands to a function that a schedule begins.
_TICK = {
    "version": "0",
    "account": "000000000000",
    "region": REGION,
    "detail": {},
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "time": "2026-11-24T12:00:00Z",
    "id": "b8f1d0d6",
    "resources": [f"arn:aws:events:{REGION}:000000000000:rule/sso-watch"],
}


def _become_an_owner(deployed: Deployed, address: str) -> Browser:
    browser = deployed.browser()
    sign_up(browser, address)
    browser.open(deployed.await_link(address, "email-confirmation"))
    browser.press("Confirm email")
    return browser


def _owner(deployed: Deployed, address: str) -> Program:
    _become_an_owner(deployed, address)
    program = deployed.program()
    assert ask_sign_in(program, address).status == 200
    return program


def _make_key(owner: Program, name: str = "CI pipeline") -> dict[str, Any]:
    reply = owner.post("/api/v1/api_keys", {"name": name})
    assert reply.status == 201, reply.text
    made: dict[str, Any] = reply.json
    return made


def _with_key(deployed: Deployed, key: str, path: str = _ACCOUNT) -> Reply:
    return deployed.program().get(path, Authorization=f"Bearer {key}")


def test_a_person_signs_up_and_makes_a_key_that_a_program_calls_with(deployed: Deployed) -> None:
    """Pages, links from the worker's mails, cookies on the public address, and the authorizer."""
    browser = _become_an_owner(deployed, "robin@acme.test")
    sign_in(browser, "robin@acme.test")
    assert browser.page.url == f"{ORIGIN}/"
    assert "__Host-thub_session" in browser.jar.values
    browser.open("/settings/api-keys")
    browser.press("Create key", Name="CI pipeline")
    (key,) = set(re.findall(PATTERN, browser.page.text))
    answer = _with_key(deployed, key)
    assert answer.status == 200
    assert answer.json["name"] == "Acme"
    assert answer.json["key"]["name"] == "CI pipeline"
    workspaces = _with_key(deployed, key, "/api/v1/workspaces?limit=1").json
    assert [workspace["name"] for workspace in workspaces["items"]] == ["Main"]


def test_style_and_health_come_through_the_gateway(deployed: Deployed) -> None:
    program = deployed.program()
    assert program.get("/health").json == {"status": "ok"}
    browser = deployed.browser()
    browser.open("/sign-in")
    (sheet, *_) = [
        link.attributes["href"]
        for link in browser.page.root.all("link")
        if link.attributes.get("rel") == "stylesheet"
    ]
    answer = program.get(sheet)
    assert (answer.status, answer.header("Content-Type")) == (200, "text/css; charset=utf-8")


@pytest.mark.parametrize(
    "authorization",
    [
        f"Bearer {_UNKNOWN}",
        f"Bearer {_UNKNOWN[:-1]}x",
        "Bearer thub_short",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        _UNKNOWN,
        None,
    ],
)
def test_every_bad_key_gets_the_same_401_from_the_gateway(
    deployed: Deployed, authorization: str | None
) -> None:
    """`F7`, `F8`, `H1`: unknown, wrong checksum, malformed, another scheme, none at all."""
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = deployed.program().get(_ACCOUNT, **headers)
    assert (answer.status, answer.text) == (401, _REFUSED)
    assert answer.header("WWW-Authenticate") == "Bearer"


def test_a_deleted_key_is_refused_on_the_next_call(deployed: Deployed) -> None:
    """`F5`: no decision is kept anywhere between the caller and the table."""
    owner = _owner(deployed, "deleter@acme.test")
    made = _make_key(owner)
    assert _with_key(deployed, made["key"]).status == 200
    assert owner.delete(f"/api/v1/api_keys/{made['id']}").status == 204
    after = _with_key(deployed, made["key"])
    assert (after.status, after.text) == (401, _REFUSED)


def test_a_key_never_reaches_what_people_administer(deployed: Deployed) -> None:
    """`F9`."""
    key = _make_key(_owner(deployed, "keeper@acme.test"))["key"]
    answer = deployed.program().get("/api/v1/api_keys", Authorization=f"Bearer {key}")
    assert (answer.status, answer.error["type"]) == (403, "permission_error")


def test_past_its_limit_a_key_gets_429_and_others_do_not(deployed: Deployed) -> None:
    """`G1`, `G7`: the authorizer counts, and its context lets the app's function say so."""
    owner = _owner(deployed, "busy@acme.test")
    busy, idle = (_make_key(owner, name)["key"] for name in ("busy", "idle"))
    answers: list[Reply] = []
    # A minute that turns meanwhile starts the count anew, once.
    while len(answers) < 201 and (not answers or answers[-1].status == 200):
        answers.append(_with_key(deployed, busy))
    *good, refused = answers
    assert len(good) >= 100
    assert "r=0;" in str(good[-1].header("RateLimit"))
    assert (refused.status, refused.error["type"]) == (429, "rate_limit_error")
    assert 1 <= int(str(refused.header("Retry-After"))) <= 60
    assert _with_key(deployed, idle).status == 200


def test_wrong_passwords_lock_and_the_mailed_link_unlocks(deployed: Deployed) -> None:
    """`B5`, `B6`."""
    address = "locked@acme.test"
    _become_an_owner(deployed, address)
    stranger = deployed.program()
    wrong = [ask_sign_in(stranger, address, OTHER_PASSWORD) for _ in range(5)]
    assert [reply.status for reply in wrong] == [401] * 5
    right = ask_sign_in(deployed.program(), address)
    assert (right.status, right.body) == (401, wrong[0].body)
    browser = deployed.browser()
    browser.open(deployed.await_link(address, "account-unlock"))
    browser.press("Unlock")
    sign_in(browser, address)
    assert browser.page.url == f"{ORIGIN}/"


def test_an_address_that_does_not_exist_has_the_envelope(deployed: Deployed) -> None:
    """`H1`."""
    answer = deployed.program().get("/nowhere")
    assert (answer.status, answer.error["type"]) == (404, "not_found_error")
    assert answer.header("X-Request-Id")


@pytest.mark.parametrize("function", ["sso_watch", "deletions"])
def test_a_scheduled_function_runs(deployed: Deployed, function: str) -> None:
    answer = deployed.engine.client("lambda").invoke(
        FunctionName=STAGE.function_name(function),
        Payload=json.dumps(_TICK).encode(),
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_every_function_runs_the_zip_that_was_built(deployed: Deployed, package: Package) -> None:
    digest = hashlib.sha256(package.archive.read_bytes()).digest()
    client = deployed.engine.client("lambda")
    found = client.list_functions()["Functions"]
    assert len(found) == 5
    assert {f["CodeSha256"] for f in found} == {base64.b64encode(digest).decode()}


def test_logs_hold_no_secret_and_nothing_was_parked(deployed: Deployed) -> None:
    """`H5`: what the functions wrote in a journey of its own, as CloudWatch holds it."""
    owner = _owner(deployed, "canary@acme.test")
    made = _make_key(owner)
    assert _with_key(deployed, made["key"]).status == 200
    ask_sign_in(deployed.program(), "canary@acme.test", OTHER_PASSWORD)
    logs = deployed.engine.client("logs")
    written = ""
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        written += "\n".join(event["message"] for event in events)
    assert "authentication_failed" in written
    token = deployed.await_link("canary@acme.test", "email-confirmation").partition("=")[2]
    for secret in (PASSWORD, OTHER_PASSWORD, made["key"], token, *owner.jar.values.values()):
        assert secret not in written
    queues = deployed.engine.client("sqs")
    address = queues.get_queue_url(QueueName=STAGE.dead_letters)["QueueUrl"]
    parked = queues.get_queue_attributes(
        QueueUrl=address, AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert parked["Attributes"]["ApproximateNumberOfMessages"] == "0"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's peak in /proc")
def test_after_all_that_no_function_has_needed_half_of_its_memory(deployed: Deployed) -> None:
    """It is chosen for its share of a CPU; docs/operations.md has the figures."""
    peaks = deployed.peak_megabytes()
    sizes = {
        function["FunctionName"]: function["MemorySize"]
        for function in deployed.engine.client("lambda").list_functions()["Functions"]
    }
    assert peaks.keys() == sizes.keys()
    assert [name for name, peak in peaks.items() if peak > sizes[name] / 2] == []
