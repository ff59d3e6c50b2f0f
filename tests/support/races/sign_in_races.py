"""Sixty concurrent attempts at one email, one of them right, round after round."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any
from unittest import mock

from chalicelib import bootstrap
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import InvalidCredentialsError
from chalicelib.domain.origin import RequestOrigin
from chalicelib.domain.passwords import hashing
from chalicelib.domain.sign_in.known_browser import Browser
from tests.support.personas.journeys import ADDRESS, OTHER_PASSWORD, PASSWORD
from tests.support.personas.users import BROWSER
from tests.support.races.races import race, winners

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.service import Service

CALLERS = 60
BUDGET = 5
# Only the lockout is tested: no limit for the source, none for failures in a row.
SETTINGS = {"SOURCE_FAILURES": "1000000", "CONSECUTIVE_FAILURES_MAX": "1000000"}


@dataclass
class Hashes:
    """How many passwords were compared with the user's hash, and how many with the dummy."""

    real: int = 0
    dummy: int = 0
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True)
class Round:
    """The result of sixty attempts; `place` is whose password was right."""

    place: int
    winners: tuple[int, ...]
    real: int
    dummy: int

    @property
    def succeeded(self) -> bool:
        """Check whether any attempt succeeded."""
        return bool(self.winners)

    @property
    def is_within_budget(self) -> bool:
        """Check that each attempt hashed once, and five with the user's hash before a success.

        A success clears the count for attempts that are decided after it: five more at most.
        """
        if self.real + self.dummy != CALLERS:
            return False
        if self.succeeded:
            return self.winners == (self.place,) and self.real <= 2 * BUDGET
        return self.real == BUDGET


def rounds(service: Service, how_many: int) -> Iterator[Round]:
    """Run rounds; between two of them the lockout and its window pass."""
    with counted_hashes() as hashes:
        for number in range(how_many):
            hashes.real = hashes.dummy = 0
            place = secrets.randbelow(CALLERS)
            outcomes = race(_attempt(place, number), (InvalidCredentialsError,), CALLERS)
            yield Round(place, tuple(winners(outcomes)), hashes.real, hashes.dummy)
            service.clock.advance(service.settings.lockout_window)
            _empty_queue(service)


@contextlib.contextmanager
def counted_hashes() -> Iterator[Hashes]:
    """Make argon2 itself cheap and count it; our code around it is unchanged."""
    hashes = Hashes()

    def quick(secret: bytes, salt: bytes, hash_len: int, **_cost: Any) -> bytes:
        with hashes.lock:
            if salt == bytes(hashing.SALT_BYTES):
                hashes.dummy += 1
            else:
                hashes.real += 1
        return hashlib.pbkdf2_hmac("sha256", secret, salt, 1, hash_len)

    with mock.patch.object(hashing, "hash_secret_raw", quick):
        yield hashes


def _empty_queue(service: Service) -> None:
    # The emulator gets slower with each waiting message, so 200 rounds would take an hour; mailing
    # them would prove nothing here.
    sqs, url = service.engine.client("sqs"), service.settings.mail_queue_url
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages)
        ]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)


def _attempt(place: int, number: int) -> Any:
    sign_in = bootstrap.services().sign_in
    # A new source for each round: one that locked the email before has another budget.
    source = replace(BROWSER, address=f"2001:db8:0:{number:x}::7")
    email, browser = EmailAddress(ADDRESS), Browser(RequestOrigin(source, "a request"))

    def attempt(number: int) -> int:
        sign_in.with_password(email, PASSWORD if number == place else OTHER_PASSWORD, browser)
        return number

    return attempt
