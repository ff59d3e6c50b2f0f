"""Mailed one-time links."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.mail import SourceEntry

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.email_address import EmailAddress


class LinkPurpose(StrEnum):
    """What a link may be used for."""

    CONFIRM_SIGN_UP = "confirm_sign_up"
    CHANGE_EMAIL = "change_email"
    STOP_EMAIL_CHANGE = "stop_email_change"
    UNDO_EMAIL_CHANGE = "undo_email_change"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a purpose, not a secret
    UNLOCK = "unlock"
    INVITATION = "invitation"


@dataclass(frozen=True)
class LinkOrigin:
    """Where a link was requested: in which known browser, and from which source."""

    known_browser: str = ""
    source: SourceEntry = field(default_factory=SourceEntry)


@dataclass(frozen=True)
class Link:
    """What a mailed token stands for; the token itself is stored nowhere."""

    digest: str
    purpose: LinkPurpose
    email: EmailAddress
    subject_id: str
    expires_at: datetime
    # Of a user's link: the email and password version when it was made; it ends with either (`C4`).
    user_email: str = ""
    credentials_version: int = 0
    # The user's `sessions_version` when the link was made. A change of email and its stop end with
    # that version; the undo names the version that its change set. Older links have none.
    sessions_version: int | None = None
    # Of an invitation's link: its account.
    account_id: str = ""
    # Of an unlock link: the known browser that is locked, by its keyed hash.
    known_browser: str = ""
    source: SourceEntry = field(default_factory=SourceEntry)
