"""What is read from an identity provider's metadata, and what isn't."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.domain.errors import InvalidValueError
from chalicelib.gateways.saml.metadata import InvalidMetadataError, read_metadata
from chalicelib.gateways.saml.names import DS, HTTP_POST, HTTP_REDIRECT, METADATA, SAMLP
from tests.support.saml.keys import rsa_pair, self_signed

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_IDP, _NEXT = rsa_pair("idp").certificate, rsa_pair("next").certificate
_URL = "https://idp.test/sso"


def _key(certificate: str, use: str = ' use="signing"') -> str:
    return (
        f"<md:KeyDescriptor{use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
        f"\n  {certificate}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


def _service(url: str = _URL, binding: str = HTTP_REDIRECT) -> str:
    return f'<md:SingleSignOnService Binding="{binding}" Location="{url}"/>'


def _entity(
    keys: str = _key(_IDP.base64),
    services: str = _service(),
    entity_id: str = "https://idp.test/",
    valid_until: str = "",
    protocols: str = SAMLP,
) -> str:
    return (
        f'<md:EntityDescriptor xmlns:md="{METADATA}" xmlns:ds="{DS}"'
        f' entityID="{entity_id}"{valid_until}>'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{protocols}">'
        f"{keys}<md:NameIDFormat>urn:x</md:NameIDFormat>{services}"
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def _group(entities: Sequence[str], valid_until: str = "") -> str:
    inner = "".join(entities)
    return (
        f'<md:EntitiesDescriptor xmlns:md="{METADATA}"{valid_until}>{inner}</md:EntitiesDescriptor>'
    )


def test_entity_id_sign_in_url_and_certificates_are_read() -> None:
    keys = _key(_IDP.base64) + _key(_NEXT.base64, "")
    services = _service("https://idp.test/post", HTTP_POST) + _service()
    provider = read_metadata(_entity(keys, services).encode(), _NOW, email_attribute="mail")
    assert provider.entity_id == "https://idp.test/"
    assert provider.sso_url == _URL
    assert provider.certificates == (_IDP, _NEXT)
    assert provider.email_attribute == "mail"


@pytest.mark.parametrize(
    "xml",
    [
        '<?xml version="1.0" encoding="utf-8"?>' + _entity(),
        "\ufeff" + _entity(),
        _group([_entity()]),
        _group([_group([_entity()])]),
        _entity(valid_until=' validUntil="2027-01-01T00:00:00Z"'),
        _entity(valid_until=' validUntil="2027-01-01T00:00:00.123+02:00"'),
        _entity(keys=_key(_IDP.base64) + _key(_IDP.base64)),
        _entity(keys=_key(_IDP.base64) + _key("AAAA", ' use="encryption"')),
        _entity(services=_service("https://idp.test/sso?a=1&amp;b=2")),
    ],
)
def test_metadata_of_real_providers_is_accepted(xml: str) -> None:
    assert read_metadata(xml.encode(), _NOW).certificates == (_IDP,)


@pytest.mark.requirement("E13")
def test_of_many_certificates_those_that_have_ended_are_left_out() -> None:
    ended = [self_signed(rsa_pair("idp").key, f"old{n}", days=1) for n in range(2)]
    texts = [rsa_pair("idp").certificate.base64, _NEXT.base64]
    old = ["".join(c.public_bytes(Encoding.PEM).decode().splitlines()[1:-1]) for c in ended]
    keys = "".join(map(_key, [*old, *texts]))
    read = read_metadata(_entity(keys).encode(), datetime.now(UTC))
    assert read.certificates == (_IDP, _NEXT)


@pytest.mark.requirement("E13")
def test_of_more_than_two_good_certificates_those_that_are_valid_longest_are_taken() -> None:
    def lasting(days: int, begins: int = -1) -> str:
        made = self_signed(rsa_pair("idp").key, f"lasts{days}", days=days, begins=begins)
        return "".join(made.public_bytes(Encoding.PEM).decode().splitlines()[1:-1])

    given = {days: lasting(days) for days in (400, 30, 900, 60)}
    read = read_metadata(_entity("".join(map(_key, given.values()))).encode(), datetime.now(UTC))
    assert [certificate.base64 for certificate in read.certificates] == [given[400], given[900]]
    assert read.left_out == 2
    # One that is valid now isn't dropped for later ones.
    later = [lasting(3_000, begins=5), lasting(4_000, begins=5)]
    read = read_metadata(
        _entity("".join(map(_key, [given[30], *later]))).encode(), datetime.now(UTC)
    )
    assert [certificate.base64 for certificate in read.certificates] == [given[30], later[1]]
    two = _entity(_key(given[30]) + _key(given[60]))
    assert read_metadata(two.encode(), datetime.now(UTC)).left_out == 0


@pytest.mark.requirement("E11")
@pytest.mark.parametrize(
    ("xml", "words"),
    [
        ("", "not well-formed"),
        ("hello", "not well-formed"),
        ("<html><body>Sign in</body></html>", "web page"),
        ("<!DOCTYPE html><html></html>", "web page"),
        ("<x/>", "not the metadata"),
        (f"<!DOCTYPE x [<!ENTITY e 'v'>]>{_entity()}", "document type"),
        (f'<?xml version="1.0" encoding="UTF-16"?>{_entity()}', "UTF-8"),
        (_group([_entity(), _entity(entity_id="https://b.test/")]), "several"),
        (_group([]), "no SAML 2.0 identity provider"),
        (_entity(protocols="urn:oasis:names:tc:SAML:1.1:protocol"), "no SAML 2.0"),
        (_entity(valid_until=' validUntil="2001-01-01T00:00:00Z"'), "expired"),
        (_entity(valid_until=' validUntil="2026-11-24T12:00:00"'), "expired"),
        (_entity(valid_until=' validUntil="soon"'), "validUntil"),
        (_group([_entity()], ' validUntil="2001-01-01T00:00:00Z"'), "expired"),
        (_entity(entity_id=""), "entity id"),
        (_entity(services=""), "HTTP-Redirect"),
        (_entity(services=_service(binding=HTTP_POST)), "HTTP-Redirect"),
        (_entity(services=_service("javascript:alert(1)")), "https address"),
        (_entity(services=_service("http://idp.test/sso")), "https address"),
        (_entity(keys=""), "no signing certificate"),
        (_entity(keys=_key(_IDP.base64, ' use="encryption"')), "no signing certificate"),
        (_entity(keys=_key("AAAA")), "not an X.509 certificate"),
        (_entity() + " " * 1_100_000, "larger than 1 MB"),
    ],
)  # fmt: skip
def test_other_metadata_is_refused_with_the_reason(xml: str, words: str) -> None:
    with pytest.raises(InvalidMetadataError, match=words) as refused:
        read_metadata(xml.encode(), _NOW)
    assert refused.value.param == "idp_metadata_xml"


def test_utf_16_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(InvalidMetadataError, match="UTF-8"):
        read_metadata(_entity().encode("utf-16"), _NOW)


def test_a_wrong_attribute_name_is_not_blamed_on_the_metadata() -> None:
    with pytest.raises(InvalidValueError) as refused:
        read_metadata(_entity().encode(), _NOW, email_attribute="a\nb")
    assert refused.value.param == "email_attribute"
