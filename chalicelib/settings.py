"""Every setting: its name, default, unit and range; read by `bootstrap` alone."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.domain.colours import DEFAULT_ACCENT, ColourError, parse_colour

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECONDS = (1, 31_536_000)
_COUNT = (1, 1_000_000)
# A source's mails are entries of one item, and 400 KB is the most that an item can have.
_SOURCE_MAILS = (1, 5_000)
_LOCAL_HOSTS = frozenset(("localhost", "127.0.0.1", "::1"))
_KEY_BYTES = 32
_STATIC = Path(__file__).parent / "web" / "static"
_LANGUAGES = ("en", "de")
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_TRANSPORTS = ("direct", "sdk")


class SettingsError(ValueError):
    """A setting is missing or out of range; the message names it and its range."""


@dataclass(frozen=True)
class Settings:
    """What the environment decides; times are timedeltas, secrets are hidden in `repr`."""

    public_url: str = "http://localhost:8000"
    product_name: str = "Terminus Hub"
    brand_accent: str = DEFAULT_ACCENT
    brand_logo: str = ""
    mail_from: str = "no-reply@localhost.test"
    mail_language: str = "en"
    log_level: str = "INFO"
    table_prefix: str = "thub-"
    mail_queue_url: str = ""
    region: str = ""
    secrets_path: str = ""
    password_min_length: int = 15
    breached_passwords_url: str = ""
    dns_server: tuple[str, int] | None = None
    lockout_attempts: int = 5
    lockout_window: timedelta = timedelta(seconds=900)
    lockout: timedelta = timedelta(seconds=600)
    consecutive_failures_max: int = 100
    source_failures: int = 100
    source_window: timedelta = timedelta(seconds=900)
    session_idle: timedelta = timedelta(seconds=43_200)
    session_max: timedelta = timedelta(seconds=2_592_000)
    proof: timedelta = timedelta(seconds=900)
    confirm_link: timedelta = timedelta(seconds=86_400)
    reset_link: timedelta = timedelta(seconds=3_600)
    unlock_link: timedelta = timedelta(seconds=3_600)
    email_change_link: timedelta = timedelta(seconds=86_400)
    email_change_undo: timedelta = timedelta(seconds=259_200)
    invitation: timedelta = timedelta(seconds=604_800)
    mails_per_hour: int = 5
    source_mails_per_hour: int = 20
    api_key_requests_per_minute: int = 100
    key_check_transport: str = "direct"
    audit_kept: timedelta = timedelta(days=400)
    argon2_memory_kib: int = 47_104
    argon2_time: int = 1
    imported_bcrypt_cost: int = 0
    devise_pepper: str = field(default="", repr=False)
    password_peppers: str = field(default="", repr=False)
    address_key: bytes = field(default=b"", repr=False)
    cookie_keys: tuple[bytes, ...] = field(default=(), repr=False)
    saml_private_key: str = field(default="", repr=False)
    saml_certificate: str = ""
    saml_second_private_key: str = field(default="", repr=False)
    saml_second_certificate: str = ""

    @property
    def is_local(self) -> bool:
        """Whether people reach it over plain http on their own machine."""
        return self.public_url.startswith("http://")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check every setting; raises SettingsError for the first that is wrong."""
        read = _Reader(environ)
        return cls(
            public_url=read.public_url(),
            product_name=read.text("PRODUCT_NAME", "Terminus Hub"),
            brand_accent=read.brand_accent(),
            brand_logo=read.brand_logo(),
            mail_from=read.text("MAIL_FROM", "no-reply@localhost.test"),
            mail_language=read.one_of("MAIL_LANGUAGE", _LANGUAGES, "en"),
            log_level=read.one_of("LOG_LEVEL", _LOG_LEVELS, "INFO", str.upper),
            table_prefix=read.text("TABLE_PREFIX", "thub-"),
            mail_queue_url=environ.get("MAIL_QUEUE_URL", ""),
            region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION", ""),
            secrets_path=read.secrets_path(),
            password_min_length=read.number("PASSWORD_MIN_LENGTH", 15, (8, 64)),
            breached_passwords_url=read.breached_passwords_url(),
            dns_server=read.dns_server(),
            lockout_attempts=read.number("LOCKOUT_ATTEMPTS", 5),
            lockout_window=read.seconds("LOCKOUT_WINDOW_SECONDS", 900),
            lockout=read.seconds("LOCKOUT_SECONDS", 600),
            consecutive_failures_max=read.number("CONSECUTIVE_FAILURES_MAX", 100),
            source_failures=read.number("SOURCE_FAILURES", 100),
            source_window=read.seconds("SOURCE_WINDOW_SECONDS", 900),
            session_idle=read.seconds("SESSION_IDLE_SECONDS", 43_200),
            session_max=read.seconds("SESSION_MAX_SECONDS", 2_592_000),
            proof=read.seconds("PROOF_SECONDS", 900),
            confirm_link=read.seconds("CONFIRM_LINK_SECONDS", 86_400),
            reset_link=read.seconds("RESET_LINK_SECONDS", 3_600),
            unlock_link=read.seconds("UNLOCK_LINK_SECONDS", 3_600),
            email_change_link=read.seconds("EMAIL_CHANGE_LINK_SECONDS", 86_400),
            email_change_undo=read.seconds("EMAIL_CHANGE_UNDO_SECONDS", 259_200),
            invitation=read.seconds("INVITATION_SECONDS", 604_800),
            mails_per_hour=read.number("MAILS_PER_HOUR", 5),
            source_mails_per_hour=read.number("SOURCE_MAILS_PER_HOUR", 20, _SOURCE_MAILS),
            api_key_requests_per_minute=read.number("API_KEY_REQUESTS_PER_MINUTE", 100),
            key_check_transport=read.one_of("KEY_CHECK_TRANSPORT", _TRANSPORTS, "direct"),
            audit_kept=timedelta(days=read.number("AUDIT_DAYS", 400, (1, 36_500))),
            argon2_memory_kib=read.number("ARGON2_MEMORY_KIB", 47_104, (7_168, 1_048_576)),
            argon2_time=read.number("ARGON2_TIME", 1, (1, 32)),
            imported_bcrypt_cost=read.number("IMPORTED_BCRYPT_COST", 0, (0, 14)),
            devise_pepper=environ.get("DEVISE_PEPPER", ""),
            password_peppers=environ.get("PASSWORD_PEPPERS", ""),
            address_key=read.key("ADDRESS_KEY"),
            cookie_keys=read.keys("COOKIE_KEY"),
            saml_private_key=environ.get("SAML_PRIVATE_KEY", ""),
            saml_certificate=environ.get("SAML_CERTIFICATE", ""),
            saml_second_private_key=environ.get("SAML_SECOND_PRIVATE_KEY", ""),
            saml_second_certificate=environ.get("SAML_SECOND_CERTIFICATE", ""),
        )


