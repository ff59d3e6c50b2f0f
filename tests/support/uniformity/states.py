"""Whose an email may be, which password is tried, and what happened before.

All emails have one length, so that nothing differs because of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tests.support.personas.journeys import OTHER_PASSWORD, PASSWORD


class Domain(StrEnum):
    """A domain without SSO, one that enforces it, one that offers it."""

    PLAIN = "plain.test"
    ENFORCED = "force.test"
    OFFERED = "offer.test"


class Kind(StrEnum):
    """What the store has about an email."""

    NOBODY = "nobody"
    WAITING = "a sign-up that waits"
    USER = "a user with a password"
    SSO_ONLY = "a user without a password"


class History(StrEnum):
    """The earlier failures at the email."""

    FRESH = "none"
    LAST = "all but one of the budget"
    LOCKED = "the whole budget"
    DEAD = "a hundred in a row"


OWN_ACCOUNT = "acc_own"
SSO_ACCOUNT = "acc_sso"
_OWNER = ((OWN_ACCOUNT, "owner", "active"),)
_SEVERAL = (*_OWNER, ("acc_two", "admin", "active"), ("acc_three", "member", "active"))
_SUSPENDED = ((OWN_ACCOUNT, "member", "suspended"), ("acc_two", "admin", "suspended"))


@dataclass(frozen=True)
class State:
    """One state in which a sign-in is refused; `right` says which password is tried."""

    number: int
    name: str
    kind: Kind
    domain: Domain = Domain.PLAIN
    right: bool = False
    history: History = History.FRESH
    memberships: tuple[tuple[str, str, str], ...] = _OWNER

    @property
    def address(self) -> str:
        """Return an email of its own."""
        return f"person-{self.number:02}@{self.domain}"

    @property
    def password(self) -> str:
        """Return the password that is tried."""
        return PASSWORD if self.right else OTHER_PASSWORD

    def __str__(self) -> str:
        """Return its name, with the domain if it isn't the plain one."""
        where = {Domain.ENFORCED: ", SSO enforced", Domain.OFFERED: ", SSO offered"}
        return self.name + where.get(self.domain, "")


def _in_sso(role: str, status: str = "active") -> tuple[tuple[str, str, str], ...]:
    return ((SSO_ACCOUNT, role, status),)


_LAST, _LOCKED, _DEAD = History.LAST, History.LOCKED, History.DEAD
_FORCED, _OFFERED = Domain.ENFORCED, Domain.OFFERED

STATES = (
    State(1, "unknown", Kind.NOBODY),
    State(2, "unknown, another", Kind.NOBODY, right=True),
    State(3, "unknown, last attempt", Kind.NOBODY, history=_LAST),
    State(4, "unknown and locked", Kind.NOBODY, history=_LOCKED),
    State(5, "unknown, 100 failures", Kind.NOBODY, history=_DEAD),
    State(6, "wrong password", Kind.USER),
    State(7, "wrong, several accounts", Kind.USER, memberships=_SEVERAL),
    State(8, "wrong, no account", Kind.USER, memberships=()),
    State(9, "wrong, last attempt", Kind.USER, history=_LAST),
    State(10, "wrong and locked", Kind.USER, history=_LOCKED),
    State(11, "right but locked", Kind.USER, right=True, history=_LOCKED),
    State(12, "right after 100 failures", Kind.USER, right=True, history=_DEAD),
    State(13, "unconfirmed, wrong", Kind.WAITING),
    State(14, "unconfirmed, right but locked", Kind.WAITING, right=True, history=_LOCKED),
    State(
        15,
        "suspended everywhere, right but locked",
        Kind.USER,
        right=True,
        memberships=_SUSPENDED,
        history=_LOCKED,
    ),
    State(16, "suspended everywhere, wrong", Kind.USER, memberships=_SUSPENDED),
    State(17, "SSO-only, no password", Kind.SSO_ONLY, memberships=_in_sso("member")),
    State(18, "unknown", Kind.NOBODY, _FORCED),
    State(19, "member, right", Kind.USER, _FORCED, right=True, memberships=_in_sso("member")),
    State(20, "member, wrong", Kind.USER, _FORCED, memberships=_in_sso("member")),
    State(21, "owner, wrong", Kind.USER, _FORCED, memberships=_in_sso("owner")),
    State(
        22,
        "suspended admin, wrong",
        Kind.USER,
        _FORCED,
        memberships=_in_sso("admin", "suspended"),
    ),
    State(23, "SSO-only", Kind.SSO_ONLY, _FORCED, memberships=_in_sso("member")),
    State(24, "unconfirmed, right", Kind.WAITING, _FORCED, right=True),
    State(25, "unknown", Kind.NOBODY, _OFFERED),
    State(26, "wrong password", Kind.USER, _OFFERED, memberships=_in_sso("member")),
    State(27, "SSO-only", Kind.SSO_ONLY, _OFFERED, memberships=_in_sso("member")),
    State(28, "unconfirmed, right", Kind.WAITING, right=True),
)


@dataclass(frozen=True)
class Password:
    """What is typed; without `text` it is the state's own. `allowed`: a sign-up accepts it."""

    name: str
    text: str | None = None
    allowed: bool = True

    def typed(self, state: State) -> str:
        """Return what is typed for a state."""
        return state.password if self.text is None else self.text


USUAL = Password("usual")
# No user has it: someone signs up with it under other users' emails.
OF_SIGN_UP = Password("of the sign-up", "seven grey herons at dawn")
ODD_PASSWORDS = (
    Password("empty", "", allowed=False),
    Password("257 characters", "x" * 257, allowed=False),
    Password("200 kB", "x" * 200_000, allowed=False),
    Password("with a NUL", "violet harbour\0 under snow", allowed=False),
    Password("decomposed", "vio\u0302let ha\u0308rbour under ice"),
)
