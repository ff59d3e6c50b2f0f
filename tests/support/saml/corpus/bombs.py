"""Small responses that need much work; none may cost more than a valid one."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from lxml import etree

from chalicelib.domain.sso.assertion import Refusal
from chalicelib.gateways.saml.names import DS, ENVELOPED, EXC_C14N
from tests.support.saml.corpus.case import Severity, Situation, add_attack, attack, signed
from tests.support.saml.messages import Attribute, Markup, encoded
from tests.support.saml.signing import Style

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

_HIGH = Severity.HIGH
_XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
_XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_XPATH2 = "http://www.w3.org/2002/06/xmldsig-filter2"
_ENVELOPED = f'<ds:Transform Algorithm="{ENVELOPED}"/>'
_EXCLUSIVE = f'<ds:Transform Algorithm="{EXC_C14N}"/>'
_UNSIGNED = "runs before the signature is verified; no key is needed"


def _transformed(transforms: str, mode: str = "assertion") -> Callable[[Situation], object]:
    """Sign with the attacker's key: the work would be done before the key is checked."""
    return lambda s: signed(s.facts(), s.attacker, mode, Style(transforms=transforms))


_STYLESHEET = (
    f'<ds:Transform Algorithm="{_XSLT}"><xsl:stylesheet version="1.0"'
    ' xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
    '<xsl:call-template name="t"><xsl:with-param name="n" select="27"/></xsl:call-template>'
    '</xsl:template><xsl:template name="t"><xsl:param name="n"/><xsl:if test="$n &gt; 0">'
    '<xsl:call-template name="t"><xsl:with-param name="n" select="$n - 1"/></xsl:call-template>'
    '<xsl:call-template name="t"><xsl:with-param name="n" select="$n - 1"/></xsl:call-template>'
    "</xsl:if></xsl:template></xsl:stylesheet></ds:Transform>"
)
_READ_A_FILE = (
    f'<ds:Transform Algorithm="{_XSLT}"><xsl:stylesheet version="1.0"'
    ' xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
    "<xsl:copy-of select=\"document('file:///etc/passwd')\"/>"
    "</xsl:template></xsl:stylesheet></ds:Transform>"
)
_NESTED = (
    f'<ds:Transform Algorithm="{_XPATH}"><ds:XPath>{"count(//*[" * 6}1{"])" * 6}</ds:XPath>'
    "</ds:Transform>"
)
_FILTER_2 = (
    f'<ds:Transform Algorithm="{_XPATH2}"><x:XPath xmlns:x="{_XPATH2}" Filter="subtract">'
    "//*[count(//*[count(//*) > 1]) > 1]</x:XPath></ds:Transform>".replace("> 1", "&gt; 1")
)
for _name, _transforms in (
    ("xslt-that-doubles", f"{_ENVELOPED}{_STYLESHEET}"),
    ("xslt-that-reads-a-file", f"{_ENVELOPED}{_READ_A_FILE}"),
    ("nested-xpath", f"{_ENVELOPED}{_NESTED}"),
    ("xpath-filter-2", f"{_ENVELOPED}{_FILTER_2}"),
    ("a-thousand-canonicalisations", _ENVELOPED + _EXCLUSIVE * 1_000),
):
    for _mode in ("assertion", "both"):
        add_attack(
            f"bomb-{_name}-{_mode}",
            _transformed(_transforms, _mode),
            _HIGH,
            _UNSIGNED,
            Refusal.ALGORITHM,
        )


@attack(_HIGH, _UNSIGNED, Refusal.SIGNATURE_FORM)
def bomb_transform_in_the_canonicalisation(s: Situation) -> _Element:
    method = (
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}">{_STYLESHEET}'
        "</ds:CanonicalizationMethod>"
    )
    return signed(s.facts(), s.attacker, "assertion", Style(canonicalisation=method))


@attack(_HIGH, "a prefix list makes each element carry every name", Refusal.SIGNATURE_FORM)
def bomb_long_prefix_list(s: Situation) -> _Element:
    prefixes = " ".join(f"p{n}" for n in range(5_000))
    listed = (
        f'{_ENVELOPED}<ds:Transform Algorithm="{EXC_C14N}"><e:InclusiveNamespaces'
        f' xmlns:e="{EXC_C14N}" PrefixList="{prefixes}"/></ds:Transform>'
    )
    return signed(s.facts(), s.attacker, "assertion", Style(transforms=listed))


@attack(_HIGH, "names in scope by elements", Refusal.SHAPE)
def bomb_many_namespaces(s: Situation) -> bytes:
    names = "".join(f' xmlns:p{n}="urn:{n}"' for n in range(4_000))
    xml = etree.tostring(signed(s.facts(), s.attacker))
    return xml.replace(b"<saml:Subject>", f"<saml:Subject{names}>".encode())


