"""All settings, one row each; only `bootstrap` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.domain.colours import DEFAULT_ACCENT
from chalicelib.settings import readers
from chalicelib.settings.readers import SettingsError
from chalicelib.settings.rows import Setting, days, number, one_of, row, rows, seconds, unchecked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from chalicelib.domain.trusted_proxies import TrustedProxies

__all__ = ["PORT", "Settings", "SettingsError"]

# Only the default of the public URL depends on it, so it is no field.
PORT = Setting("PORT", "8000", "1 to 65,535", partial(readers.whole_number, limits=(1, 65_535)))
# A source's mails are entries of one item, and an item can have at most 400 KB.
_SOURCE_MAILS = (1, 5_000)
_HTTPS = "https, or http for localhost alone"
_LINE = "a line of text"
_LANGUAGES = ("en", "de")
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_TRANSPORTS = ("direct", "sdk")


def _local_url(environ: Mapping[str, str]) -> str:
    return f"http://localhost:{PORT.value(environ)}"


def _region(environ: Mapping[str, str]) -> str:
    return environ.get("AWS_DEFAULT_REGION", "")


@dataclass(frozen=True)
class Settings:
    """All settings; times are timedeltas, secrets are hidden in `repr`."""

    public_url: str = row("PUBLIC_URL", _local_url, _HTTPS, readers.public_url)
    product_name: str = row("PRODUCT_NAME", "Terminus Hub", _LINE, readers.line)
    brand_accent: str = row("BRAND_ACCENT", DEFAULT_ACCENT, "#rrggbb", readers.colour)
    brand_logo: str = row("BRAND_LOGO", "", "an SVG's name", readers.drawing)
    mail_from: str = row("MAIL_FROM", "no-reply@localhost.test", _LINE, readers.line)
    mail_configuration_set: str = unchecked("MAIL_CONFIGURATION_SET")
    mail_language: str = one_of("MAIL_LANGUAGE", "en", _LANGUAGES)
    log_level: str = one_of("LOG_LEVEL", "INFO", _LOG_LEVELS, str.upper)
    table_prefix: str = row("TABLE_PREFIX", "thub-", _LINE, readers.line)
    mail_queue_url: str = unchecked("MAIL_QUEUE_URL")
    region: str = unchecked("AWS_REGION", _region)
    secrets_path: str = row("SECRETS_PATH", "", "a path", readers.secrets_path)
    trusted_proxies: TrustedProxies = row(  # noqa: RUF009 - it declares a field, as all rows do
        "TRUSTED_PROXIES", "", "count:digest", readers.trusted_proxies
    )
    password_min_length: int = number("PASSWORD_MIN_LENGTH", 15, (8, 64))
    breached_passwords_url: str = row("BREACHED_PASSWORDS_URL", "", _HTTPS, readers.range_service)
    dns_server: tuple[str, int] | None = row("DNS_SERVER", "", "host:port", readers.dns_server)
    lockout_attempts: int = number("LOCKOUT_ATTEMPTS", 5)
    lockout_window: timedelta = seconds("LOCKOUT_WINDOW_SECONDS", 900)
    lockout: timedelta = seconds("LOCKOUT_SECONDS", 600)
    consecutive_failures_max: int = number("CONSECUTIVE_FAILURES_MAX", 100)
    source_failures: int = number("SOURCE_FAILURES", 100)
    source_window: timedelta = seconds("SOURCE_WINDOW_SECONDS", 900)
    session_idle: timedelta = seconds("SESSION_IDLE_SECONDS", 43_200)
    session_max: timedelta = seconds("SESSION_MAX_SECONDS", 2_592_000)
    proof: timedelta = seconds("PROOF_SECONDS", 900)
    confirm_link: timedelta = seconds("CONFIRM_LINK_SECONDS", 86_400)
    reset_link: timedelta = seconds("RESET_LINK_SECONDS", 3_600)
    unlock_link: timedelta = seconds("UNLOCK_LINK_SECONDS", 3_600)
    email_change_link: timedelta = seconds("EMAIL_CHANGE_LINK_SECONDS", 86_400)
    email_change_undo: timedelta = seconds("EMAIL_CHANGE_UNDO_SECONDS", 259_200)
    invitation: timedelta = seconds("INVITATION_SECONDS", 604_800)
    mails_per_hour: int = number("MAILS_PER_HOUR", 5)
    source_mails_per_hour: int = number("SOURCE_MAILS_PER_HOUR", 20, _SOURCE_MAILS)
    suppression: timedelta = days("SUPPRESSION_DAYS", 30, (1, 3_650))
    api_key_requests_per_minute: int = number("API_KEY_REQUESTS_PER_MINUTE", 100)
    key_check_transport: str = one_of("KEY_CHECK_TRANSPORT", "direct", _TRANSPORTS)
    audit_kept: timedelta = days("AUDIT_DAYS", 400, (1, 36_500))
    argon2_memory_kib: int = number("ARGON2_MEMORY_KIB", 47_104, (7_168, 1_048_576), "KiB")
    argon2_time: int = number("ARGON2_TIME", 1, (1, 32))
    imported_bcrypt_cost: int = number("IMPORTED_BCRYPT_COST", 0, (0, 14))
    devise_pepper: str = unchecked("DEVISE_PEPPER", secret=True)
    password_peppers: str = unchecked("PASSWORD_PEPPERS", secret=True)
    address_key: bytes = row("ADDRESS_KEY", "", "base64", readers.key, secret=True)
    cookie_keys: tuple[bytes, ...] = row("COOKIE_KEY", "", "base64", readers.keys, secret=True)
    saml_private_key: str = unchecked("SAML_PRIVATE_KEY", secret=True)
    saml_certificate: str = unchecked("SAML_CERTIFICATE")
    saml_second_private_key: str = unchecked("SAML_SECOND_PRIVATE_KEY", secret=True)
    saml_second_certificate: str = unchecked("SAML_SECOND_CERTIFICATE")

    @property
    def is_local(self) -> bool:
        """Check whether it is reached over plain http on the same machine."""
        return self.public_url.startswith("http://")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check every setting; raises SettingsError for the first invalid one."""
        return cls(**{name: setting.value(environ) for name, setting in rows(cls).items()})
