"""Readers of settings: each returns the value of a text, or says what is wrong with it."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.domain.colours import DEFAULT_ACCENT, ColourError, parse_colour
from chalicelib.domain.trusted_proxies import TrustedProxies

if TYPE_CHECKING:
    from collections.abc import Callable

_LOCAL_HOSTS = frozenset(("localhost", "127.0.0.1", "::1"))
_KEY_BYTES = 32
_STATIC = Path(__file__).resolve().parents[1] / "web" / "static"


class SettingsError(ValueError):
    """A setting is missing or out of range; the message names it and its range."""


def whole_number(name: str, raw: str, limits: tuple[int, int]) -> int:
    """Read a number within limits, both included."""
    digits = raw.strip()
    low, high = limits
    if not re.fullmatch(r"[0-9]{1,9}", digits) or not low <= int(digits) <= high:
        message = f"{name} must be a whole number from {low} to {high:,}; it is {digits!r}."
        raise SettingsError(message)
    return int(digits)


def choice(name: str, raw: str, choices: tuple[str, ...], fold: Callable[[str], str]) -> str:
    """Read one of a few words."""
    value = fold(raw)
    if value not in choices:
        message = f"{name} must be {' or '.join(choices)}; it is {value!r}."
        raise SettingsError(message)
    return value


def line(name: str, raw: str) -> str:
    """Read one line of text, which can't be empty."""
    if not raw or not raw.isprintable():
        message = f"{name} must be a line of printable text."
        raise SettingsError(message)
    return raw


def colour(name: str, raw: str) -> str:
    """Read a colour, in lower case."""
    try:
        return parse_colour(raw)
    except ColourError as error:
        message = f"{name} must be a colour such as {DEFAULT_ACCENT}; it is {raw!r}."
        raise SettingsError(message) from error


def drawing(name: str, raw: str) -> str:
    """Read the name of an SVG among the static files; may be empty."""
    named = re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}\.svg", raw)
    if raw and not (named and (_STATIC / raw).is_file()):
        message = (
            f"{name} must be the name of an SVG in chalicelib/web/static, in small letters,"
            f" digits and hyphens, such as acme.svg; it is {raw!r}."
        )
        raise SettingsError(message)
    return raw


def public_url(name: str, raw: str) -> str:
    """Read the URL of the service."""
    return _url(name, raw, "https://auth.example.com")


def range_service(name: str, raw: str) -> str:
    """Read the URL of a breached-password service; may be empty."""
    return _url(name, raw, "https://api.pwnedpasswords.com/range/") if raw else ""


def dns_server(name: str, raw: str) -> tuple[str, int] | None:
    """Read a host and a port; None if empty."""
    given = raw.strip()
    if not given:
        return None
    message = f"{name} must be host:port, such as 127.0.0.1:5353; it is {given!r}."
    try:
        parts = urlsplit(f"//{given}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SettingsError(message) from error
    if not host or not port or parts.netloc != given or "@" in given:
        raise SettingsError(message)
    return host, port


def trusted_proxies(name: str, raw: str) -> TrustedProxies:
    """Read how many proxies there are and the digests of their secrets, or nothing."""
    if not raw:
        return TrustedProxies()
    if not re.fullmatch(r"[1-5]:[0-9a-f]{64}(,[0-9a-f]{64}){0,3}", raw):
        message = (
            f"{name} must be the number of proxies, 1 to 5, a colon, and the SHA-256 of the secret"
            " that the proxy sends, in small hex digits; up to four of them with commas."
        )
        raise SettingsError(message)
    count, _, digests = raw.partition(":")
    return TrustedProxies(int(count), tuple(digests.split(",")))


def secrets_path(name: str, raw: str) -> str:
    """Read a path in Parameter Store; may be empty."""
    if raw and not re.fullmatch(r"(/[A-Za-z0-9_.-]{1,60}){1,5}", raw):
        message = f"{name} must be a path such as /thub-prod/secrets; it is {raw!r}."
        raise SettingsError(message)
    return raw


def key(name: str, raw: str) -> bytes:
    """Read a key in base64; may be empty. An error doesn't repeat it."""
    try:
        read = b64decode(raw, validate=True)
    except (Base64Error, ValueError):
        read = b"?"
    if read and len(read) < _KEY_BYTES:
        message = f"{name} must be at least {_KEY_BYTES} random bytes in base64."
        raise SettingsError(message)
    return read


def keys(name: str, raw: str) -> tuple[bytes, ...]:
    """Read several keys; may be empty."""
    # An empty part is refused, although a single key may be empty.
    return tuple(key(name, part.strip() or "?") for part in raw.split(",")) if raw else ()


def _url(name: str, raw: str, example: str) -> str:
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
    # Includes spaces and line breaks, some of which urlsplit would silently remove.
    odd = any(not "!" <= character <= "~" for character in url)
    if not host or extras or not (parts.scheme == "https" or plain) or odd:
        raise SettingsError(message)
    return url
