"""Writes docs/authorization.md from the inventory of routes, and says what each caller gets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.web.kit.access import INVENTORY, Access
from tests.support.personas.callers import CALLERS, is_api

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "authorization.md"

YES, SIGN_IN, START = "yes", "sign-in", "start"

_PEOPLE = frozenset(("member", "viewer", "admin", "owner", "other owner"))
_MANAGERS = frozenset(("admin", "owner", "other owner"))
_OWNERS = frozenset(("owner", "other owner"))
_KEYS = frozenset(("key", "other key"))

_LET_THROUGH: Mapping[Access, frozenset[str]] = {
    Access.ANYONE: frozenset(CALLERS),
    Access.API_KEY: _KEYS,
    Access.SIGNED_IN: _PEOPLE,
    Access.MEMBER: _PEOPLE,
    Access.MANAGER: _MANAGERS,
    Access.OWNER: _OWNERS,
}
_INTRODUCTION = """\
# Who may make which call

Printed from `chalicelib/web/kit/access.py` by `python -m tests.support.docs.authorization`; a test
fails when it is out of date. A route that isn't in the inventory can't be registered, and
`tests/web/test_authorization.py` makes every call as every kind of caller.

"yes" is let through: to an answer, or to a complaint about what was sent. A number is the refusal's
status. On pages, "sign-in" and "start" say where the browser is sent. A suspended person's session
has ended. An "other" caller belongs to another account and is let through to that one alone: the
ids of this account answer them byte for byte like ids that nothing has.

A key can't do what a person has to decide, and a session can't be used as a key, so neither is
worth more to a thief than it was made for.

"""


def verdict(call: str, caller: str) -> str:
    """Say what becomes of a call by somebody: `yes`, a status, or where a page sends them."""
    access, path = INVENTORY[call], call.partition(" ")[2]
    if caller in _LET_THROUGH[access]:
        return YES
    managed = access in (Access.MANAGER, Access.OWNER)
    known = managed and (caller in _KEYS or caller in _PEOPLE)
    if is_api(path):
        return "403" if known else "401"
    return START if known else SIGN_IN


def page() -> str:
    """Write the whole page."""
    lines = [f"| call | {' | '.join(CALLERS)} |", f"|---|{'---|' * len(CALLERS)}"]
    for call in INVENTORY:
        cells = " | ".join(verdict(call, caller) for caller in CALLERS)
        lines.append(f"| `{call}` | {cells} |")
    return _INTRODUCTION + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} is up to date\n")
