"""Browsers in words, out of the User-Agent header, which says whatever its sender likes."""

from __future__ import annotations

import re

# Words that stand in our mails and pages: no dots, colons or slashes, so never an address.
_PLAIN = re.compile(r"[A-Za-z0-9 +_-]{1,40}\Z")


def in_words(user_agent: str) -> str | None:
    """Say "Firefox on Linux", or None for what no known browser says."""
    # Imported here: its patterns cost 180 ms, which the mail worker alone should pay.
    from ua_parser import parse

    parsed = parse(user_agent)
    browser = parsed.user_agent.family if parsed.user_agent else ""
    system = parsed.os.family if parsed.os else ""
    words = [word for word in (browser, system) if _PLAIN.match(word)]
    return " on ".join(words) or None
