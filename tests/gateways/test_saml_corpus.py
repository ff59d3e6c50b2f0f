"""The corpus on the gateway's functions: every attack refused for its reason, all else accepted."""

from __future__ import annotations

import time

import pytest

from chalicelib.domain.sso.assertion import SamlRefusedError
from chalicelib.domain.sso.email_domain import is_in_domains
from tests.support.saml.corpus import ATTACKS, BENIGN, Case
from tests.support.saml.situations import a_situation, verified_in

_PROVED = ("acme.test",)


@pytest.mark.parametrize("case", ATTACKS.values(), ids=str)
@pytest.mark.requirement("E1", "E2", "E3", "E4", "E6", "E9", "E11")
def test_an_attack_is_refused_within_a_second(case: Case) -> None:
    situation = a_situation()
    field = case.build(situation)
    started = time.thread_time()
    try:
        # Left to the account's rules: whether it has verified the email's domain.
        signs_in = is_in_domains(verified_in(situation, field).email, _PROVED)
        refusal = None
    except SamlRefusedError as error:
        signs_in, refusal = False, error.refusal
    assert time.thread_time() - started < 1
    assert not signs_in
    assert refusal == case.refusal


@pytest.mark.parametrize("case", BENIGN.values(), ids=str)
def test_an_honest_response_is_accepted(case: Case) -> None:
    situation = a_situation()
    verified = verified_in(situation, case.build(situation))
    assert verified.email.value == (case.email or situation.mallory)
    assert verified.in_response_to == situation.request_id
    assert is_in_domains(verified.email, _PROVED)


def test_each_attack_has_a_source_and_a_severity() -> None:
    assert all(case.source and case.severity for case in ATTACKS.values())
    assert len(ATTACKS) > 300
    assert len(BENIGN) > 60
