"""Names of browsers, from the User-Agent header, which the sender can set to any text."""

from __future__ import annotations

import re

# Words for our mails and pages: without dots, colons or slashes, they can't be an address.
_PLAIN = re.compile(r"[A-Za-z0-9 +_-]{1,40}\Z")


def in_words(user_agent: str) -> str | None:
    """Return a text such as "Firefox on Linux", or None if no known browser sends it."""
    return " on ".join(word for word in browser_and_system(user_agent) if word) or None


def browser_and_system(user_agent: str) -> tuple[str, str]:
    """Return both names, each empty if it isn't a known one."""
    # Imported here: its patterns cost 180 ms, which only the mail worker should pay.
    from ua_parser import parse

    parsed = parse(user_agent)
    browser = parsed.user_agent.family if parsed.user_agent else ""
    system = parsed.os.family if parsed.os else ""
    return browser if _PLAIN.match(browser) else "", system if _PLAIN.match(system) else ""
