"""Builds the password rules and the hasher from the settings."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from chalicelib.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.passwords.hashing import PasswordHasher
    from chalicelib.domain.passwords.policy import PasswordPolicy
    from chalicelib.settings import Settings

_log = logging.getLogger(__name__)
# NIST SP 800-63B-4, 3.1.1.2, if the password is the only factor.
_NIST_LEAST = 15


def warn_of_short_passwords(chosen: Settings) -> None:
    """Log a warning if passwords may be shorter than NIST allows (`A1`)."""
    if chosen.password_min_length < _NIST_LEAST:
        lengths = {"allowed": chosen.password_min_length, "least": _NIST_LEAST}
        _log.warning("short_passwords_allowed", extra=lengths)


def password_policy(chosen: Settings) -> PasswordPolicy:
    """Build the rules for a new password."""
    from chalicelib.domain.passwords.policy import PasswordPolicy

    if not chosen.breached_passwords_url:
        return PasswordPolicy(chosen.password_min_length)
    from chalicelib.gateways.breached_passwords import BreachedPasswords

    breached = BreachedPasswords(chosen.breached_passwords_url)
    return PasswordPolicy(chosen.password_min_length, breached.include)


def password_hasher(chosen: Settings) -> PasswordHasher:
    """Build the hasher; raises SettingsError."""
    from chalicelib.domain.passwords.hashing import Argon2Cost, PasswordHasher, Peppers
    from chalicelib.domain.passwords.imported_hashes import ForeignHashing

    with named("ARGON2_MEMORY_KIB and ARGON2_TIME"):
        cost = Argon2Cost(memory_kib=chosen.argon2_memory_kib, time=chosen.argon2_time)
    with named("PASSWORD_PEPPERS"):
        peppers = Peppers.parse(chosen.password_peppers)
    with named("IMPORTED_BCRYPT_COST"):
        foreign = ForeignHashing(chosen.imported_bcrypt_cost, chosen.devise_pepper)
    return PasswordHasher(cost, peppers, foreign)


@contextlib.contextmanager
def named(names: str) -> Iterator[None]:
    """Name the setting that an invalid value came from."""
    try:
        yield
    except ValueError as error:
        message = f"{names}: {error}"
        raise SettingsError(message) from error
