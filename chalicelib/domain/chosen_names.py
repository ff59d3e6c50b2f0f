"""Names that users choose: one must not look like a link, the service or its operators.

Names appear in mails to strangers, where mail programs turn `evil.com/login` into a link, and in
the audit log, where `Operator Kim` would look like an operator.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.names import NAME_MAX_LENGTH, parse_name
from chalicelib.domain.sso.email_domain import is_top_level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.email_address import EmailAddress

# Characters that look like a full stop. NFKC already replaces the full-width one and the one-dot
# leader.
_DOTS = dict.fromkeys(map(ord, "\u3002\u06d4\u0701\u0702\ua60e\U00010a50\ua4f8\u0660\u06f0"), ".")
# A dot between two labels, or four numbers with dots.
_LABEL = re.compile(r"(?<=[^\s.])\.([^\W\d_][\w-]*)")
_IP_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_LINK_SIGN = re.compile(r"://|@|\bwww\.(?=\S)")
# The look-alikes that can spell most Latin words: Cyrillic and Greek letters, and letter symbols.
_LATIN = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u043c\u043d\u0442\u043a"
    "\u03b1\u03b5\u03bf\u03c1\u03b9\u03ba\u03bd\u03c4\u03c5\u03c7\u03b7\u0131l1|0$5",
    "aeopcyxijsdhmhtkaeopikvtuxhiiiioss",
)

# Actors of the audit log that aren't users.
_OPERATORS = ("operator", "the operator", "the service")
_OFFICES = ("support", "the support", "system", "the system", "administrator of")


def parse_user_name(text: str, param: str, product_name: str) -> str:
    """Check the name of a user or an account; raises InvalidValueError."""
    return _parse(text, param, (product_name, *_OPERATORS, *_OFFICES))


def parse_thing_name(text: str, param: str, product_name: str) -> str:
    """Check the name of a workspace or key; unlike a user, it may be called `Support`.

    Raises InvalidValueError.
    """
    return _parse(text, param, (product_name, *_OPERATORS))


def name_of(email: EmailAddress) -> str:
    """Derive a name from an email, for a user of whom nothing else is known."""
    return re.sub(r"[.]+", " ", email.local_part).strip() or email.local_part


def without_links(name: str) -> str:
    """Return a name for use in a mail, with a space where a mail program would see a link.

    Stored names can be older than this rule.
    """
    if not looks_like_link(name):
        return name
    folded = unicodedata.normalize("NFKC", name).translate(_DOTS)
    return re.sub(r"(\.|:(?=//))", r"\1 ", folded).replace("@", " (at) ")


def looks_like_link(name: str) -> bool:
    """Check whether a name contains what people or mail programs read as an address or link."""
    plain = unicodedata.normalize("NFKC", name).casefold().translate(_DOTS)
    for text in (plain, _letters(plain)):
        if _LINK_SIGN.search(text) or _IP_ADDRESS.search(text):
            return True
        if any(is_top_level(label) for label in _LABEL.findall(text)):
            return True
    return False


def _parse(text: str, param: str, reserved: Iterable[str]) -> str:
    name = parse_name(text, param, NAME_MAX_LENGTH)
    if looks_like_link(name):
        words = "Leave out web and email addresses. If it is a name, leave out the dot or the sign."
        raise InvalidValueError(words, param=param)
    if any(_begins_with(name, words) for words in reserved):
        words = "This looks like a name of the service or its operators. Begin with another word."
        raise InvalidValueError(words, param=param)
    return name


def _begins_with(name: str, reserved: str) -> bool:
    """Compare whole words, ignoring spaces: `TerminusHub` begins like `Terminus Hub`."""
    wanted, joined = "".join(_words(reserved)), ""
    for word in _words(name):
        joined += word
        if joined == wanted:
            return bool(wanted)
    return False


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    skeleton = _letters(plain).translate(_LATIN).replace("rn", "m")
    return re.findall(r"[^\W_]+", skeleton)


def _letters(text: str) -> str:
    """Remove marks and joiners, which don't change how a reader sees the letters."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
