"""Which domains an account may verify, and which emails are in one."""

from __future__ import annotations

import pytest

from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.sso.email_domain import (
    DomainProof,
    DomainUnprovenError,
    InvalidEmailDomainError,
    PublicDomainError,
    is_in_domains,
    parse_domain,
    public_mail_domains,
)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("acme.test", "acme.test"),
        (" ACME.Example. ", "acme.example"),
        ("mail.acme.co.uk", "mail.acme.co.uk"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("\uff41cme.example", "acme.example"),
    ],
)
def test_a_domain_has_one_form(text: str, domain: str) -> None:
    assert parse_domain(text) == domain


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "localhost",
        "test",
        "1.2.3.4",
        "[::1]",
        "a@acme.test",
        "https://acme.test",
        "acme.test/",
        "acme.test:443",
        "*.acme.test",
        "acme..test",
        "-acme.test",
        "ac me.test",
        "_dmarc.acme.test",
        "xn--a.test",
        "acme.test\nevil.test",
        "acme\u200b.test\u202e",
        "a" * 64 + ".test",
        "a." * 150 + "test",
    ],
)
def test_text_that_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(InvalidEmailDomainError) as refused:
        parse_domain(text)
    assert refused.value.param == "domain"


@pytest.mark.requirement("E9")
@pytest.mark.parametrize(
    "text",
    ["co.uk", "github.io", "gmail.com", "GMAIL.com", "mail.gmail.com", "yahoo.co.uk", "qq.com"],
)
def test_a_public_domain_is_refused(text: str) -> None:
    with pytest.raises(PublicDomainError):
        parse_domain(text)


def test_the_list_of_mail_domains_is_in_the_form_that_is_compared() -> None:
    assert all(name == name.lower() and "." in name for name in public_mail_domains())
    assert len(public_mail_domains()) > 400


@pytest.mark.requirement("E9")
def test_an_email_in_a_subdomain_is_not_in_the_domain() -> None:
    proved = ("acme.test", "acme.example")
    assert is_in_domains(EmailAddress("robin@acme.test"), proved)
    for domain in ("sub.acme.test", "notacme.test", "test", "acme.test.evil.test"):
        assert not is_in_domains(EmailAddress(f"robin@{domain}"), proved)


@pytest.mark.requirement("E9")
def test_a_domain_is_verified_only_by_its_own_record() -> None:
    proof = DomainProof.ask_for("acme.test")
    assert proof.txt_name == "_terminus-hub.acme.test"
    assert proof.txt_value == f"thub-domain-verification={proof.token}"
    proof.check(["v=spf1 -all", f" {proof.txt_value} "])
    another = DomainProof.ask_for("acme.test")
    assert another.token != proof.token
    for texts in ([], [another.txt_value], [proof.token], [proof.txt_value + "x"]):
        with pytest.raises(DomainUnprovenError):
            proof.check(texts)
