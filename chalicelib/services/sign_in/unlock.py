"""Ending a lockout early, with a link that is mailed once for each lockout, or on request.

A stopped password can't be unlocked; its mail says that only a reset helps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.mail import Job, JobKind, Mail
from chalicelib.domain.sign_in.known_browser import device_details
from chalicelib.domain.sign_in.link import LinkOrigin, LinkPurpose

if TYPE_CHECKING:
    from datetime import timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sign_in.attempt_keys import AttemptKeyMaker
    from chalicelib.domain.sign_in.known_browser import Browser, DeviceCookies
    from chalicelib.domain.user import User
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.users.credentials import Credentials
    from chalicelib.storage.users.links import Links
    from chalicelib.storage.users.lockout import Attempts
    from chalicelib.storage.users.users import Users


@dataclass(frozen=True)
class UnlockService:
    """Unlock links: the reader of an email's mailbox may try again at once."""

    users: Users
    links: Links
    credentials: Credentials
    attempts: Attempts
    attempt_keys: AttemptKeyMaker
    devices: DeviceCookies
    queue: JobQueue
    mailer: Mailer
    clock: Clock
    public_url: str
    link_lifetime: timedelta

    def request(self, email: EmailAddress, browser: Browser) -> None:
        """Queue a link, in the same way for every email; it also unlocks a known browser."""
        device = self.devices.read(browser.device_cookie, email)
        keys = self.attempt_keys.of(email, device, browser.origin.client)
        details = device_details(device, keys.device)
        self.queue.put(
            Job.asked_by(browser.origin, JobKind.ACCOUNT_UNLOCK, email.value, self.clock(), details)
        )

    def send_mail(self, request: Job) -> None:
        """Mail a link to the user with an email, if there is one."""
        user = self._user(request)
        if user is None or self._mail_stopped(request, user):
            return
        email = user.email
        device = request.details.get("device", "")
        known_browser = "" if device == self.attempt_keys.no_device else device
        token = self.links.issue(
            LinkPurpose.UNLOCK,
            email,
            user.id,
            self.clock() + self.link_lifetime,
            user,
            LinkOrigin(known_browser, request.source),
        )
        context = {
            "name": user.name,
            "link": f"{self.public_url}/account-unlock?token={token}",
            "lifetime": self.link_lifetime,
        }
        self.mailer.send(Mail(email.value, "account_unlock", {**request.asked, **context}))

    def send_mail_of_failure(self, request: Job) -> None:
        """Mail about a failure that stopped a password or locked an email; others need no mail."""
        if request.details.get("stops"):
            user = self._user(request)
            if user is not None:
                self._mail_stopped(request, user)
        elif request.details.get("locks"):
            self.send_mail(request)

    def check(self, token: str) -> None:
        """Check that a link is valid, without spending it; raises LinkInvalidError."""
        self.links.find(token, self.clock(), LinkPurpose.UNLOCK)

    def complete(self, token: str, origin: RequestOrigin) -> None:
        """Spend a link and end the lockout, signing nobody in (`B12`); raises LinkInvalidError."""
        now = self.clock()
        link = self.links.find(token, now, LinkPurpose.UNLOCK)
        counts = [self.attempt_keys.address(link.email)]
        if link.known_browser:
            counts.append(link.known_browser)
        # Cleared too, because the user may share a network with the attacker that caused it.
        pair = self.attempt_keys.pair(link.email, origin.client)
        self.credentials.unlock(link, counts, pair, now)
        details = {
            "user_id": link.subject_id,
            "event": EventName.SIGN_IN_UNLOCKED.value,
            **link.source.details,
        }
        self.queue.put_notice(
            Job.asked_by(origin, JobKind.PERSONAL_EVENT, link.email.value, now, details)
        )

    def _user(self, request: Job) -> User | None:
        record = self.users.look_up(EmailAddress(request.email))
        return self.users.get(record.user_id)

    def _mail_stopped(self, request: Job, user: User) -> bool:
        """Return whether the password is stopped; if so, mail that only a reset helps."""
        keys = (self.attempt_keys.address(user.email), request.details.get("device", ""))
        stopped = self.attempts.keep_stopped(filter(None, keys), self.clock())
        if stopped and user.password_hash is not None:
            context = {
                "name": user.name,
                "failures": self.attempts.rules.consecutive,
                "reset_link": f"{self.public_url}/password-reset",
            }
            self.mailer.send(Mail(request.email, "password_stopped", {**request.asked, **context}))
        return stopped
