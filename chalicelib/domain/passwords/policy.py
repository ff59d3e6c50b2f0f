"""The rules for a new password: long enough, and not one that attackers try first."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from chalicelib.domain.errors import DomainError
from chalicelib.domain.passwords import common, patterns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.domain.user import User

MINIMUM_FLOOR = 8
MINIMUM_CEILING = 64
MAX_LENGTH = 256
# One composed character comes from at most four code points, so longer input can't fit. Checked
# before normalising, whose cost grows with the square of a run of combining marks (`A14`).
RAW_MAX_LENGTH = 4 * MAX_LENGTH

# Ten million guesses: what an attacker tries on every stolen hash before the next one. Two uncommon
# words are estimated at ten times as many, most passphrases at a hundred thousand times.
GUESSES_FLOOR = 10_000_000
# zxcvbn's time grows with the square of the length, and with every sign that can stand for a
# letter: 72 such characters take seconds, 32 with three such signs 50 ms.
ESTIMATED_LENGTH = 32
ESTIMATED_SIGNS = 3
SIGNS_FOR_LETTERS = "@([{<!|$+%"

# What attackers try first, listed to find it combined with names and with each other: the word
# "password" in the most common languages, and the few words that often follow it.
EXPECTED_WORDS = (
    *("password", "passwort", "wachtwoord", "lösenord", "motdepasse", "contraseña", "senha"),
    *("parola", "hasło", "пароль", "密码", "パスワード"),
    *("qwerty", "letmein", "iloveyou", "welcome", "admin"),
)


class WeakPasswordError(DomainError):
    """A new password is refused; the reason is stable and the message says what to do."""

    reason = "password_weak"
    message = "Choose another password."

    def __init__(self, message: str | None = None, *, param: str | None = "password") -> None:
        """Set the parameter, which is the same for every refusal of a new password."""
        super().__init__(message, param=param)


class PasswordTooShortError(WeakPasswordError):
    """Fewer code points than the policy's minimum (`A1`)."""

    reason = "password_too_short"
    message = "Enter a password."


class PasswordTooLongError(WeakPasswordError):
    """More code points than the stated maximum: refused, never cut (`A2`)."""

    reason = "password_too_long"
    message = f"Use at most {MAX_LENGTH} characters."


class PasswordInvalidError(WeakPasswordError):
    """It isn't text: it contains a NUL or half of a surrogate pair."""

    reason = "password_invalid"
    message = "This password holds a character that can't be used. Type it again without it."


class CommonPasswordError(WeakPasswordError):
    """It is on the list of common and breached passwords, or derived from one (`A5`)."""

    reason = "password_common"
    message = (
        "This password is common or has leaked somewhere. Choose one that nobody else would use, "
        "such as several words that don't belong together."
    )


class ContextualPasswordError(WeakPasswordError):
    """It consists only of names that an attacker of this user would try first (`A6`)."""

    reason = "password_contextual"
    message = (
        "This password is only the name or email of you, your account or this service. "
        "Add words that have nothing to do with them."
    )


class GuessablePasswordError(WeakPasswordError):
    """It is on no list, but a guessing program would soon find it."""

    reason = "password_guessable"
    message = "This password is easy to guess."


@dataclass(frozen=True)
class PasswordContext:
    """The names that must not make up a whole password (`A6`)."""

    product_name: str
    account_name: str = ""
    person_name: str = ""
    email: str = ""
    # All accounts of an existing user.
    account_names: tuple[str, ...] = ()

    @classmethod
    def of(cls, user: User, product_name: str) -> PasswordContext:
        """Collect the names around a user."""
        return cls(
            product_name=product_name,
            account_names=tuple(m.account_name for m in user.memberships.values()),
            person_name=user.name,
            email=user.email.value,
        )

    def words(self) -> Iterator[str]:
        """List each name and email, whole and in its parts."""
        yield from self.email.split("@")
        # The user's own names come first: with very many account names, the last are ignored.
        own = (self.product_name, self.person_name, self.email, self.account_name)
        for name in (*own, *self.account_names):
            yield name
            yield from re.split(r"[\W_]+", name)


