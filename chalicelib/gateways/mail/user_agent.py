"""Browsers in words, out of the User-Agent header, which says whatever its sender likes."""

from __future__ import annotations

import re

# Words that stand in our mails and pages: no dots, colons or slashes, so never an address.
_PLAIN = re.compile(r"[A-Za-z0-9 +_-]{1,40}\Z")


def in_words(user_agent: str) -> str | None:
    """Say "Firefox on Linux", or None for what no known browser says."""
    return " on ".join(word for word in browser_and_system(user_agent) if word) or None


def browser_and_system(user_agent: str) -> tuple[str, str]:
    """Name both, each empty where no known browser says it."""
    # Imported here: its patterns cost 180 ms, which the mail worker alone should pay.
    from ua_parser import parse

    parsed = parse(user_agent)
    browser = parsed.user_agent.family if parsed.user_agent else ""
    system = parsed.os.family if parsed.os else ""
    return browser if _PLAIN.match(browser) else "", system if _PLAIN.match(system) else ""
