"""A signed-in person's own name, email and password, and proving again who they are."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.attempts import AttemptStep
from chalicelib.domain.audit import EventName
from chalicelib.domain.devices import is_current
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import InvalidValueError, WrongPasswordError
from chalicelib.domain.links import LinkPurpose
from chalicelib.domain.mail import Mail, MailKind
from chalicelib.domain.passwords import PasswordContext
from chalicelib.domain.sessions import SignInMethod

if TYPE_CHECKING:
    from datetime import timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.devices import Browser, DeviceCookies
    from chalicelib.domain.mail import Asker, MailRequest
    from chalicelib.domain.password_hashing import PasswordHasher
    from chalicelib.domain.passwords import PasswordPolicy
    from chalicelib.domain.people import User
    from chalicelib.domain.sessions import Session
    from chalicelib.gateways.mail_queue import MailQueue
    from chalicelib.gateways.mailer import Mailer
    from chalicelib.storage.attempts import AttemptKeyMaker, Attempts
    from chalicelib.storage.credentials import Credentials
    from chalicelib.storage.links import Links
    from chalicelib.storage.people import People
    from chalicelib.storage.sessions import Sessions

_log = logging.getLogger(__name__)

_PROOF = {"method": SignInMethod.PASSWORD.value, "step": AttemptStep.PROOF.value}


@dataclass(frozen=True)
class Profile:
    """What a person changes of themselves; the current password counts as an attempt (`A9`)."""

    people: People
    sessions: Sessions
    links: Links
    credentials: Credentials
    attempts: Attempts
    attempt_keys: AttemptKeyMaker
    devices: DeviceCookies
    queue: MailQueue
    mailer: Mailer
    hasher: PasswordHasher
    policy: PasswordPolicy
    clock: Clock
    product_name: str
    public_url: str
    link_lifetime: timedelta

    def rename(self, user: User, name: str, asker: Asker) -> None:
        """Give a user another display name, and write it to the audit log of each account."""
        if name == user.name:
            return
        self.people.rename(user.id, name)
        details = {
            "user_id": user.id,
            "event": EventName.USER_RENAMED.value,
            "old_name": user.name,
            "new_name": name,
        }
        email = user.email.value
        self.queue.put_notice(asker.request(MailKind.PERSONAL_EVENT, email, self.clock(), details))

    def prove(self, user: User, session: Session, password: str, browser: Browser) -> None:
        """Make a session's proof fresh again; raises WrongPasswordError."""
        self._check(user, password, browser, "password")
        self.sessions.prove(session.id, self.clock())

    def change_password(
        self, user: User, session: Session, current: str, new: str, browser: Browser
    ) -> str:
        """Set a new password; all other sessions and all links end. Returns the device cookie.

        Raises WrongPasswordError, WeakPasswordError.
        """
        self._check(user, current, browser, "current_password")
        chosen = self.policy.check(new, PasswordContext.of(user, self.product_name))
        now = self.clock()
        self.credentials.change_password(user, session, self.hasher.hash(chosen.value), now)
        told = {
            "name": user.name,
            "user_id": user.id,
            "event": EventName.USER_PASSWORD_CHANGED.value,
        }
        self.queue.put_notice(
            browser.asker.request(MailKind.PASSWORD_CHANGED, user.email.value, now, told)
        )
        known = self.devices.read(browser.device_cookie, user.email)
        return self.devices.issue(user.email, user.credentials_version + 1, known)

    def change_email(self, user: User, current: str, email: EmailAddress, browser: Browser) -> None:
        """Ask for a link at the new address, which applies once it is used.

        The same for an address that is taken; raises WrongPasswordError, and InvalidValueError for
        the address that is theirs already.
        """
        if email == user.email:
            raise InvalidValueError("You sign in with this address already.", param="email")
        self._check(user, current, browser, "current_password")
        details = {"user_id": user.id, "credentials_version": str(user.credentials_version)}
        self.queue.put(
            browser.asker.request(MailKind.EMAIL_CHANGE, email.value, self.clock(), details)
        )

    def send_mail(self, request: MailRequest) -> None:
        """Mail the link of an email change to the new address, unless it is somebody's."""
        email = EmailAddress(request.email)
        user = self.people.get(request.details["user_id"])
        taken = self.people.look_up(email).user_id is not None
        version = int(request.details["credentials_version"])
        if user is None or taken or user.credentials_version != version:
            return
        ends_at = self.clock() + self.link_lifetime
        token = self.links.issue(LinkPurpose.CHANGE_EMAIL, email, user.id, ends_at, user)
        told = {
            "name": user.name,
            "link": f"{self.public_url}/email-confirmation?token={token}",
            "lifetime": self.link_lifetime,
        }
        template = "email_change_confirmation"
        self.mailer.send(Mail(email.value, template, {**request.asked, **told}))

    def _check(self, user: User, password: str, browser: Browser, param: str) -> None:
        now = self.clock()
        told = {**_PROOF, "user_id": user.id, **browser.asker.trace}
        device = self.devices.read(browser.device_cookie, user.email)
        known = device is not None and is_current(device, user)
        keys = self.attempt_keys.of(user.email, device, browser.asker.client)
        ledger = self.attempts.open(keys, user.id)
        reservation = self.attempts.reserve(ledger, now, known_device=known)
        if not self.hasher.verify(reservation.admits(user.password_hash), password).matches:
            details = ledger.report(reservation, AttemptStep.PROOF)
            email = user.email.value
            self.queue.put(browser.asker.request(MailKind.SIGN_IN_FAILED, email, now, details))
            seen = {"checked": details["checked"], "locks": details["locks"]}
            _log.info("authentication_failed", extra={**seen, **told})
            raise WrongPasswordError(param=param)
        self.attempts.forgive(ledger, now, known_device=known)
        _log.info("authentication_succeeded", extra=told)
