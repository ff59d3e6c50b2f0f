"""Text that is not base64, not XML or not UTF-8, or that has declarations."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from lxml import etree

from chalicelib.domain.sso.assertion import Refusal
from tests.support.saml.corpus.case import Severity, Situation, add_attack, attack
from tests.support.saml.messages import Markup, encoded

if TYPE_CHECKING:
    from collections.abc import Callable

_HIGH, _MEDIUM = Severity.HIGH, Severity.MEDIUM
_XXE = "external entities"


def _xml(s: Situation) -> bytes:
    return etree.tostring(s.signed(s.facts()))


def _fixed(field: str) -> Callable[[Situation], object]:
    return lambda _: field


for _name, _field, _refusal in (
    ("empty", "", Refusal.NOT_XML),
    ("blank", "   ", Refusal.NOT_XML),
    ("not-base64", "<xml/>", Refusal.NOT_BASE64),
    ("half-base64", "PHhtb", Refusal.NOT_BASE64),
    ("url-safe-base64", "PD94bWw_-_8=", Refusal.NOT_BASE64),
    ("base64-with-a-stranger", "PHht\x00bC8+", Refusal.NOT_BASE64),
    ("non-ascii", "PHhtbC8\u2212", Refusal.NOT_BASE64),
    ("text", b64encode(b"hello").decode(), Refusal.NOT_XML),
    ("html", b64encode(b"<!DOCTYPE html><html></html>").decode(), Refusal.DOCTYPE),
    ("another-document", b64encode(b"<x/>").decode(), Refusal.SHAPE),
    ("half-a-document", b64encode(b"<samlp:Response").decode(), Refusal.NOT_XML),
    ("random-bytes", b64encode(bytes(range(256))).decode(), Refusal.NOT_UTF8),
):
    add_attack(f"garbage-{_name}", _fixed(_field), _MEDIUM, "bad input", _refusal)


def _reencoded(codec: str, declared: str | None) -> Callable[[Situation], object]:
    def build(s: Situation) -> bytes:
        declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
        return (declaration + _xml(s).decode()).encode(codec)

    return build


for _codec, _declared in (
    ("utf-16", "UTF-16"),
    ("utf-16-le", None),
    ("utf-16-be", "UTF-16BE"),
    ("utf-32", "UTF-32"),
    ("cp037", "EBCDIC-CP-US"),
):
    add_attack(
        f"encoded-as-{_codec}",
        _reencoded(_codec, _declared),
        _HIGH,
        "a guard that searches bytes sees nothing in UTF-16",
        Refusal.NOT_UTF8,
    )
for _declared in ("UTF-7", "ISO-8859-1", "UTF-16", "x-unknown"):
    add_attack(
        f"declared-as-{_declared.lower()}",
        _reencoded("ascii", _declared),
        _HIGH,
        "the declared encoding decides what the parser reads",
        Refusal.NOT_UTF8,
    )


@attack(_HIGH, "two declarations of the encoding", Refusal.NOT_UTF8)
def byte_order_mark_before_another_declaration(s: Situation) -> bytes:
    return b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-16"?>' + _xml(s)


@attack(_HIGH, "UTF-16 hides the document type from a search", Refusal.NOT_UTF8)
def doctype_in_utf_16(s: Situation) -> bytes:
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY e "v">]>'
    return (text + _xml(s).decode()).encode("utf-16")


for _name, _declared in (
    ("empty", "<!DOCTYPE x>"),
    ("internal-entity", '<!DOCTYPE x [<!ENTITY e "victim@acme.test">]>'),
    ("file", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'),
    ("web", '<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:9/">]>'),
    ("parameter-entity", '<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:9/x.dtd">%e;]>'),
    ("external-subset", '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'),
    ("default-attribute", "<!DOCTYPE x [<!ATTLIST x ID ID #IMPLIED>]>"),
):
    add_attack(
        f"doctype-{_name}",
        lambda s, declared=_declared: declared.encode() + _xml(s),  # type: ignore[misc]
        _HIGH,
        _XXE,
        Refusal.DOCTYPE,
    )


@attack(_HIGH, _XXE, Refusal.NOT_XML)
def undeclared_entity(s: Situation) -> bytes:
    return _xml(s).replace(s.mallory.encode(), b"&e;")


@attack(_MEDIUM, "XInclude", Refusal.NAME_ID)
def xinclude_in_the_name(s: Situation) -> str:
    included = (
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"'
        ' parse="text"/>'
    )
    return encoded(s.signed(s.facts().but(name_id=Markup(included))))


@attack(_MEDIUM, "two documents in one field", Refusal.NOT_XML)
def two_documents(s: Situation) -> bytes:
    return _xml(s) + _xml(s)


@attack(_MEDIUM, "a NUL ends a C string", Refusal.NOT_UTF8)
def nul_after_the_document(s: Situation) -> bytes:
    return _xml(s) + b"\0" + _xml(s)


@attack(_MEDIUM, "deflated, as only the redirect binding is", Refusal.NOT_UTF8)
def deflated(s: Situation) -> bytes:
    import zlib

    return zlib.compress(_xml(s))[2:-4]
