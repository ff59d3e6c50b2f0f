"""The check of a password under the lockout: one rule for every flow that takes a password."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.errors import EmailUnconfirmedError
from chalicelib.domain.mail import Job, JobKind
from chalicelib.domain.sign_in.known_browser import is_current
from chalicelib.domain.sign_in.lockout import AttemptOrigin, AttemptStep
from chalicelib.domain.sign_in.session import SignInMethod

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.errors import DomainError
    from chalicelib.domain.passwords.hashing import PasswordHasher
    from chalicelib.domain.sign_in.attempt_keys import AttemptKeyMaker
    from chalicelib.domain.sign_in.known_browser import Browser, Device, DeviceCookies
    from chalicelib.domain.sign_in.lockout import Reservation
    from chalicelib.domain.user import User
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.dynamo.transaction import Transaction
    from chalicelib.storage.users.lockout import AttemptRecord, Attempts

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GivenPassword:
    """A password given for an email: at which step, from which browser, and when."""

    email: EmailAddress
    password: str = field(repr=False)
    step: AttemptStep
    browser: Browser
    at: datetime
    # The user whose row is read with the counts. For None a key without a row is read instead, so
    # that both cases take the same time.
    user_id: str | None
    # Whether it is given in a session in which the user has proved who they are. A session that a
    # provider made doesn't count: the provider's admins could lock the user out by guessing in it.
    in_own_session: bool = False

    @property
    def trace(self) -> dict[str, str]:
        """Return the fields of each log line about the attempt."""
        fields = {"method": SignInMethod.PASSWORD.value, "step": self.step.value}
        if self.step is AttemptStep.PROOF and self.user_id:
            # At other steps a log line must not reveal whether a user has the email.
            fields["user_id"] = self.user_id
        return {**fields, **self.browser.origin.trace}


@dataclass(frozen=True)
class StoredPassword:
    """What a password is compared with, and whether its user may use a password at all."""

    hash: str | None = field(repr=False)
    may_be_used: bool = True
    # Whether it belongs to a waiting sign-up. It signs nobody in; the worker mails the link again.
    is_waiting: bool = False
    # The password of this browser's own sign-up. It is compared too, even if a user has the email.
    of_ticket: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ProvedPassword:
    """A right password with its user and browser; its attempt is still counted as a failure."""

    given: GivenPassword
    user: User | None
    # The known browser that it was given in, if it is one.
    device: Device | None
    origin: AttemptOrigin
    needs_rehash: bool
    # Failed attempts in a row before this one.
    failures: int
    attempt_record: AttemptRecord = field(repr=False)


@dataclass(frozen=True)
class PasswordCheck:
    """Counts an attempt, compares the password, and queues one message for each failure."""

    attempts: Attempts
    attempt_keys: AttemptKeyMaker
    devices: DeviceCookies
    queue: JobQueue
    hasher: PasswordHasher

    def verify(
        self,
        given: GivenPassword,
        stored_for: Callable[[User | None], StoredPassword],
        refusal: DomainError,
    ) -> ProvedPassword:
        """Compare a password with what is stored for its user; raises `refusal`.

        `stored_for` gets the user that was read with the counts. After a success the caller calls
        `forgive`, or `forgive_parts` in its own transaction. Raises TooManyAttemptsError for a
        source that failed too often, and EmailUnconfirmedError for the password of this browser's
        own sign-up. That counts as a failure too, or a ticket would end the lockout of a user's
        email.
        """
        device = self.devices.read(given.browser.device_cookie, given.email)
        keys = self.attempt_keys.of(given.email, device, given.browser.origin.client)
        attempt_record = self.attempts.open(keys, given.user_id)
        known = device if device is not None and is_current(device, attempt_record.user) else None
        origin = _origin(given, known)
        reservation = self.attempts.reserve(attempt_record, given.at, origin)
        stored = stored_for(attempt_record.user)
        verdict = self.hasher.verify(reservation.admits(stored.hash), given.password)
        is_own = self._matches_ticket(stored, reservation, given.password)
        is_right = verdict.matches and stored.may_be_used
        if stored.is_waiting or not is_right:
            self._report(given, attempt_record, reservation, unconfirmed=is_right and not is_own)
            raise EmailUnconfirmedError if is_own else refusal
        return ProvedPassword(
            given=given,
            user=attempt_record.user,
            device=known,
            origin=origin,
            needs_rehash=verdict.needs_rehash,
            failures=attempt_record.failures(origin),
            attempt_record=attempt_record,
        )

    def forgive(self, proved: ProvedPassword) -> None:
        """Clear the counts of a right password."""
        self.attempts.forgive(proved.attempt_record, proved.given.at, proved.origin)

    def forgive_parts(self, tx: Transaction, proved: ProvedPassword) -> None:
        """Add the same to a transaction, such as the one that starts a session."""
        self.attempts.forgive_parts(tx, proved.attempt_record, proved.given.at, proved.origin)

    def _matches_ticket(self, stored: StoredPassword, made: Reservation, password: str) -> bool:
        """Compare with the browser's own sign-up, whatever the first comparison's result was."""
        if stored.of_ticket is None:
            return False
        return self.hasher.verify(made.admits(stored.of_ticket), password).matches

    def _report(
        self,
        given: GivenPassword,
        attempt_record: AttemptRecord,
        made: Reservation,
        *,
        unconfirmed: bool,
    ) -> None:
        """Queue one message of one shape; the worker finds out whether it concerns a user."""
        details = attempt_record.report(made, given.step) | {
            "unconfirmed": "yes" if unconfirmed else ""
        }
        origin = given.browser.origin
        self.queue.put(
            Job.asked_by(origin, JobKind.SIGN_IN_FAILED, given.email.value, given.at, details)
        )
        seen = {"checked": details["checked"], "locks": details["locks"]}
        _log.info("authentication_failed", extra={**seen, **given.trace})


def _origin(given: GivenPassword, known: Device | None) -> AttemptOrigin:
    if known is not None:
        return AttemptOrigin.KNOWN_BROWSER
    return AttemptOrigin.SESSION if given.in_own_session else AttemptOrigin.NEW_BROWSER