@attack(_HIGH, "names in scope by elements", Refusal.SHAPE)
def bomb_namespaces_on_each_element(s: Situation) -> bytes:
    values = "".join(f'<p{n}:v xmlns:p{n}="urn:{n}"/>' for n in range(3_000))
    facts = s.facts().but(attributes=(Attribute("x", (Markup(values),)),))
    return etree.tostring(signed(facts, s.attacker))


@attack(_HIGH, "depth", Refusal.SHAPE)
def bomb_two_hundred_levels(s: Situation) -> _Element:
    deep = Markup("<x>" * 200 + "</x>" * 200)
    return signed(s.facts().but(attributes=(Attribute("x", (deep,)),)), s.attacker)


@attack(_HIGH, "depth", Refusal.NOT_XML)
def bomb_ten_thousand_levels(_: Situation) -> bytes:
    return b"<x>" * 10_000 + b"</x>" * 10_000


@attack(_HIGH, "many elements", Refusal.SHAPE)
def bomb_twenty_thousand_elements(s: Situation) -> _Element:
    facts = s.facts().but(attributes=(Attribute("x", (Markup("<x/>" * 20_000),)),))
    return signed(facts, s.attacker)


@attack(_HIGH, "many attributes", Refusal.SHAPE)
def bomb_ten_thousand_attributes(s: Situation) -> _Element:
    names = " ".join(f'a{n}=""' for n in range(10_000))
    facts = s.facts().but(attributes=(Attribute("x", (Markup(f"<x {names}/>"),)),))
    return signed(facts, s.attacker)


@attack(_HIGH, "many comments", Refusal.SHAPE)
def bomb_twenty_thousand_comments(s: Situation) -> _Element:
    facts = s.facts().but(attributes=(Attribute("x", (Markup("<x/>" + "<!---->" * 20_000),)),))
    return signed(facts, s.attacker)


@attack(_HIGH, "many signatures", Refusal.SIGNATURE_FORM)
def bomb_two_hundred_signatures(s: Situation) -> _Element:
    document = signed(s.facts(), s.attacker)
    signature = document.find(f".//{{{DS}}}Signature")
    assert signature is not None
    copied = etree.tostring(signature, with_tail=False)
    for _ in range(100):
        signature.addnext(etree.fromstring(copied))
    return document


def _sized(megabytes: float) -> Callable[[Situation], object]:
    def build(s: Situation) -> str:
        text = "x" * int(megabytes * 1_048_576)
        facts = s.facts().but(attributes=(Attribute("x", (text,)),))
        return encoded(s.signed(facts))

    return build


for _name, _megabytes in (("270-kilobytes", 0.27), ("400-kilobytes", 0.4), ("5-megabytes", 5.0)):
    add_attack(
        f"bomb-of-{_name}", _sized(_megabytes), _HIGH, "size, honestly signed", Refusal.TOO_LARGE
    )


@attack(_HIGH, "size: blanks in the base64", Refusal.TOO_LARGE)
def bomb_of_blanks(s: Situation) -> str:
    return encoded(s.signed(s.facts())) + " " * 1_000_000


@attack(_HIGH, "billion laughs", Refusal.DOCTYPE)
def bomb_billion_laughs(s: Situation) -> bytes:
    entities = '<!ENTITY e0 "ha">' + "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10)
    )
    xml = etree.tostring(s.signed(s.facts().but(name_id=Markup("NAME"))))
    return f"<!DOCTYPE r [{entities}]>".encode() + xml.replace(b"NAME", b"&e9;")


@attack(_HIGH, "quadratic blow-up", Refusal.DOCTYPE)
def bomb_quadratic_entities(s: Situation) -> bytes:
    xml = etree.tostring(s.signed(s.facts().but(name_id=Markup("NAME"))))
    entity = f'<!DOCTYPE r [<!ENTITY e "{"a" * 50_000}">]>'.encode()
    return entity + xml.replace(b"NAME", b"&e;" * 20_000)


@attack(_HIGH, "size of the ciphertext's key", Refusal.ENCRYPTION_FORM)
def bomb_many_encrypted_keys(s: Situation) -> bytes:
    from tests.support.saml.corpus.case import assertion_of
    from tests.support.saml.signing import encrypt

    document = s.signed(s.facts())
    encrypt(assertion_of(document), s.hub)
    xml = etree.tostring(document)
    start, end = (
        xml.index(b"<xenc:EncryptedKey"),
        xml.index(b"</ds:KeyInfo>", xml.index(b"<xenc:EncryptedKey")),
    )
    return xml[:start] + xml[start:end] * 150 + xml[end:]


@attack(Severity.HARDENING, "a field that is nothing but base64", Refusal.NOT_UTF8)
def bomb_of_zeros(_: Situation) -> str:
    return b64encode(bytes(200_000)).decode("ascii")
