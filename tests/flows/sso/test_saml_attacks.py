"""The whole corpus over HTTP: each case comes from the browser it was made for."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from chalicelib.domain.sso.assertion import Refusal, SamlRefusedError
from chalicelib.storage.dynamo.tables import LimitRow
from chalicelib.web.kit.requests import BODY_MAX_BYTES
from tests.support.personas.company import Company, a_company
from tests.support.personas.users import StoppedClock
from tests.support.saml.corpus import ATTACKS, BENIGN, Case, Situation
from tests.support.saml.keys import rsa_pair
from tests.support.servers import dns_server
from tests.support.service import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.http import Program, Reply
    from tests.support.servers.engines import EngineRoom
    from tests.support.service import Service

# Valid but unsolicited: it starts a request of ours, and signs nobody
# in (`E7`). The corpus lists it as an attack, because elsewhere it is one.
_UNASKED = ("no-in-response-to-assertion", "no-in-response-to-both")
# The gateway alone compares ids; the service looks up the request, and finds another one.
_LOOKED_UP = {
    "another-request-assertion": Refusal.OTHER_BROWSER,
    "another-request-both": Refusal.OTHER_BROWSER,
    "empty-in-response-to-assertion": Refusal.IN_RESPONSE_TO,
    "empty-in-response-to-both": Refusal.IN_RESPONSE_TO,
    "another-connections-response": Refusal.OTHER_BROWSER,
}
# The most refusals that are listed in an hour.
_LISTED = 60
_HUB = rsa_pair("hub")
_NEXT = rsa_pair("next")


@dataclass(frozen=True)
class Judged:
    """The answer to an attack, its cost, and the reason in the account's audit log."""

    reply: Reply
    seconds: float
    size: int
    reason: str | None = None


@dataclass(frozen=True)
class Scene:
    """Two companies, and another user's sign-in at the second."""

    service: Service
    company: Company
    other: Company

    def situation(self, program: Program) -> Situation:
        """Start a sign-in in a new browser, after one of another user."""
        # The real time, which python3-saml compares with.
        self.service.clock.now = datetime.now(UTC)
        return Situation(
            sp=self.company.sp,
            other_request_id=self.company.start(self.service.program()).request_id,
            request_id=self.company.start(program).request_id,
            other_sp=self.other.sp,
            issuer=self.company.issuer,
            idp=self.company.idp,
            next_idp=_NEXT,
            attacker=rsa_pair("attacker"),
            hub=_HUB,
            now=self.service.clock(),
        )

    def bring(self, case: Case) -> Judged:
        """Post a case's response from the browser that made the request."""
        program = self.service.program()
        field = case.build(self.situation(program))
        started = time.thread_time()
        reply = self.company.post_text(program, field)
        seconds = time.thread_time() - started
        return Judged(reply, seconds, len(urlencode({"SAMLResponse": field, "RelayState": "x"})))

    def begin_an_hour(self) -> None:
        """Reset the count of listed refusals, because the real clock can't be moved."""
        LimitRow(f"sso_refusals#{self.company.account_id}").delete()

    def reasons(self) -> dict[str | None, str]:
        """Return the reasons in the account's audit log, by the request's id."""
        path = "/api/v1/audit_events?event=sso_response.refused&limit=10000"
        events = self.company.owner.get(path).json["items"]
        return {event["request_id"]: event["details"]["reason"] for event in events}


@pytest.fixture(scope="module")
def scene(engine_room: EngineRoom) -> Iterator[Scene]:
    """One service for all cases: none of them affects the next one."""
    clock = StoppedClock(datetime.now(UTC))
    with (
        pytest.MonkeyPatch.context() as patch,
        dns_server.running() as dns,
        engine_room.use("moto") as engine,
    ):
        for name, value in engine.environ.items():
            patch.setenv(name, value)
        host, port = dns.address
        environ = {
            "DNS_SERVER": f"{host}:{port}",
            "SAML_PRIVATE_KEY": _HUB.private_pem,
            "SAML_CERTIFICATE": _HUB.certificate.pem,
        }
        with running(engine, clock, environ, patch) as service:
            company = a_company(
                service, dns, email_attribute="mail", idp_certificates=_certificates()
            )
            yield Scene(service, company, a_company(service, dns, "other.test"))


def _certificates() -> list[str]:
    return [pair.certificate.pem for pair in (rsa_pair("idp-acme.test"), _NEXT)]


@pytest.fixture(scope="module")
def judged(scene: Scene) -> dict[str, Judged]:
    """Post every attack, then read the audit log once."""
    sessions = len(scene.service.rows("sessions"))
    brought = {}
    for number, case in enumerate(ATTACKS.values()):
        if number % _LISTED == 0:
            scene.begin_an_hour()
        brought[case.name] = scene.bring(case)
    assert len(scene.service.rows("sessions")) == sessions
    reasons = scene.reasons()
    return {
        name: replace(each, reason=reasons.get(each.reply.header("X-Request-Id")))
        for name, each in brought.items()
    }


@pytest.mark.parametrize("case", [c for c in ATTACKS.values() if c.name not in _UNASKED], ids=str)
@pytest.mark.requirement("E1", "E2", "E3", "E4", "E6", "E8", "E9", "E11")
def test_an_attack_is_one_plain_403_within_a_second(judged: dict[str, Judged], case: Case) -> None:
    """None of them makes a session, and the audit log has the reason (`H4`)."""
    outcome = judged[case.name]
    assert outcome.reply.status == 403
    assert outcome.seconds < 1
    assert SamlRefusedError.message in unescape(outcome.reply.text)
    assert outcome.reply.cookies == {}
    because = _LOOKED_UP.get(case.name, case.refusal or Refusal.DOMAIN_UNPROVEN)
    # A body larger than any form is refused before it is read, and isn't recorded.
    assert outcome.reason == (None if outcome.size > BODY_MAX_BYTES else because)


@pytest.mark.parametrize("name", _UNASKED)
@pytest.mark.requirement("E7")
def test_an_unsolicited_response_starts_a_request_of_ours(
    scene: Scene, judged: dict[str, Judged], name: str
) -> None:
    reply = judged[name].reply
    start = f"/sso/{scene.company.connection_id}/start"
    assert (reply.status, reply.header("Location")) == (303, start)
    assert reply.cookies == {}


@pytest.mark.parametrize("case", BENIGN.values(), ids=str)
def test_a_valid_response_signs_in(scene: Scene, case: Case) -> None:
    # Each from a provider of its own, with its own names for users.
    company = scene.company
    company.issuer = f"https://idp.acme.test/{case.name}"
    changed = company.put(
        idp_entity_id=company.issuer,
        idp_sso_url="https://idp.acme.test/sso",
        idp_certificates=_certificates(),
    )
    assert changed.status == 200, changed.text
    program = scene.service.program()
    situation = scene.situation(program)
    reply = company.post_text(program, case.build(situation))
    assert (reply.status, reply.header("Location")) == (303, "/")
    session = program.get("/auth/session").json
    assert session["user"]["email"] == (case.email or situation.mallory)
    assert session["account"]["id"] == company.account_id
    assert session["method"] == "sso"
