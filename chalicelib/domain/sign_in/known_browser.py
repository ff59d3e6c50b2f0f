"""Known browsers: a successful sign-in leaves a signed cookie, bound to one email.

The cookie signs nobody in. Attempts with it have a count of their own, so a stranger who locks an
email doesn't lock its user out of the browser they use.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.tokens import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.user import User

# Older cookies have no second version.
_FORM = re.compile(r"(dev_[0-9a-f]{32})\.([0-9]{1,9})(?:\.([0-9]{1,9}))?\.([A-Za-z0-9_-]{43})\Z")


@dataclass(frozen=True)
class Device:
    """A browser that signed in before, with the versions of its user at that time."""

    id: str
    credentials_version: int
    sessions_version: int = 0


@dataclass(frozen=True)
class DeviceCookies:
    """Signs and reads device cookies with HMAC-SHA-256 under the deployment's keys (`H17`).

    The newest key comes first and signs; the others still read the cookies they signed.
    """

    keys: tuple[bytes, ...] = field(repr=False)

    def issue(
        self,
        email: EmailAddress,
        credentials_version: int,
        known: Device | None,
        sessions_version: int = 0,
    ) -> str:
        """Write the cookie of a browser that just signed in; a known one keeps its id.

        `sessions_version` is 0 until the user first signs out everywhere.
        """
        device_id = known.id if known else new_id("dev")
        versions = f"{credentials_version}.{sessions_version}"
        signature = self._sign(self.keys[0], email, device_id, versions)
        return f"{device_id}.{versions}.{signature}"

    def read(self, text: str | None, email: EmailAddress) -> Device | None:
        """Read a cookie for an email; an edited one, or one for another email, is no device."""
        parts = _FORM.match(text or "")
        if parts is None:
            return None
        device_id, credentials, sessions, signature = parts.groups()
        versions = str(int(credentials))
        if sessions is not None:
            versions += f".{int(sessions)}"
        made = [self._sign(key, email, device_id, versions) for key in self.keys]
        if not any(hmac.compare_digest(signature, one) for one in made):
            return None
        return Device(device_id, int(credentials), int(sessions or 0))

    @staticmethod
    def _sign(key: bytes, email: EmailAddress, device_id: str, versions: str) -> str:
        signed = f"device\n{device_id}\n{versions}\n{email.value}".encode()
        made = hmac.digest(key, signed, hashlib.sha256)
        return urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def is_current(device: Device, user: User | None) -> bool:
    """Check that a device cookie is as new as the user's password and sessions.

    A reset ends it, and so does signing out everywhere: the user no longer trusts the other
    browsers.
    """
    return user is not None and (device.credentials_version, device.sessions_version) == (
        user.credentials_version,
        user.sessions_version,
    )


def device_details(device: Device | None, key: str) -> dict[str, str]:
    """Name a browser in a message to the worker, in one shape whether or not it is known."""
    versions = f"{device.credentials_version}.{device.sessions_version}" if device else ""
    return {"device": key, "device_version": versions}


def device_of(details: Mapping[str, str]) -> Device | None:
    """Read the browser that a message names, by the key of its own counts."""
    version = details.get("device_version")
    if not version:
        return None
    credentials, _, sessions = version.partition(".")
    return Device(details["device"], int(credentials), int(sessions or 0))


@dataclass(frozen=True)
class Browser:
    """What a browser sends with a password: its origin, its device cookie, its old session."""

    origin: RequestOrigin
    device_cookie: str | None = field(default=None, repr=False)
    session_id: str | None = None
