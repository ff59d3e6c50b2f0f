"""Stored passwords: a peppered argon2id, and exactly one hash for every check."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chalicelib.domain.passwords.imported_hashes import RECIPE, ForeignHash, ForeignHashing
from chalicelib.domain.passwords.policy import WeakPasswordError, normalised

# OWASP's equivalent choices (`A11`): memory in KiB and passes. 47104 and 1 also satisfy ASVS.
OWASP_FLOOR = ((47104, 1), (19456, 2), (12288, 3), (9216, 4), (7168, 5))
# As much as a function has, whatever a setting or a damaged row asks for (`A14`).
MEMORY_CEILING_KIB = 1 << 20
TIME_CEILING = 32
PARALLELISM_CEILING = 8

SALT_BYTES = 16
DIGEST_BYTES = 32
PEPPER_BYTES = 32
# 1.3, the version of RFC 9106 and of argon2-cffi's raw hash.
ARGON2_VERSION = 0x13
PEPPER_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
STORED = re.compile(
    r"(?P<pepper_id>[A-Za-z0-9_-]{1,32})\$argon2id\$v=(?P<version>[0-9]{1,3})"
    r"\$m=(?P<memory_kib>[0-9]{1,8}),t=(?P<time>[0-9]{1,3}),p=(?P<parallelism>[0-9]{1,3})"
    r"\$(?P<salt>[A-Za-z0-9+/]{11,86})\$(?P<digest>[A-Za-z0-9+/]{22,86})"
    rf"(?:\$(?P<foreign>{RECIPE}))?",
)


@dataclass(frozen=True)
class Argon2Cost:
    """The cost of one hash: at least OWASP's floor (`A11`), at most our ceiling."""

    memory_kib: int = 47104
    time: int = 1
    parallelism: int = 1

    def numbers(self) -> tuple[int, int, int]:
        """Return memory, time and parallelism, in the order of a stored hash."""
        return self.memory_kib, self.time, self.parallelism

    def __post_init__(self) -> None:
        if not any(self.memory_kib >= m and self.time >= t for m, t in OWASP_FLOOR):
            choices = ", ".join(f"{m} KiB and {t}" for m, t in OWASP_FLOOR)
            reason = f"argon2 needs at least one of these memory sizes and times: {choices}."
            raise ValueError(reason)
        if not _is_bearable(self.numbers()):
            reason = (
                f"argon2 takes at most {MEMORY_CEILING_KIB} KiB, time {TIME_CEILING} and "
                f"parallelism 1 to {PARALLELISM_CEILING}."
            )
            raise ValueError(reason)


@dataclass(frozen=True)
class Pepper:
    """A secret that every hash is keyed with, stored apart from the hashes (`A13`)."""

    id: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not PEPPER_ID.fullmatch(self.id):
            reason = "A pepper's id is 1 to 32 letters, digits, - and _."
            raise ValueError(reason)
        if len(self.secret) < PEPPER_BYTES:
            # Don't show the id: if the colon is missing, it is the secret.
            reason = f"A pepper's secret is at least {PEPPER_BYTES} bytes."
            raise ValueError(reason)

    def keyed(self, text: str) -> bytes:
        """Return the password keyed with this pepper, which is what argon2 hashes."""
        # JSON can contain half of a surrogate pair; it must be hashed rather than raise.
        return hmac.digest(self.secret, text.encode("utf-8", "surrogatepass"), "sha256")


@dataclass(frozen=True)
class Peppers:
    """The peppers in use, newest first: the newest makes new hashes, the others verify old ones."""

    newest_first: tuple[Pepper, ...] = field(repr=False)

    def __post_init__(self) -> None:
        ids = [pepper.id for pepper in self.newest_first]
        if not ids or len(set(ids)) < len(ids):
            reason = "There is at least one pepper, and each has an id of its own."
            raise ValueError(reason)

    @classmethod
    def parse(cls, text: str) -> Peppers:
        """Read "id:base64,id:base64", the newest first; raises ValueError."""
        return cls(tuple(_parsed_pepper(part.strip()) for part in text.split(",")))

    @property
    def newest(self) -> Pepper:
        """Return the pepper of new hashes."""
        return self.newest_first[0]

    def named(self, pepper_id: str) -> Pepper | None:
        """Find a pepper; hashes of one that was removed from the settings never match."""
        return next((p for p in self.newest_first if p.id == pepper_id), None)


@dataclass(frozen=True)
class Verdict:
    """The result of one check; true if the password matches."""

    matches: bool
    needs_rehash: bool = False

    def __bool__(self) -> bool:
        return self.matches


