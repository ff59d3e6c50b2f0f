"""Typical faults of such services, put into ours: the proof must find each by name."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from chalicelib.domain.errors import InvalidCredentialsError
from chalicelib.domain.mail import Job
from tests.support.uniformity.states import ODD_PASSWORDS, OF_SIGN_UP, USUAL
from tests.support.uniformity.steps import PAIR_ELSEWHERE, PAIR_HERE, RESET, SIGN_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.support.uniformity.states import Password
    from tests.support.uniformity.steps import Step

_STALE_COST = (19_456, 2)


@dataclass(frozen=True)
class Fault:
    """A fault, how to put it in, and which parts of which step show it."""

    name: str
    put_in: Callable[[], AbstractContextManager[object]]
    parts: frozenset[str]
    step: Step = SIGN_IN
    # The passwords with which it shows.
    passwords: tuple[Password, ...] = (USUAL,)


@contextlib.contextmanager
def early_return() -> Iterator[None]:
    """An unknown email is refused before anything else is done."""
    from chalicelib.services.sign_in.password import SignInService

    whole = SignInService.with_password

    def hasty(
        self: SignInService, email: Any, password: str, browser: Any, ticket: Any = None
    ) -> Any:
        if self.users.look_up(email).user_id is None:
            raise InvalidCredentialsError
        return whole(self, email, password, browser, ticket)

    with mock.patch.object(SignInService, "with_password", hasty):
        yield


@contextlib.contextmanager
def stale_dummy_cost() -> Iterator[None]:
    """The dummy hash kept its cost when the cost for everyone was raised."""
    from chalicelib.domain.passwords.hashing import PasswordHasher

    memory, time_cost = _STALE_COST
    stale = f"{{}}$argon2id$v=19$m={memory},t={time_cost},p=1${'A' * 22}${'A' * 43}"

    def for_nobody(self: PasswordHasher) -> str:
        return stale.format(self.peppers.newest.id)

    with mock.patch.object(PasswordHasher, "_dummy", property(for_nobody)):
        yield


@contextlib.contextmanager
def empty_password_skips_the_hash() -> Iterator[None]:
    """A password that can't be valid is refused without a hash."""
    from chalicelib.domain.passwords.hashing import PasswordHasher, Verdict

    verify = PasswordHasher.verify

    def skipping(self: PasswordHasher, stored: str | None, password: str) -> Verdict:
        return verify(self, stored, password) if password else Verdict(matches=False)

    with mock.patch.object(PasswordHasher, "verify", skipping):
        yield


@contextlib.contextmanager
def mail_in_the_request() -> Iterator[None]:
    """The reset's mail is made and sent during the request."""
    from chalicelib.domain.mail import JobKind
    from chalicelib.services.sign_in.password_reset import PasswordResetService

    def sending(self: PasswordResetService, email: Any, browser: Any) -> None:
        kind = JobKind.PASSWORD_RESET
        self.send_mail(Job.asked_by(browser.origin, kind, email.value, self.clock(), {}))

    with mock.patch.object(PasswordResetService, "request", sending):
        yield


@contextlib.contextmanager
def lock_for_known_users_only() -> Iterator[None]:
    """Attempts at an unknown email aren't counted."""
    from chalicelib.storage.users.lockout import Attempts

    reserve = Attempts.reserve

    def careless(self: Attempts, ledger: Any, now: Any, origin: Any) -> Any:
        if ledger.user is None:
            return ledger.address.reserve(now, self.rules)
        return reserve(self, ledger, now, origin)

    with mock.patch.object(Attempts, "reserve", careless):
        yield


@contextlib.contextmanager
def lock_that_is_only_counted() -> Iterator[None]:
    """The same writes for an unknown email, but its last attempt locks nothing."""
    from chalicelib.storage.users.lockout import Attempts

    reserve = Attempts.reserve

    def lenient(self: Attempts, ledger: Any, now: Any, origin: Any) -> Any:
        made = reserve(self, ledger, now, origin)
        return made if ledger.user else replace(made, locks=False)

    with mock.patch.object(Attempts, "reserve", lenient):
        yield


@contextlib.contextmanager
def extra_header() -> Iterator[None]:
    """An answer about a user has an additional header."""
    from chalicelib.web.kit import headers

    usual, known = headers._headers, list[bool]()  # noqa: SLF001 - every answer's headers

    def telling(request: Any) -> dict[str, str]:
        more = {"X-Attempts-Left": "4"} if known else {}
        known.clear()
        return {**usual(request), **more}

    with (
        for_known_users(lambda: known.append(True)),
        mock.patch.object(headers, "_headers", telling),
    ):
        yield


@contextlib.contextmanager
def ticket_for_free_emails_only() -> Iterator[None]:
    """A browser's own sign-up is read only if the email belongs to no user."""
    from chalicelib.storage.users.users import Users

    whole = Users.look_up

    def forgetful(self: Users, email: Any, ticket: Any = None) -> Any:
        record = whole(self, email, ticket)
        return replace(record, own=None) if record.user_id else record

    with mock.patch.object(Users, "look_up", forgetful):
        yield


@contextlib.contextmanager
def waiting_password_tells() -> Iterator[None]:
    """The right password of a waiting sign-up has its own answer in any browser."""
    from chalicelib.domain.errors import EmailUnconfirmedError
    from chalicelib.services.sign_in.password_check import PasswordCheck

    report = PasswordCheck._report  # noqa: SLF001 - every refusal passes here

    def telling(self: PasswordCheck, *facts: Any, unconfirmed: bool) -> None:
        report(self, *facts, unconfirmed=unconfirmed)
        if unconfirmed:
            raise EmailUnconfirmedError

    with mock.patch.object(PasswordCheck, "_report", telling):
        yield


@contextlib.contextmanager
def for_known_users(also: Callable[[], object]) -> Iterator[None]:
    """Do something additional whenever an attempt is about a user."""
    from chalicelib.storage.users.lockout import Attempts

    whole = Attempts.open

    def doing_more(self: Attempts, keys: Any, user_id: str | None) -> Any:
        opened = whole(self, keys, user_id)
        if opened.user is not None:
            also()
        return opened

    with mock.patch.object(Attempts, "open", doing_more):
        yield


FAULTS = (
    Fault("early return", early_return, frozenset({"calls", "hashes", "messages"})),
    Fault("stale dummy cost", stale_dummy_cost, frozenset({"hashes"})),
    Fault(
        "an empty password skips the hash",
        empty_password_skips_the_hash,
        frozenset({"hashes"}),
        # Besides those that still cost their hash.
        passwords=(USUAL, ODD_PASSWORDS[0]),
    ),
    Fault("mail in the request", mail_in_the_request, frozenset({"calls"}), RESET),
    Fault("lock for known users only", lock_for_known_users_only, frozenset({"calls"})),
    Fault("lock that is only counted", lock_that_is_only_counted, frozenset({"messages"})),
    Fault("extra header", extra_header, frozenset({"headers"})),
    Fault(
        "ticket for free emails only",
        ticket_for_free_emails_only,
        frozenset({"status", "body", "hashes"}),
        PAIR_HERE,
        (OF_SIGN_UP,),
    ),
    Fault(
        "a waiting sign-up's password tells",
        waiting_password_tells,
        frozenset({"status", "body"}),
        PAIR_ELSEWHERE,
        (OF_SIGN_UP,),
    ),
)
