"""The provider's side of a connection: allowed values."""

from __future__ import annotations

import pytest

from chalicelib.domain.email_address import InvalidEmailError
from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.sso.assertion import asserted_email
from chalicelib.domain.sso.provider import IdentityProvider, ServiceProvider
from tests.support.saml.keys import rsa_pair

_PEM = rsa_pair("idp").certificate.pem
_URL = "https://idp.test/sso?tenant=1"


def test_our_urls_come_from_the_public_url() -> None:
    ours = ServiceProvider.of("https://hub.test/api", "con_1")
    assert ours.entity_id == "https://hub.test/api/sso/con_1/metadata"
    assert ours.acs_url == "https://hub.test/api/sso/con_1/acs"


def test_a_provider_is_read_from_fields() -> None:
    provider = IdentityProvider.parse(" urn:idp ", f" {_URL} ", [_PEM, _PEM], " mail ")
    assert provider == IdentityProvider("urn:idp", _URL, (rsa_pair("idp").certificate,), "mail")
    assert IdentityProvider.parse("urn:idp", _URL, [_PEM], "  ").email_attribute is None


@pytest.mark.requirement("E13")
def test_two_certificates_are_accepted_and_a_third_is_refused() -> None:
    pems = [rsa_pair(name).certificate.pem for name in ("idp", "next", "attacker")]
    assert len(IdentityProvider.parse("urn:idp", _URL, pems[:2]).certificates) == 2
    with pytest.raises(InvalidValueError) as refused:
        IdentityProvider.parse("urn:idp", _URL, pems)
    assert refused.value.param == "idp_certificates"


@pytest.mark.parametrize("url", ["https://idp.test/", "http://localhost:8080/sso", _URL])
def test_a_sign_in_url_is_https_or_local(url: str) -> None:
    assert IdentityProvider.parse("urn:idp", url, [_PEM]).sso_url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "idp.test/sso",
        "http://idp.test/sso",
        "http://localhost.evil.test/",
        "javascript:alert(1)",
        "data:text/html,x",
        "//idp.test/sso",
        "https://",
        "https://user@idp.test/",
        "https://idp.test/#x",
        "https://idp.test/\r\nX: y",
        'https://idp.test/"x',
        "https://idp.test/ x",
        "https://idp.test:99999/",
        "https://[::1/",
        "https://\u0430cme.test/",
        f"https://idp.test/{'x' * 1_100}",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        IdentityProvider.parse("urn:idp", url, [_PEM])
    assert refused.value.param == "idp_sso_url"


@pytest.mark.parametrize(
    ("entity_id", "pems", "attribute", "param"),
    [
        ("", [_PEM], None, "idp_entity_id"),
        ("urn:i dp", [_PEM], None, "idp_entity_id"),
        ("x" * 1_100, [_PEM], None, "idp_entity_id"),
        ("urn:idp", [], None, "idp_certificates"),
        ("urn:idp", ["x"], None, "idp_certificates"),
        ("urn:idp", [_PEM], "a\nb", "email_attribute"),
    ],
)
def test_an_error_names_the_wrong_value(
    entity_id: str, pems: list[str], attribute: str | None, param: str
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        IdentityProvider.parse(entity_id, _URL, pems, attribute)
    assert refused.value.param == param


def test_an_asserted_email_is_plain_ascii_or_refused() -> None:
    assert asserted_email("Robin+x@ACME.test").value == "robin+x@acme.test"
    for text in (
        "a@b@acme.test",
        "@acme.test",
        "a @acme.test",
        "a@acme.test\n",
        "\u00e9@acme.test",
    ):
        with pytest.raises(InvalidEmailError):
            asserted_email(text)
