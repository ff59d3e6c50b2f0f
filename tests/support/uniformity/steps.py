"""The public steps, as JSON and as pages: what anyone can send for any email."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.support.service import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.uniformity.states import Password, State

_JSON = {"Content-Type": "application/json", "User-Agent": "Program/1.0"}
_FORM = {
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": "Browser/1.0",
    "Sec-Fetch-Site": "same-origin",
    "Origin": ORIGIN,
}


@dataclass(frozen=True)
class Step:
    """One step: its input, and what its answer may depend on besides the request's form."""

    name: str
    path: str
    status: int
    fields: tuple[str, ...] = ("email",)
    is_page: bool = False
    # The email step and its pages show how a *domain* signs in, which is about no user.
    tells_domain: bool = False
    # A sign-up says why a password is refused, before any user is read.
    sets_password: bool = False
    # What is sent first, with the same password; only the step itself is observed.
    before: tuple[Step, ...] = ()
    # Whether the browser that signed up continues, with its ticket.
    keeps_ticket: bool = False
    # Whether the owner of a taken email confirmed theirs after the sign-up.
    confirmed_since: bool = False

    @property
    def takes_password(self) -> bool:
        """Check whether there is a password to type."""
        return "password" in self.fields

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers of a program or a browser."""
        return _FORM if self.is_page else _JSON

    def body(self, state: State, password: Password) -> bytes:
        """Return the request's body."""
        known = {
            "name": "Robin",
            "email": state.address,
            "password": password.typed(state),
            "account_name": "Acme",
        }
        given = {name: known[name] for name in self.fields}
        written = urlencode(given) if self.is_page else json.dumps(given)
        return written.encode()

    def __str__(self) -> str:
        """Return its name."""
        return self.name

    def expected(self, password: Password) -> int:
        """Return the status that every state is answered with."""
        return 422 if self.sets_password and not password.allowed else self.status


_SIGN_IN = ("email", "password")
_SIGN_UP = ("name", "email", "password", "account_name")

IDENTIFY = Step("identify", "/auth/identify", 200, tells_domain=True)
SIGN_IN = Step("sign_in", "/auth/sign_in", 401, _SIGN_IN)
SIGN_UP = Step("sign_up", "/auth/sign_up", 202, _SIGN_UP, sets_password=True)
RESEND = Step("email_confirmation/request", "/auth/email_confirmation/request", 202)
RESET = Step("password_reset/request", "/auth/password_reset/request", 202)
UNLOCK = Step("account_unlock/request", "/auth/account_unlock/request", 202)
PAGES = (
    Step("page /sign-in, email", "/sign-in", 200, is_page=True, tells_domain=True),
    Step("page /sign-in, password", "/sign-in", 401, _SIGN_IN, is_page=True, tells_domain=True),
    Step("page /sign-up", "/sign-up", 303, _SIGN_UP, is_page=True, sets_password=True),
    Step("page /check-your-email", "/check-your-email", 303, is_page=True),
    Step("page /password-reset", "/password-reset", 303, is_page=True),
    Step("page /account-unlock", "/account-unlock", 303, is_page=True),
)
# Signing up under another user's email and then signing in with the sign-up's password.
PAIR_HERE = Step(
    "sign_up, sign_in", "/auth/sign_in", 403, _SIGN_IN, before=(SIGN_UP,), keeps_ticket=True
)
PAIR_ELSEWHERE = Step(
    "sign_up, sign_in in another browser", "/auth/sign_in", 401, _SIGN_IN, before=(SIGN_UP,)
)
PAIRS = (
    PAIR_HERE,
    PAIR_ELSEWHERE,
    replace(PAIR_HERE, name="sign_up, resend, sign_in", before=(SIGN_UP, RESEND)),
    replace(
        PAIR_ELSEWHERE,
        name="sign_up, resend, sign_in in another browser",
        before=(SIGN_UP, RESEND),
    ),
    replace(PAIR_HERE, name="sign_up, owner confirms, sign_in", confirmed_since=True),
    replace(
        PAIR_ELSEWHERE,
        name="sign_up, owner confirms, sign_in in another browser",
        confirmed_since=True,
    ),
)
STEPS = (IDENTIFY, SIGN_IN, SIGN_UP, RESEND, RESET, UNLOCK, *PAGES, *PAIRS)
