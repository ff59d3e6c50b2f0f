"""Validly signed assertions about users for whom the provider may not speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.sso.assertion import EMAIL_FORMAT, Refusal
from tests.support.saml.corpus.case import Severity, Situation, add_attack
from tests.support.saml.messages import Attribute, Facts, Markup

if TYPE_CHECKING:
    from collections.abc import Callable

_CRITICAL, _HIGH = Severity.CRITICAL, Severity.HIGH
_FORMATS = "urn:oasis:names:tc:SAML:"
_TENANT = "a provider speaks for its own account's domains only (E9)"
_READERS = "two readers see two domains in one address"


def _named(name_id: str) -> Callable[[Situation], object]:
    return lambda s: s.signed(s.facts().but(name_id=name_id), "both")


# The provider's own domain is acme.test; another account has verified other.test.
for _name, _address in (
    ("another-accounts-domain", "boss@other.test"),
    ("a-subdomain", "victim@sub.acme.test"),
    ("a-parent-domain", "victim@test.test"),
    ("a-domain-that-ends-alike", "victim@notacme.test"),
    ("a-domain-that-begins-alike", "victim@acme.test.evil.test"),
    ("a-public-domain", "victim@gmail.com"),
    ("a-look-alike-in-punycode", "victim@xn--cme-5cd.test"),
):
    add_attack(f"email-in-{_name}", _named(_address), _CRITICAL, _TENANT, None)

for _name, _address in (
    ("two-ats", "boss@other.test@acme.test"),
    ("a-comma", "boss@other.test,x@acme.test"),
    ("a-semicolon", "boss@other.test;x@acme.test"),
    ("a-blank", "boss@other.test x@acme.test"),
    ("a-line-break", "boss@other.test\nx@acme.test"),
    ("angle-brackets", "boss@other.test <x@acme.test>"),
    ("quotes", '"boss@other.test"@acme.test'),
    ("a-route", "<@acme.test:boss@other.test>"),
    ("percent", "boss%40other.test@acme.test "),
    ("no-local-part", "@acme.test"),
    ("no-domain", "boss@"),
    ("no-at", "acme.test"),
    ("a-zero-width-space", "vic\u200btim@acme.test"),
    ("a-soft-hyphen", "vic\u00adtim@acme.test"),
    ("a-bidi-override", "victim\u202e@acme.test"),
    ("a-byte-order-mark", "\ufeffvictim@acme.test"),
    ("a-fullwidth-at", "boss@other.test\uff20acme.test"),
    ("a-fullwidth-domain", "victim@\uff41cme.test"),
    ("a-cyrillic-letter", "victim@\u0430cme.test"),
    ("a-kelvin-sign", "\u212aim@acme.test"),
    ("a-blank-before", " victim@acme.test"),
    ("a-blank-after", "victim@acme.test "),
    ("an-address-literal", "victim@[127.0.0.1]"),
    ("a-dot-at-the-end", "victim@acme.test."),
    ("two-dots", "victim@acme..test"),
    ("a-long-local-part", f"{'a' * 65}@acme.test"),
):
    refusal = (
        Refusal.NAME_ID
        if _name
        in (
            "a-line-break",
            "a-zero-width-space",
            "a-soft-hyphen",
            "a-bidi-override",
            "a-byte-order-mark",
        )
        else Refusal.EMAIL_FORM
    )
    add_attack(f"email-with-{_name}", _named(_address), _HIGH, _READERS, refusal)

_CUT = "CVE-2017-11427 and relatives: text is cut where something stands in it"
for _name, _text, _refusal in (
    ("a-comment", Markup("victim@acme.test<!---->.evil.test"), Refusal.SHAPE),
    ("an-instruction", Markup("victim@acme.test<?x?>.evil.test"), Refusal.SHAPE),
    ("an-element", Markup("victim@acme.test<x/>.evil.test"), Refusal.NAME_ID),
    ("a-comment-before", Markup("<!-- -->victim@acme.test"), Refusal.SHAPE),
):
    add_attack(f"name-split-by-{_name}", _named(_text), _CRITICAL, _CUT, _refusal)
# CDATA is ordinary text, so all of it is read, and the domain is the attacker's.
add_attack(
    "name-split-by-cdata",
    _named(Markup("victim@acme.test<![CDATA[]]>.evil.test")),
    _CRITICAL,
    _CUT,
    None,
)


def _changed(change: Callable[[Facts, Situation], Facts]) -> Callable[[Situation], object]:
    return lambda s: s.signed(change(s.facts(), s), "both")


for _name, _change, _refusal in (
    ("no-name-id", lambda f, _: f.but(name_id=None), Refusal.NAME_ID),
    ("empty-name-id", lambda f, _: f.but(name_id=""), Refusal.NAME_ID),
    ("long-name-id", lambda f, _: f.but(name_id=f"{'a' * 300}@acme.test"), Refusal.NAME_ID),
    (
        "name-id-of-another-service",
        lambda f, _: f.but(name_qualifiers=' SPNameQualifier="https://other.test/"'),
        Refusal.NAME_ID,
    ),
    (
        "unspecified-name-id-that-looks-like-an-address",
        lambda f, s: f.but(name_id=s.victim, name_id_format=None),
        Refusal.EMAIL_MISSING,
    ),
    (
        "persistent-name-id-without-the-attribute",
        lambda f, _: f.but(
            name_id="a1b2", name_id_format=f"{_FORMATS}2.0:nameid-format:persistent"
        ),
        Refusal.EMAIL_MISSING,
    ),
):
    add_attack(_name, _changed(_change), _HIGH, "identity from one source alone", _refusal)


def _attributes(*attributes: Attribute) -> Callable[[Facts, Situation], Facts]:
    return lambda f, _: f.but(
        name_id="a1b2",
        name_id_format=f"{_FORMATS}2.0:nameid-format:persistent",
        attributes=attributes,
    )


for _name, _list in (
    ("twice", (Attribute("mail", ("a@acme.test",)), Attribute("mail", ("b@acme.test",)))),
    ("with-two-values", (Attribute("mail", ("a@acme.test", "b@acme.test")),)),
    ("empty", (Attribute("mail", ("",)),)),
    ("in-another-case", (Attribute("Mail", ("victim@acme.test",)),)),
    ("with-an-element", (Attribute("mail", (Markup("victim@acme.test<x/>"),)),)),
):
    add_attack(
        f"email-attribute-{_name}",
        _changed(_attributes(*_list)),
        _HIGH,
        "the one attribute, with one value",
        Refusal.EMAIL_MISSING,
    )
add_attack(
    "email-attribute-against-the-name-id",
    _changed(
        lambda f, s: f.but(
            name_id=s.stranger,
            name_id_format=EMAIL_FORMAT,
            attributes=(Attribute("mail", (s.victim,)),),
        )
    ),
    _CRITICAL,
    "the NameID decides where it is an address, whatever an attribute says",
    None,
)
add_attack(
    "email-attribute-in-another-accounts-domain",
    _changed(_attributes(Attribute("mail", ("boss@other.test",)))),
    _CRITICAL,
    _TENANT,
    None,
)
