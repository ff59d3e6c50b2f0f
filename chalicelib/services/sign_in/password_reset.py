"""Setting a new password with a mailed link, during a lockout too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import LinkInvalidError
from chalicelib.domain.mail import Job, JobKind, Mail
from chalicelib.domain.passwords.policy import PasswordContext
from chalicelib.domain.sign_in.known_browser import device_details
from chalicelib.domain.sign_in.link import LinkOrigin, LinkPurpose
from chalicelib.storage.users.credentials import ResetCounts
from chalicelib.storage.users.password_gate import BarredError, PasswordGate

if TYPE_CHECKING:
    from datetime import timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.passwords.hashing import PasswordHasher
    from chalicelib.domain.passwords.policy import PasswordPolicy
    from chalicelib.domain.sign_in.attempt_keys import AttemptKeyMaker
    from chalicelib.domain.sign_in.known_browser import Browser, DeviceCookies
    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.user import User
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.users.credentials import Credentials
    from chalicelib.storage.users.links import Links
    from chalicelib.storage.users.users import Users


@dataclass(frozen=True)
class PasswordResetService:
    """Reset links, and the notice that follows every new password."""

    users: Users
    links: Links
    credentials: Credentials
    attempt_keys: AttemptKeyMaker
    devices: DeviceCookies
    queue: JobQueue
    mailer: Mailer
    hasher: PasswordHasher
    policy: PasswordPolicy
    clock: Clock
    product_name: str
    public_url: str
    link_lifetime: timedelta

    def request(self, email: EmailAddress, browser: Browser) -> None:
        """Queue a link; every email gets the same treatment, and nothing changes yet (`B7`)."""
        device = self.devices.read(browser.device_cookie, email)
        keys = self.attempt_keys.of(email, device, browser.origin.client)
        details = device_details(device, keys.device)
        self.queue.put(
            Job.asked_by(browser.origin, JobKind.PASSWORD_RESET, email.value, self.clock(), details)
        )

    def send_mail(self, request: Job) -> None:
        """Mail a link to the user with an email, or the way to their company's sign-in."""
        email = EmailAddress(request.email)
        record = self.users.look_up(email)
        user = self.users.get(record.user_id)
        if user is None:
            return
        if not user.may_use_password(record.sso):
            to_sso = {"name": user.name, "sign_in_link": f"{self.public_url}/sign-in"}
            self.mailer.send(Mail(email.value, "sign_up_sso", {**request.asked, **to_sso}))
            return
        context = {
            "name": user.name,
            "link": f"{self.public_url}/password-reset?token={self._add_link(user, request)}",
            "lifetime": self.link_lifetime,
        }
        self.mailer.send(Mail(email.value, "password_reset", {**request.asked, **context}))

    def send_notice(self, request: Job) -> None:
        """Mail a user that their password was changed (`B11`)."""
        context = {"name": request.details.get("name") or None}
        self.mailer.send(Mail(request.email, "password_changed", {**request.asked, **context}))

    def send_notice_of_removal(self, request: Job) -> None:
        """Mail a user that an operator removed their password, and where to set one (`B11`)."""
        context = {**request.details, "reset_link": f"{self.public_url}/password-reset"}
        self.mailer.send(Mail(request.email, "password_removed", {**request.asked, **context}))

    def check(self, token: str) -> None:
        """Check that a link is valid, without spending it; raises LinkInvalidError."""
        self._find(token)

    def complete(self, token: str, password: str, origin: RequestOrigin) -> None:
        """Spend a link: set the password, and end the lockout, all sessions and all other links.

        Nobody is signed in. Raises LinkInvalidError; WeakPasswordError leaves the link valid.
        """
        link, user, gate = self._find(token)
        chosen = self.policy.check(password, PasswordContext.of(user, self.product_name))
        now = self.clock()
        keys = self.attempt_keys
        counts = ResetCounts(
            address=keys.address(link.email),
            # Cleared too, because the user may share a network with the attacker that caused it.
            pair=keys.pair(link.email, origin.client),
        )
        self.credentials.reset_password(link, self.hasher.hash(chosen.value), counts, now, gate)
        notice = {
            "name": user.name,
            "user_id": user.id,
            "event": EventName.USER_PASSWORD_RESET.value,
            **link.source.details,
        }
        self.queue.put_notice(
            Job.asked_by(origin, JobKind.PASSWORD_CHANGED, user.email.value, now, notice)
        )

    def _find(self, token: str) -> tuple[Link, User, PasswordGate]:
        """Return a valid link with its user, if their email's domain leaves them a password."""
        link = self.links.find(token, self.clock(), LinkPurpose.RESET_PASSWORD)
        user = self.users.get(link.subject_id)
        if user is None or user.email != link.email:
            raise LinkInvalidError
        if user.credentials_version != link.credentials_version:
            raise LinkInvalidError
        sso = self.users.look_up(user.email).sso
        try:
            gate = PasswordGate.of_reset(user, sso)
        except BarredError as error:
            raise LinkInvalidError from error
        return link, user, gate

    def _add_link(self, user: User, request: Job) -> str:
        ends_at = self.clock() + self.link_lifetime
        purpose, origin = LinkPurpose.RESET_PASSWORD, LinkOrigin(source=request.source)
        return self.links.issue(purpose, user.email, user.id, ends_at, user, origin)
