"""The cookies that we set; names and flags depend on the public URL (conformance D4)."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.bootstrap import settings
from chalicelib.domain.sso.connection import REQUEST_LIVES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.services.sign_in.email_confirmation import Confirmed
    from chalicelib.services.sign_in.new_session import SignedIn

_VALUE = re.compile(r"[A-Za-z0-9._~=-]*\Z")
_LONGEST_HEADER = 8_192
# Our longest value is an email of 254 characters in base64.
_LONGEST_VALUE = 1_024
_YEAR_SECONDS = 31_536_000


@dataclass(frozen=True)
class Cookie:
    """A cookie of ours, named without the prefix."""

    name: str
    max_age: int
    # Also sent with another site's form, such as the response of an identity provider.
    crosses_sites: bool = False

    @property
    def full_name(self) -> str:
        """Return `__Host-…` under https; browsers refuse that prefix over plain http."""
        return self.name if settings().is_local else f"__Host-{self.name}"

    def read(self, headers: Mapping[str, str]) -> str | None:
        """Return the value that a browser sent; None for two different ones, since one is forged.

        None too if it is too long or has other characters than ours: a value can become part of a
        table's key or of a message.
        """
        header = headers.get("cookie") or ""
        if len(header) > _LONGEST_HEADER:
            return None
        pairs = (part.strip().partition("=") for part in header.split(";"))
        values = {value for name, _, value in pairs if name == self.full_name}
        value = values.pop() if len(values) == 1 else None
        return value if value and len(value) <= _LONGEST_VALUE and _VALUE.match(value) else None

    def set(self, value: str) -> str:
        """Write a Set-Cookie header; raises ValueError for characters a cookie can't hold.

        Chalice doesn't reject line feeds in a list of headers, so this does.
        """
        return self._write(value, self.max_age)

    def clear(self) -> str:
        """Write the Set-Cookie header that removes it."""
        return self._write("", 0)

    def _write(self, value: str, max_age: int) -> str:
        if not _VALUE.match(value):
            raise ValueError(self.name)
        # Browsers refuse `None` without Secure, so over plain http there is no attribute. They then
        # send a new cookie with another site's form for two minutes, enough on one machine.
        local_site = "" if self.crosses_sites else "; SameSite=Lax"
        secure_site = "; SameSite=None; Secure" if self.crosses_sites else "; SameSite=Lax; Secure"
        site = local_site if settings().is_local else secure_site
        return f"{self.full_name}={value}; Path=/; Max-Age={max_age}; HttpOnly{site}"


def session_cookie() -> Cookie:
    """Return the session's cookie; the server checks the expiry itself."""
    return Cookie("thub_session", int(settings().session_max.total_seconds()))


def device_cookie() -> Cookie:
    """Return the cookie of a known browser; it signs nobody in and outlives sessions."""
    return Cookie("thub_device", _YEAR_SECONDS)


def sign_up_cookie() -> Cookie:
    """Return the cookie that shows at confirmation which browser signed up."""
    return Cookie("thub_sign_up", int(settings().confirm_link.total_seconds()))


def email_cookie() -> Cookie:
    """Return the cookie that keeps the entered email for the check-your-email page."""
    return Cookie("thub_address", int(settings().confirm_link.total_seconds()))


def sso_cookie() -> Cookie:
    """Return the cookie that binds a sign-in at a provider to the browser that started it."""
    return Cookie("thub_sso", int(REQUEST_LIVES.total_seconds()), crosses_sites=True)


def keep_email(email: str) -> str:
    """Write the Set-Cookie header that keeps an email in the user's own browser."""
    return email_cookie().set(urlsafe_b64encode(email.encode()).decode("ascii"))


def kept_email(headers: Mapping[str, str]) -> str | None:
    """Return the email that the browser keeps."""
    value = email_cookie().read(headers)
    try:
        return urlsafe_b64decode(value).decode("ascii") if value else None
    except ValueError:
        return None


def signed_in_cookies(signed_in: SignedIn) -> list[str]:
    """Write the cookies of a successful sign-in: the session, and the known browser."""
    return [
        session_cookie().set(signed_in.token.value),
        device_cookie().set(signed_in.device_cookie),
    ]


def confirmed_cookies(confirmed: Confirmed) -> list[str]:
    """Write the cookie of a known browser after a change of email; empty for other browsers."""
    cookie = confirmed.device_cookie
    return [device_cookie().set(cookie)] if cookie else []
