"""The one place where the parts are put together: settings in, services out.

Imports of storage and gateways stand inside functions: they bring pynamodb, botocore and argon2,
which `import app` and the routes that don't need them must not pay for.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib import logs
from chalicelib.settings import Settings, SettingsError

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.services.email_confirmation import EmailConfirmation
    from chalicelib.services.mail_cap import MailCap
    from chalicelib.services.sessions import SessionService
    from chalicelib.services.sign_in import SignIn
    from chalicelib.services.sign_up import SignUpService

_MAIL_WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class Services:
    """Every flow of the product, ready to be called."""

    settings: Settings
    sign_in: SignIn
    sign_up: SignUpService
    email_confirmation: EmailConfirmation
    sessions: SessionService
    mail_cap: MailCap


_lock = threading.Lock()
_built: Services | None = None


def services() -> Services:
    """Return this process's services, built from the environment at the first call."""
    global _built  # noqa: PLW0603 - the one process-wide object
    if _built is None:
        with _lock:
            if _built is None:
                _built = build(settings())
    return _built


def use(replacement: Services | None) -> None:
    """Put other services in their place, or none, so that the next call builds anew; for tests."""
    global _built, _settings  # noqa: PLW0603
    _built = replacement
    _settings = replacement.settings if replacement else None


_settings: Settings | None = None


def settings() -> Settings:
    """Return this process's settings; light enough for routes that need no service."""
    global _settings  # noqa: PLW0603
    if _settings is None:
        _settings = Settings.from_environ(os.environ)
        logs.configure(_settings.log_level)
    return _settings


def build(chosen: Settings, clock: Clock | None = None) -> Services:
    """Put the services together; raises SettingsError where a secret is missing."""
    from chalicelib.domain.addresses import AddressKeys
    from chalicelib.domain.clock import utc_now
    from chalicelib.domain.password_hashing import Argon2Cost, PasswordHasher, Peppers
    from chalicelib.domain.passwords import PasswordPolicy
    from chalicelib.domain.sessions import SessionLimits
    from chalicelib.domain.sign_up import SIGN_UP_WAITS
    from chalicelib.services.email_confirmation import EmailConfirmation
    from chalicelib.services.mail_cap import MailCap
    from chalicelib.services.sessions import SessionService
    from chalicelib.services.sign_in import SignIn
    from chalicelib.services.sign_up import SignUpService
    from chalicelib.storage.connection import open_tables
    from chalicelib.storage.links import Links
    from chalicelib.storage.mail_counts import MailCounts
    from chalicelib.storage.people import People, SsoDomains
    from chalicelib.storage.sessions import Sessions
    from chalicelib.storage.sign_ups import SignUps

    _demand_secrets(chosen)
    now = clock or utc_now
    connection = open_tables(chosen.table_prefix, chosen.region)
    people = People(connection)
    links = Links()
    sign_ups = SignUps(connection, SIGN_UP_WAITS + chosen.confirm_link)
    sessions = Sessions(connection, SessionLimits(chosen.session_idle, chosen.session_max))
    hasher = PasswordHasher(
        Argon2Cost(memory_kib=chosen.argon2_memory_kib, time=chosen.argon2_time),
        Peppers.parse(chosen.password_peppers),
    )
    return Services(
        settings=chosen,
        sign_in=SignIn(people, SsoDomains(), sessions, hasher, now),
        sign_up=SignUpService(
            sign_ups=sign_ups,
            people=people,
            links=links,
            queue=_mail_queue(chosen),
            mailer=_mailer(chosen),
            hasher=hasher,
            policy=PasswordPolicy(min_length=chosen.password_min_length),
            clock=now,
            product_name=chosen.product_name,
            public_url=chosen.public_url,
            link_lifetime=chosen.confirm_link,
        ),
        email_confirmation=EmailConfirmation(links, sign_ups, hasher, now),
        sessions=SessionService(sessions, people, now),
        mail_cap=MailCap(
            MailCounts(chosen.mails_per_hour, _MAIL_WINDOW), AddressKeys(chosen.address_key), now
        ),
    )


def _demand_secrets(chosen: Settings) -> None:
    for name, value in (
        ("PASSWORD_PEPPERS", chosen.password_peppers),
        ("ADDRESS_KEY", chosen.address_key),
        ("COOKIE_KEY", chosen.cookie_key),
    ):
        if not value:
            message = f"{name} must be set to random bytes in base64."
            raise SettingsError(message)


def _mail_queue(chosen: Settings) -> Any:
    from chalicelib.gateways.mail_queue import MailQueue

    return MailQueue(_client("sqs", chosen), chosen.mail_queue_url)


def _mailer(chosen: Settings) -> Any:
    from chalicelib.gateways.mailer import Mailer
    from chalicelib.gateways.ses import Ses

    return Mailer(Ses(_client("ses", chosen)), chosen.mail_from, chosen.product_name)


def _client(service: str, chosen: Settings) -> Any:
    from botocore.config import Config
    from botocore.session import get_session

    retries = {"total_max_attempts": 3, "mode": "standard"}
    config = Config(connect_timeout=1, read_timeout=5, retries=retries)
    return get_session().create_client(service, region_name=chosen.region or None, config=config)