@dataclass(frozen=True)
class _Reader:
    """Reads one setting at a time, and says which one is wrong."""

    environ: Mapping[str, str]

    def text(self, name: str, default: str) -> str:
        value = self.environ.get(name, default)
        if not value or not value.isprintable():
            message = f"{name} must be a line of printable text."
            raise SettingsError(message)
        return value

    def brand_accent(self) -> str:
        raw = self.environ.get("BRAND_ACCENT", DEFAULT_ACCENT)
        try:
            return parse_colour(raw)
        except ColourError as error:
            message = f"BRAND_ACCENT must be a colour such as {DEFAULT_ACCENT}; it is {raw!r}."
            raise SettingsError(message) from error

    def brand_logo(self) -> str:
        name = self.environ.get("BRAND_LOGO", "")
        drawing = re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}\.svg", name)
        if name and not (drawing and (_STATIC / name).is_file()):
            message = (
                "BRAND_LOGO must be the name of an SVG in chalicelib/web/static, in small letters,"
                f" digits and hyphens, such as acme.svg; it is {name!r}."
            )
            raise SettingsError(message)
        return name

    def number(self, name: str, default: int, limits: tuple[int, int] = _COUNT) -> int:
        raw = self.environ.get(name, str(default)).strip()
        low, high = limits
        if not re.fullmatch(r"[0-9]{1,9}", raw) or not low <= int(raw) <= high:
            message = f"{name} must be a whole number from {low} to {high:,}; it is {raw!r}."
            raise SettingsError(message)
        return int(raw)

    def seconds(self, name: str, default: int) -> timedelta:
        return timedelta(seconds=self.number(name, default, _SECONDS))

    def one_of(
        self, name: str, choices: tuple[str, ...], default: str, read: Callable[[str], str] = str
    ) -> str:
        value = read(self.environ.get(name, default))
        if value not in choices:
            message = f"{name} must be {' or '.join(choices)}; it is {value!r}."
            raise SettingsError(message)
        return value

    def key(self, name: str) -> bytes:
        return self._key(name, self.environ.get(name, ""))

    def keys(self, name: str) -> tuple[bytes, ...]:
        raw = self.environ.get(name, "")
        # An empty part is refused, where a single key may be left out.
        return tuple(self._key(name, part.strip() or "?") for part in raw.split(",")) if raw else ()

    def _key(self, name: str, raw: str) -> bytes:
        try:
            key = b64decode(raw, validate=True)
        except (Base64Error, ValueError):
            key = b"?"
        if key and len(key) < _KEY_BYTES:
            message = f"{name} must be at least {_KEY_BYTES} random bytes in base64."
            raise SettingsError(message)
        return key

    def secrets_path(self) -> str:
        path = self.environ.get("SECRETS_PATH", "")
        if path and not re.fullmatch(r"(/[A-Za-z0-9_.-]{1,60}){1,5}", path):
            message = f"SECRETS_PATH must be a path such as /thub-prod/secrets; it is {path!r}."
            raise SettingsError(message)
        return path

    def public_url(self) -> str:
        raw = self.environ.get("PUBLIC_URL") or f"http://localhost:{self._port()}"
        return _address("PUBLIC_URL", raw, "https://auth.example.com")

    def dns_server(self) -> tuple[str, int] | None:
        raw = self.environ.get("DNS_SERVER", "").strip()
        if not raw:
            return None
        message = f"DNS_SERVER must be host:port, such as 127.0.0.1:5353; it is {raw!r}."
        try:
            parts = urlsplit(f"//{raw}")
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise SettingsError(message) from error
        if not host or not port or parts.netloc != raw or "@" in raw:
            raise SettingsError(message)
        return host, port

    def breached_passwords_url(self) -> str:
        raw = self.environ.get("BREACHED_PASSWORDS_URL", "")
        example = "https://api.pwnedpasswords.com/range/"
        return _address("BREACHED_PASSWORDS_URL", raw, example) if raw else ""

    def _port(self) -> int:
        return self.number("PORT", 8000, (1, 65_535))


def _address(name: str, raw: str, example: str) -> str:
    url = raw.rstrip("/")
    message = (
        f"{name} must be an https address without a query, such as {example}"
        f" (http only for localhost); it is {raw!r}."
    )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise SettingsError(message) from error
    plain = parts.scheme == "http" and host in _LOCAL_HOSTS
    extras = parts.query or parts.fragment or parts.username or parts.password
    # Spaces and line breaks too, some of which urlsplit would take out without a word.
    odd = any(not "!" <= character <= "~" for character in url)
    if not host or extras or not (parts.scheme == "https" or plain) or odd:
        raise SettingsError(message)
    return url
