"""Changing the sign-in email: requested in a session, stopped or undone from the old email.

`email_confirmation` handles the link to the new email, as it does a sign-up's.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import (
    ConflictError,
    InvalidValueError,
    LinkInvalidError,
    WrongPasswordError,
)
from chalicelib.domain.mail import Job, JobKind, Mail
from chalicelib.domain.sign_in.email_change import EmailTakenError
from chalicelib.domain.sign_in.link import LinkPurpose
from chalicelib.domain.sign_in.lockout import AttemptStep
from chalicelib.domain.user import WayBack
from chalicelib.services.sign_in.password_check import GivenPassword, StoredPassword

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sign_in.known_browser import Browser
    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import User
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.services.sign_in.password_check import PasswordCheck
    from chalicelib.storage.joining.email_changes import EmailChanges
    from chalicelib.storage.users.links import Links
    from chalicelib.storage.users.users import Users

_log = logging.getLogger(__name__)

# A thief who keeps changing the user's row must not win against the owner's undo link.
_TRIES = 10


@dataclass(frozen=True)
class EmailChangeService:
    """The change of an email, except for its confirmation."""

    users: Users
    links: Links
    changes: EmailChanges
    check: PasswordCheck
    queue: JobQueue
    mailer: Mailer
    clock: Clock
    public_url: str
    link_lifetime: timedelta
    undo_lifetime: timedelta

    def begin(
        self, user: User, session: Session, current: str, email: EmailAddress, browser: Browser
    ) -> None:
        """Queue a link to the new email and a warning to the old one.

        An email that is taken gets the same treatment. Raises WrongPasswordError, and
        InvalidValueError for the user's present email.
        """
        if email == user.email:
            raise InvalidValueError("You sign in with this address already.", param="email")
        self._check(user, session, current, browser)
        now, origin = self.clock(), browser.origin
        details = {
            "user_id": user.id,
            "credentials_version": str(user.credentials_version),
            "sessions_version": str(user.sessions_version),
        }
        # The old email first, so that no change is under way without a warning to its owner.
        warning = {**details, "new_email": email.value}
        old = user.email.value
        self.queue.put(Job.asked_by(origin, JobKind.EMAIL_CHANGE_ASKED, old, now, warning))
        self.queue.put(Job.asked_by(origin, JobKind.EMAIL_CHANGE, email.value, now, details))

    def send_mail(self, request: Job) -> None:
        """Mail the link of a change to the new email, unless another user has it."""
        email = EmailAddress(request.email)
        user = self.users.get(request.details["user_id"])
        record, now = self.users.look_up(email), self.clock()
        if user is None or not record.is_free_for(user.id, now) or not _is_current(user, request):
            return
        ends_at = now + self.link_lifetime
        token = self.links.issue(LinkPurpose.CHANGE_EMAIL, email, user.id, ends_at, user)
        context = {
            "name": None,
            "user_name": user.name,
            "old_email": user.email.masked,
            "link": f"{self.public_url}/email-confirmation?token={token}",
            "lifetime": self.link_lifetime,
        }
        self.mailer.send(
            Mail(email.value, "email_change_confirmation", {**request.asked, **context})
        )

    def send_word(self, request: Job) -> None:
        """Mail the old email that a change was requested, with a link that stops it (`B11`).

        The mail is the same whether or not the new email is taken, because the user who asked
        reads it.
        """
        user = self.users.get(request.details["user_id"])
        if user is None or user.email.value != request.email or not _is_current(user, request):
            return
        ends_at = self.clock() + self.link_lifetime
        token = self.links.issue(LinkPurpose.STOP_EMAIL_CHANGE, user.email, user.id, ends_at, user)
        context = {
            "name": user.name,
            "new_email": request.details["new_email"],
            "link": f"{self.public_url}/email-change/stop?token={token}",
            "lifetime": self.link_lifetime,
        }
        self.mailer.send(Mail(request.email, "email_change_asked", {**request.asked, **context}))

    def send_notice(self, request: Job) -> None:
        """Mail both emails about a change; the old one gets a link that undoes it (`B11`)."""
        details = request.details
        context: dict[str, object] = {"name": details.get("name") or None}
        until = request.asked_at + self.undo_lifetime
        if "version" not in details or until <= self.clock():
            self.mailer.send(Mail(request.email, "email_changed", {**request.asked, **context}))
            return
        way_back = WayBack(int(details["version"]), until)
        token = self.links.issue_undo(details["user_id"], EmailAddress(request.email), way_back)
        context |= {
            "new_email": details["new_email"],
            "link": f"{self.public_url}/email-change/undo?token={token}",
            "lifetime": self.undo_lifetime,
        }
        self.mailer.send(Mail(request.email, "email_changed_away", {**request.asked, **context}))

    def send_notice_of_undo(self, request: Job) -> None:
        """Mail the old email that it is the user's again, and where to set a password (`B11`)."""
        context = {
            "name": request.details["name"],
            "reset_link": f"{self.public_url}/password-reset",
        }
        self.mailer.send(Mail(request.email, "email_taken_back", {**request.asked, **context}))

    def check_stop(self, token: str) -> None:
        """Check that a stop link is valid, without spending it; raises LinkInvalidError."""
        self._find(token, LinkPurpose.STOP_EMAIL_CHANGE)

    def stop(self, token: str, origin: RequestOrigin) -> None:
        """Spend a stop link: the change and every session end; raises LinkInvalidError."""
        link, _ = self._find(token, LinkPurpose.STOP_EMAIL_CHANGE)
        now = self.clock()
        self.changes.stop(link, now)
        event = EventName.USER_EMAIL_CHANGE_STOPPED.value
        details = {"user_id": link.subject_id, "event": event}
        self.queue.put_notice(
            Job.asked_by(origin, JobKind.PERSONAL_EVENT, link.email.value, now, details)
        )

    def check_undo(self, token: str) -> None:
        """Check that an undo link is valid, without spending it; raises LinkInvalidError."""
        self._find(token, LinkPurpose.UNDO_EMAIL_CHANGE)

    def undo(self, token: str, origin: RequestOrigin) -> None:
        """Spend an undo link: restore the email, and end all sessions and the password.

        Raises LinkInvalidError, EmailTakenError.
        """
        now = self.clock()
        link, user = self._undo(token)
        details = {
            "name": user.name,
            "user_id": user.id,
            "event": EventName.USER_EMAIL_CHANGED.value,
            "how": "taken_back",
            "old_email": user.email.value,
            "new_email": link.email.value,
        }
        self.queue.put_notice(
            Job.asked_by(origin, JobKind.EMAIL_TAKEN_BACK, link.email.value, now, details)
        )

    def _undo(self, token: str) -> tuple[Link, User]:
        for _ in range(_TRIES):
            link, user = self._find(token, LinkPurpose.UNDO_EMAIL_CHANGE)
            try:
                self.changes.undo(link, user, self.clock())
            except EmailTakenError:
                raise
            except ConflictError:
                continue
            return link, user
        raise ConflictError

    def _find(self, token: str, purpose: LinkPurpose) -> tuple[Link, User]:
        now = self.clock()
        link = self.links.find(token, now, purpose)
        user = self.users.get(link.subject_id)
        if user is None or not _still_holds(link, user, now):
            raise LinkInvalidError
        return link, user

    def _check(self, user: User, session: Session, password: str, browser: Browser) -> None:
        now, step = self.clock(), AttemptStep.PROOF
        given = GivenPassword(
            user.email, password, step, browser, now, user.id, in_own_session=session.is_own
        )
        refusal = WrongPasswordError(param="current_password")
        proved = self.check.verify(given, lambda _: StoredPassword(user.password_hash), refusal)
        self.check.forgive(proved)
        _log.info("authentication_succeeded", extra=given.trace)


def _is_current(user: User, request: Job) -> bool:
    details = request.details
    # Messages of earlier versions have no `sessions_version`.
    sessions = details.get("sessions_version", str(user.sessions_version))
    asked = (details["credentials_version"], sessions)
    return asked == (str(user.credentials_version), str(user.sessions_version))


def _still_holds(link: Link, user: User, now: datetime) -> bool:
    if link.purpose is LinkPurpose.UNDO_EMAIL_CHANGE:
        open_now = {way.version for way in user.open_ways_back(now)}
        return user.email != link.email and link.sessions_version in open_now
    return (
        user.email == link.email
        and user.credentials_version == link.credentials_version
        and user.sessions_version == link.sessions_version
    )
