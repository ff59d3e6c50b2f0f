"""A strict reader of RFC 9651's structured fields, as far as rate limits use them."""

from __future__ import annotations

import re

_ITEM = re.compile(r'"([\x20\x21\x23-\x5b\x5d-\x7e]*)"((?:;[a-z*][a-z0-9_.*-]*=-?[0-9]{1,15})*)')


def read_list(text: str) -> dict[str, dict[str, int]]:
    """Read a list of strings with whole-number parameters; anything else is a ValueError."""
    found: dict[str, dict[str, int]] = {}
    for member in text.split(", "):
        match = _ITEM.fullmatch(member)
        if match is None:
            raise ValueError(member)
        pairs = (parameter.partition("=") for parameter in match[2].split(";")[1:])
        found[match[1]] = {name: int(value) for name, _, value in pairs}
    return found
