"""Names of users, accounts, workspaces and keys."""

from __future__ import annotations

import unicodedata

from chalicelib.domain.errors import InvalidValueError

NAME_MAX_LENGTH = 100
# Joiners are format characters, but Persian and Indic names and emoji need them.
_JOINERS = frozenset("\u200c\u200d")
# Letters and signs without a shape: Hangul fillers, the empty Braille cell.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Letters, numbers, punctuation and signs. A mark alone shows nothing.
_DRAWN = frozenset("LNPS")
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def parse_name(text: str, param: str, maximum: int = NAME_MAX_LENGTH) -> str:
    """Normalise to NFC, strip the ends, and check 1 to `maximum` visible characters.

    Raises InvalidValueError. Control, bidirectional and other invisible characters are refused,
    because a name with them can look like another one.
    """
    if len(text) > maximum * 4:
        raise _too_long(maximum, param)
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise InvalidValueError("Enter a name.", param=param)
    if len(name) > maximum:
        raise _too_long(maximum, param)
    if any(_is_invisible(c) for c in name):
        raise InvalidValueError("Remove the invisible or control characters.", param=param)
    if not any(unicodedata.category(c)[0] in _DRAWN for c in name):
        # A name of joiners, marks and spaces alone would be invisible.
        raise InvalidValueError("Enter a name.", param=param)
    if "://" in name:
        # Names appear in mails, which must not carry a stranger's link.
        raise InvalidValueError("Leave out web addresses.", param=param)
    return name


def _is_invisible(character: str) -> bool:
    if character in _BLANK:
        return True
    return unicodedata.category(character) in _INVISIBLE and character not in _JOINERS


def _too_long(maximum: int, param: str) -> InvalidValueError:
    return InvalidValueError(f"Use at most {maximum} characters.", param=param)
