"""Hashes of other products: never stored as they come, only hashed again with our own.

For such a password argon2id gets the result of the other product's function. So an imported hash is
peppered and costs as much as ours from the import on (`A13`).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from chalicelib.domain.errors import InvalidValueError

# Each step takes twice as long; 14 takes a second.
BCRYPT_LEAST = 4
BCRYPT_MOST = 14
# bcrypt ignores everything after this.
_BCRYPT_BYTES = 72
_BCRYPT_DIGITS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_BCRYPT = re.compile(
    r"\$2[aby]\$(?P<cost>[0-9]{2})\$(?P<salt>[./A-Za-z0-9]{22})([./A-Za-z0-9]{31})"
)
_ARGON2 = re.compile(
    r"\$argon2id\$v=19\$m=(?P<memory>[0-9]{1,7}),t=(?P<time>[0-9]{1,2}),p=(?P<lanes>[0-9])"
    r"\$(?P<salt>[A-Za-z0-9+/]{11,86})\$(?P<digest>[A-Za-z0-9+/]{22,86})"
)
# The end of a stored hash, without the digest: only its own hash is stored.
RECIPE = (
    r"(?:bcrypt(?:-pepper)?\$[0-9]{2}\$[./A-Za-z0-9]{21}[.Oeu]"
    r"|argon2id\$m=[0-9]{1,7},t=[0-9]{1,2},p=[0-9]\$[A-Za-z0-9+/]{11,86}\$[0-9]{2})"
)
_ARGON2_RECIPE = re.compile(
    r"argon2id\$m=([0-9]+),t=([0-9]+),p=([0-9])\$([A-Za-z0-9+/]+)\$([0-9]{2})"
)
_MEMORY_MOST_KIB = 262_144
_TIME_MOST = 10
_LANES_MOST = 8


@dataclass(frozen=True)
class ForeignHash:
    """A hash from an export: how it was computed, and its digest."""

    recipe: str
    digest: str = field(repr=False)

    @classmethod
    def parse(cls, text: str, *, peppered: bool = False) -> ForeignHash:
        """Read bcrypt or argon2id in their usual form; raises InvalidValueError.

        `peppered` says that the product appended Devise's pepper to each password.
        """
        if bcrypt := _BCRYPT.fullmatch(text):
            return _parsed_bcrypt(bcrypt, peppered=peppered)
        if argon2 := _ARGON2.fullmatch(text):
            return _parsed_argon2(argon2)
        raise _refusal("It is neither bcrypt ($2a$, $2b$, $2y$) nor argon2id ($argon2id$v=19$).")

    @property
    def bcrypt_cost(self) -> int | None:
        """Return bcrypt's cost; None for argon2id."""
        return bcrypt_cost_of(self.recipe)


@dataclass(frozen=True)
class ForeignHashing:
    """What a deployment that imported users does for their passwords.

    While `bcrypt_cost` is set, every other check also computes such a bcrypt, so that the time of
    an answer doesn't reveal an imported user (`B3`).
    """

    bcrypt_cost: int = 0
    pepper: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.bcrypt_cost and not BCRYPT_LEAST <= self.bcrypt_cost <= BCRYPT_MOST:
            reason = f"bcrypt's cost is from {BCRYPT_LEAST} to {BCRYPT_MOST}, or 0 for none."
            raise ValueError(reason)

    def digest_of(self, recipe: str, password: str) -> str | None:
        """Compute the other product's function for a password as it was typed.

        Returns None if the recipe is damaged.
        """
        scheme, *rest = recipe.split("$")
        if scheme == "argon2id":
            return _argon2_digest(recipe, password)
        cost, salt = rest
        if not BCRYPT_LEAST <= int(cost) <= BCRYPT_MOST:
            return None
        pepper = self.pepper if scheme == "bcrypt-pepper" else ""
        return _bcrypt_digest(password + pepper, cost, salt)

    def spend(self, password: str) -> None:
        """Do the work of an imported hash where there is none."""
        if self.bcrypt_cost:
            _bcrypt_digest(password + self.pepper, f"{self.bcrypt_cost:02}", "." * 22)


def bcrypt_cost_of(recipe: str) -> int | None:
    """Return bcrypt's cost from the recipe of a hash; None for argon2id."""
    scheme, cost, *_ = recipe.split("$")
    return int(cost) if scheme.startswith("bcrypt") else None


def is_bearable_recipe(recipe: str) -> bool:
    """Check that a function can afford to compute such a hash (`A14`)."""
    cost = bcrypt_cost_of(recipe)
    if cost is not None:
        return BCRYPT_LEAST <= cost <= BCRYPT_MOST
    parts = _ARGON2_RECIPE.fullmatch(recipe)
    return parts is not None and _is_bearable(*(int(n) for n in parts.group(1, 2, 3)))


def _parsed_bcrypt(parts: re.Match[str], *, peppered: bool) -> ForeignHash:
    cost = parts["cost"]
    if not BCRYPT_LEAST <= int(cost) <= BCRYPT_MOST:
        reason = f"bcrypt's cost is from {BCRYPT_LEAST} to {BCRYPT_MOST} here, not {cost}."
        raise _refusal(reason)
    scheme = "bcrypt-pepper" if peppered else "bcrypt"
    # The last digits hold unused bits, which some libraries leave set.
    salt, digest = _cleared(parts["salt"], 4), _cleared(parts[3], 2)
    return ForeignHash(f"{scheme}${cost}${salt}", digest)


def _parsed_argon2(parts: re.Match[str]) -> ForeignHash:
    memory, time, lanes = int(parts["memory"]), int(parts["time"]), int(parts["lanes"])
    salt, digest = _decoded(parts["salt"]), _decoded(parts["digest"])
    if not _is_bearable(memory, time, lanes) or not salt or not digest:
        raise _refusal("Its argon2id is damaged, or asks for more than a function can give.")
    recipe = f"argon2id$m={memory},t={time},p={lanes}${parts['salt']}${len(digest):02}"
    return ForeignHash(recipe, b64encode(digest).decode())


def _bcrypt_digest(password: str, cost: str, salt: str) -> str:
    # Imported here: only a deployment that imported users needs it.
    import bcrypt

    text = password.encode("utf-8", "surrogatepass")[:_BCRYPT_BYTES]
    made = bcrypt.hashpw(text, f"$2b${cost}${salt}".encode("ascii"))
    return made[-31:].decode("ascii")


def _argon2_digest(recipe: str, password: str) -> str | None:
    from argon2.low_level import Type, hash_secret_raw

    parts = _ARGON2_RECIPE.fullmatch(recipe)
    salt = _decoded(parts[4]) if parts else b""
    if parts is None or not salt or not _is_bearable(*(int(n) for n in parts.group(1, 2, 3))):
        return None
    memory, time, lanes, length = (int(number) for number in parts.group(1, 2, 3, 5))
    secret = password.encode("utf-8", "surrogatepass")
    made = hash_secret_raw(secret, salt, time, memory, lanes, length, Type.ID)
    return b64encode(made).decode()


def _is_bearable(memory: int, time: int, lanes: int) -> bool:
    return (
        1 <= lanes <= _LANES_MOST
        and 1 <= time <= _TIME_MOST
        and 8 * lanes <= memory <= _MEMORY_MOST_KIB
    )


def _cleared(text: str, bits: int) -> str:
    last = _BCRYPT_DIGITS.index(text[-1])
    return text[:-1] + _BCRYPT_DIGITS[last >> bits << bits]


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""


def _refusal(reason: str) -> InvalidValueError:
    return InvalidValueError(reason, param="password_hash")