@dataclass(frozen=True)
class NewPassword:
    """A password that passed the rules, in the form in which it is hashed."""

    value: str = field(repr=False)


def nothing_leaked(_password: str) -> bool:
    """Report no breach; used where no breached-password service is configured."""
    return False


@dataclass(frozen=True)
class PasswordPolicy:
    """The rules for a new password; an existing one is checked by its hash alone.

    `has_leaked` asks an outside service, last and only about a password that passed all other
    rules. It is part of the policy so that no flow can forget it.
    """

    min_length: int = 15
    has_leaked: Callable[[str], bool] = nothing_leaked

    def __post_init__(self) -> None:
        if not MINIMUM_FLOOR <= self.min_length <= MINIMUM_CEILING:
            reason = f"The minimum is between {MINIMUM_FLOOR} and {MINIMUM_CEILING} characters."
            raise ValueError(reason)

    def check(self, password: str, context: PasswordContext) -> NewPassword:
        """Return the password as it is to be hashed; raises `WeakPasswordError` with the reason."""
        text = normalised(password)
        if len(text) < self.min_length:
            raise PasswordTooShortError(self._longer())
        _refuse_common(text)
        if patterns.is_made_of(text, chain(EXPECTED_WORDS, context.words())):
            raise ContextualPasswordError
        _refuse_guessable(text)
        if self.has_leaked(text):
            raise CommonPasswordError
        return NewPassword(text)

    def _longer(self) -> str:
        return f"Use at least {self.min_length} characters. Several words make a good password."


def normalised(password: str) -> str:
    """Return the password in NFC (`A4`); raises if it can't be a password."""
    if not password:
        raise PasswordTooShortError
    if len(password) > RAW_MAX_LENGTH:
        raise PasswordTooLongError
    text = unicodedata.normalize("NFC", password)
    if len(text) > MAX_LENGTH:
        raise PasswordTooLongError
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise PasswordInvalidError
    return text


def _refuse_common(text: str) -> None:
    plain = common.folded(text)
    if common.includes(plain):
        raise CommonPasswordError
    if patterns.is_repetition(plain, shorter_than=MINIMUM_FLOOR):
        raise CommonPasswordError(
            "This password repeats the same few characters. Use several different words instead.",
        )
    if patterns.is_run(plain):
        raise CommonPasswordError(
            "This password follows the alphabet, the digits or the keyboard. "
            "Use several different words instead.",
        )
    joined = patterns.is_made_of(text, EXPECTED_WORDS)
    if joined or any(map(common.includes, patterns.cores(plain))):
        raise CommonPasswordError(
            "This password is a common one, repeated, joined, or with digits and signs around it. "
            "Choose several words that don't belong together.",
        )


def _refuse_guessable(text: str) -> None:
    # A long password is at least as strong as the stronger of its ends, unless it repeats itself.
    if len(text) > ESTIMATED_LENGTH:
        text = patterns.unit(text)
    advice = _advice(text[:ESTIMATED_LENGTH])
    if advice and len(text) > ESTIMATED_LENGTH:
        advice = _advice(text[-ESTIMATED_LENGTH:])
    if advice:
        raise GuessablePasswordError(" ".join(advice))


def _advice(text: str) -> list[str]:
    """Say why a password is easy to guess and what to do; empty if it isn't."""
    from zxcvbn import zxcvbn

    # Names aren't passed on: zxcvbn stores them in a dictionary that all threads share.
    estimate = zxcvbn(_with_few_signs(text))
    if estimate["guesses"] >= GUESSES_FLOOR:
        return []
    feedback = estimate["feedback"]
    return [
        GuessablePasswordError.message,
        *filter(None, [feedback["warning"]]),
        *(feedback["suggestions"] or ["Add another word or two."]),
    ]


def _with_few_signs(text: str) -> str:
    signs = [sign for sign in SIGNS_FOR_LETTERS if sign in text][ESTIMATED_SIGNS:]
    return text.translate(dict.fromkeys(map(ord, signs), "~"))
