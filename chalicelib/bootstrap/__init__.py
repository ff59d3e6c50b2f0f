"""Builds the services from the settings, in one place."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from chalicelib import logs
from chalicelib.bootstrap.passwords import warn_of_short_passwords
from chalicelib.settings import Settings, SettingsError

if TYPE_CHECKING:
    from chalicelib.bootstrap.product import Services as Services
    from chalicelib.domain.clock import Clock
    from chalicelib.services.keys.check import KeyCheckService

_lock = threading.Lock()
_built: Services | None = None


def services() -> Services:
    """Return this process's services, made from the environment at the first call."""
    global _built  # noqa: PLW0603 - the one process-wide object
    if _built is None:
        with _lock:
            if _built is None:
                _built = build(_with_secrets(settings()))
                warn_of_short_passwords(_built.settings)
    return _built


def key_check() -> KeyCheckService:
    """Return the check of API keys alone, which is all that the authorizer's function needs."""
    global _key_check  # noqa: PLW0603 - as above, in a function of its own
    if _built is not None:
        return _built.key_check
    if _key_check is None:
        from chalicelib.bootstrap.key_checks import build_key_check
        from chalicelib.domain.clock import utc_now

        _key_check = build_key_check(settings(), utc_now, os.environ)
    return _key_check


_key_check: KeyCheckService | None = None


def use(replacement: Services | None) -> None:
    """Replace the services, or discard them so that the next call builds them again; for tests."""
    global _built, _settings, _key_check  # noqa: PLW0603
    _built, _key_check = replacement, None
    _settings = replacement.settings if replacement else None


_settings: Settings | None = None


def settings() -> Settings:
    """Return this process's settings, without building a service."""
    global _settings  # noqa: PLW0603
    if _settings is None:
        _settings = Settings.from_environ(os.environ)
        logs.configure(_settings.log_level, _settings.table_prefix)
    return _settings


def build(chosen: Settings, clock: Clock | None = None) -> Services:
    """Make the services, each built when first used; raises SettingsError."""
    from chalicelib.bootstrap.product import Services
    from chalicelib.bootstrap.shared import Shared
    from chalicelib.domain.clock import utc_now

    _demand_secrets(chosen)
    return Services(Shared(chosen, clock or utc_now))


def _with_secrets(chosen: Settings) -> Settings:
    """Add the secrets from Parameter Store; variables of the environment win, for local runs.

    Only the whole product needs them: the authorizer would lose time and has no permission.
    """
    if not chosen.secrets_path:
        return chosen
    from chalicelib.bootstrap.clients import aws_client
    from chalicelib.gateways.parameter_store import read_secrets

    found = read_secrets(aws_client("ssm", chosen), chosen.secrets_path)
    given = {name: value for name, value in os.environ.items() if value}
    return Settings.from_environ(found | given)


def _demand_secrets(chosen: Settings) -> None:
    for name, value in (
        ("PASSWORD_PEPPERS", chosen.password_peppers),
        ("ADDRESS_KEY", chosen.address_key),
        ("COOKIE_KEY", chosen.cookie_keys),
    ):
        if not value:
            message = f"{name} must be set to random bytes in base64."
            raise SettingsError(message)
