"""Password hashes in exports and imports.

Our hashes are peppered, so they work only with the same pepper. An export marks each hash with a
value that only a holder of that pepper can compute, and an import checks it.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.passwords.hashing import STORED, Argon2Cost, PasswordHasher
from chalicelib.domain.passwords.imported_hashes import (
    ForeignHash,
    bcrypt_cost_of,
    is_bearable_recipe,
)

if TYPE_CHECKING:
    import re

# The highest cost of one password that we didn't hash here: a quarter of a function's memory.
_MEMORY_MOST_KIB = 262_144
_TIME_MOST = 10
_VERSION = "19"
_MARKED = b"thub mark of an exported hash\n"
_DEVISES = "bcrypt-pepper"


@dataclass(frozen=True)
class OwnHash:
    """A hash that a stage with our pepper exported: stored as it is."""

    stored: str = field(repr=False)


@dataclass(frozen=True)
class MovedHashes:
    """Reads imported hashes and marks exported ones, with the peppers of this stage."""

    hasher: PasswordHasher

    def mark(self, stored: str) -> str | None:
        """Return a mark of the secrets that a stored hash needs, which reveals none of them.

        None if this stage doesn't have them itself.
        """
        parts = STORED.fullmatch(stored)
        pepper = self.hasher.peppers.named(parts["pepper_id"]) if parts else None
        if parts is None or pepper is None:
            return None
        foreign = (parts["foreign"] or "").startswith(f"{_DEVISES}$")
        devises = self.hasher.foreign.pepper if foreign else ""
        made = hmac.digest(pepper.secret, _MARKED + devises.encode(), "sha256")
        return urlsafe_b64encode(made[:16]).decode().rstrip("=")

    def read(self, text: str, mark: str | None = None) -> ForeignHash | OwnHash:
        """Check a hash from a file; raises InvalidValueError with the reason.

        bcrypt of another cost than the stage's is refused: the time of an answer would reveal its
        user (`B3`).
        """
        if parts := STORED.fullmatch(text):
            return self._own(text, parts, mark)
        foreign = self.hasher.foreign
        made = ForeignHash.parse(text, peppered=bool(foreign.pepper))
        self._demand_cost(made.recipe)
        return made

    def stored(self, made: ForeignHash | OwnHash) -> str:
        """Return the form to store; another product's hash is hashed again, with one argon2."""
        return made.stored if isinstance(made, OwnHash) else self.hasher.wrap(made)

    def _own(self, text: str, parts: re.Match[str], mark: str | None) -> OwnHash:
        memory, time = int(parts["memory_kib"]), int(parts["time"])
        try:
            Argon2Cost(memory, time, int(parts["parallelism"]))
        except ValueError as error:
            raise _refusal(str(error)) from error
        if memory > _MEMORY_MOST_KIB or time > _TIME_MOST or parts["version"] != _VERSION:
            reason = f"argon2id takes version 19, at most {_MEMORY_MOST_KIB} KiB and {_TIME_MOST}"
            reason = f"{reason} passes here"
            raise _refusal(reason)
        here = self.mark(text)
        if here is None or mark is None or not hmac.compare_digest(mark.encode(), here.encode()):
            pepper = parts["pepper_id"]
            reason = f"it needs the pepper {pepper} that it was made with, which isn't here"
            raise _refusal(reason)
        if parts["foreign"]:
            self._demand_cost(parts["foreign"])
        if not self.hasher.reads(text):
            raise _refusal("it is damaged")
        return OwnHash(text)

    def _demand_cost(self, recipe: str) -> None:
        cost, here = bcrypt_cost_of(recipe), self.hasher.foreign.bcrypt_cost
        if cost not in (None, here):
            reason = f"bcrypt's cost is {cost}, and IMPORTED_BCRYPT_COST is {here or 'not set'}"
            raise _refusal(reason)
        if not is_bearable_recipe(recipe):
            raise _refusal("it is damaged, or asks for more than a function can give")


def _refusal(reason: str) -> InvalidValueError:
    return InvalidValueError(reason, param="password_hash")