@dataclass(frozen=True)
class PasswordHasher:
    """Makes and verifies stored passwords; holds no state, so threads may share it."""

    cost: Argon2Cost
    peppers: Peppers
    foreign: ForeignHashing = field(default_factory=ForeignHashing)

    def hash(self, password: str) -> str:
        """Return the form to store; raises `WeakPasswordError` if it can't be a password."""
        salt = secrets.token_bytes(SALT_BYTES)
        record = _Record(self.peppers.newest, self.cost.numbers(), salt)
        return record.stored(record.digest_of(normalised(password)))

    def wrap(self, made: ForeignHash) -> str:
        """Return the form in which another product's hash is stored: hashed like a password.

        The first sign-in replaces it by a hash of the password itself.
        """
        salt = secrets.token_bytes(SALT_BYTES)
        record = _Record(self.peppers.newest, self.cost.numbers(), salt, made.recipe)
        return record.stored(record.digest_of(made.digest))

    def reads(self, stored: str) -> bool:
        """Check that a stored form is complete, affordable, and under a configured pepper."""
        return self._read(stored) is not None

    def verify(self, stored: str | None, password: str) -> Verdict:
        """Check a password with exactly one argon2, whatever is stored (`A12`, `A14`)."""
        try:
            text, typed, usable = normalised(password), password, True
        except WeakPasswordError:
            # Too long, empty or not text: it can't match, and must cost what any other check costs.
            text, typed, usable = "", "", False
        wanted = stored if stored is not None and usable else None
        found = self._read(self._dummy if wanted is None else wanted)
        record, expected = found or (self._dummy_record, bytes(DIGEST_BYTES))
        subject = self._subject(record, text, typed)
        same = hmac.compare_digest(record.digest_of(subject or "", len(expected)), expected)
        matches = same and wanted is not None and found is not None and subject is not None
        return Verdict(matches, needs_rehash=matches and not self._is_current(record, expected))

    def _subject(self, record: _Record, text: str, typed: str) -> str | None:
        """Return what argon2 hashes: the password, or the other product's hash of it."""
        if record.foreign is None:
            self.foreign.spend(typed)
            return text
        # As typed: the other product didn't normalise.
        return self.foreign.digest_of(record.foreign, typed)

    def _read(self, stored: str) -> tuple[_Record, bytes] | None:
        parts = STORED.fullmatch(stored)
        pepper = self.peppers.named(parts["pepper_id"]) if parts else None
        if parts is None or pepper is None or int(parts["version"]) != ARGON2_VERSION:
            return None
        cost = (int(parts["memory_kib"]), int(parts["time"]), int(parts["parallelism"]))
        salt, digest = _unpadded_decode(parts["salt"]), _unpadded_decode(parts["digest"])
        if not _is_bearable(cost) or not salt or not digest:
            return None
        return _Record(pepper, cost, salt, parts["foreign"]), digest

    @property
    def _dummy_record(self) -> _Record:
        # At the current cost, because every hash in use is upgraded to it at sign-in. The result is
        # compared and discarded, so no password can match it.
        return _Record(self.peppers.newest, self.cost.numbers(), bytes(SALT_BYTES))

    @cached_property
    def _dummy(self) -> str:
        # In the stored form, because reading it is work too.
        return self._dummy_record.stored(bytes(DIGEST_BYTES))

    def _is_current(self, record: _Record, digest: bytes) -> bool:
        return (
            record.pepper is self.peppers.newest
            and record.foreign is None
            and record.cost == self.cost.numbers()
            and (len(record.salt), len(digest)) == (SALT_BYTES, DIGEST_BYTES)
        )


@dataclass(frozen=True)
class _Record:
    """A stored password without its digest."""

    pepper: Pepper
    cost: tuple[int, int, int]
    salt: bytes
    # How another product computed what is hashed here instead of the password.
    foreign: str | None = None

    def digest_of(self, text: str, length: int = DIGEST_BYTES) -> bytes:
        from argon2.low_level import Type

        # The raw call: argon2's own verify answers a damaged hash without hashing.
        memory_kib, time, parallelism = self.cost
        return hash_secret_raw(
            secret=self.pepper.keyed(text),
            salt=self.salt,
            time_cost=time,
            memory_cost=memory_kib,
            parallelism=parallelism,
            hash_len=length,
            type=Type.ID,
        )

    def stored(self, digest: bytes) -> str:
        costs = "m={},t={},p={}".format(*self.cost)
        ends = f"{_unpadded_encode(self.salt)}${_unpadded_encode(digest)}"
        wrapped = f"${self.foreign}" if self.foreign else ""
        return f"{self.pepper.id}$argon2id$v={ARGON2_VERSION}${costs}${ends}{wrapped}"


def hash_secret_raw(**inputs: Any) -> bytes:
    """Compute one argon2 hash; imported here, since most calls need no password."""
    from argon2 import low_level

    return low_level.hash_secret_raw(**inputs)


def _is_bearable(cost: tuple[int, int, int]) -> bool:
    memory_kib, time, parallelism = cost
    return (
        1 <= parallelism <= PARALLELISM_CEILING
        and 1 <= time <= TIME_CEILING
        and 8 * parallelism <= memory_kib <= MEMORY_CEILING_KIB
    )


def _parsed_pepper(text: str) -> Pepper:
    # The error doesn't repeat the text, which is a secret: errors end up in logs.
    pepper_id, _, encoded = text.partition(":")
    try:
        secret = b64decode(encoded, validate=True)
    except ValueError:
        reason = "A pepper is written as id:base64."
        raise ValueError(reason) from None
    return Pepper(pepper_id, secret)


def _unpadded_encode(content: bytes) -> str:
    return b64encode(content).decode().rstrip("=")


def _unpadded_decode(text: str) -> bytes:
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""
