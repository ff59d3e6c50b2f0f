"""Signing up, and the mails that lead to the confirmation of an email.

The request hashes, writes and queues the same for every email. Only the worker looks up whether it
is taken, and only the mail says so.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.mail_caps import Cap, MailCappedError
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.mail import Job, JobKind, Mail
from chalicelib.domain.passwords.policy import PasswordContext
from chalicelib.domain.sign_in.known_browser import device_details
from chalicelib.domain.sign_in.link import LinkOrigin, LinkPurpose
from chalicelib.domain.sign_in.sign_up import SignUp, SignUpTicket
from chalicelib.domain.tokens import SecretToken, new_id

if TYPE_CHECKING:
    from datetime import timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.passwords.hashing import PasswordHasher
    from chalicelib.domain.passwords.policy import PasswordPolicy
    from chalicelib.domain.sign_in.attempt_keys import AttemptKeyMaker
    from chalicelib.domain.sign_in.known_browser import Browser, DeviceCookies
    from chalicelib.domain.sign_in.sign_up import SignUpForm
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.audit.hourly_caps import HourlyCaps
    from chalicelib.storage.joining.sign_ups import SignUps
    from chalicelib.storage.users.links import Links
    from chalicelib.storage.users.users import AddressRecord, Users


@dataclass(frozen=True)
class SignUpService:
    """Sign-ups and their confirmation mails."""

    sign_ups: SignUps
    users: Users
    links: Links
    attempt_keys: AttemptKeyMaker
    devices: DeviceCookies
    # How many mails a day say that an email is taken.
    taken_mails: HourlyCaps
    queue: JobQueue
    mailer: Mailer
    hasher: PasswordHasher
    policy: PasswordPolicy
    clock: Clock
    product_name: str
    public_url: str
    link_lifetime: timedelta

    def begin(self, form: SignUpForm, browser: Browser) -> SignUpTicket:
        """Store a sign-up and queue its mail; raises WeakPasswordError."""
        context = PasswordContext(
            product_name=self.product_name,
            account_name=form.account_name,
            person_name=form.name,
            email=form.email.value,
        )
        password = self.policy.check(form.password, context)
        ticket = SignUpTicket(new_id("sup"), SecretToken.new())
        self.sign_ups.add(
            SignUp(
                id=ticket.sign_up_id,
                email=form.email,
                name=form.name,
                account_name=form.account_name,
                browser_digest=ticket.secret.digest,
                created_at=self.clock(),
                password_hash=self.hasher.hash(password.value),
            )
        )
        self._queue_mail(form.email, ticket, browser)
        return ticket

    def resend(self, email: EmailAddress, ticket: SignUpTicket | None, browser: Browser) -> None:
        """Queue another link: for this browser's sign-up, or else for the email's latest."""
        self._queue_mail(email, ticket, browser)

    def send_mail(self, request: Job) -> None:
        """Mail what fits the email: a link, that it is taken, the way to SSO, or nothing.

        Raises MailCappedError where the email got a mail that it is taken today.
        """
        email = EmailAddress(request.email)
        record = self.users.look_up(email)
        mail = self._mail(request, email, record)
        if mail is not None:
            self.mailer.send(mail)

    def _mail(self, request: Job, email: EmailAddress, record: AddressRecord) -> Mail | None:
        context = {"name": None, **request.asked}
        enforced = record.sso is not None and record.sso.enforced
        if record.user_id is not None or enforced:
            self._count_taken(request)
        if enforced and record.user_id is None:
            sign_in_link = f"{self.public_url}/sign-in"
            return Mail(email.value, "sign_up_sso", {**context, "sign_in_link": sign_in_link})
        if record.user_id is not None:
            links = {
                "sign_in_link": f"{self.public_url}/sign-in",
                "reset_link": f"{self.public_url}/password-reset",
            }
            return Mail(email.value, "sign_up_address_taken", {**context, **links})
        if not record.is_free_for(None, self.clock()):
            return Mail(email.value, "sign_up_email_kept", {**context, "at": record.kept_until})
        sign_up = self._chosen(request, email, record)
        if sign_up is None or not sign_up.waits(self.clock()):
            return None
        link = self._confirmation_link(sign_up, request)
        confirmation = {"name": sign_up.name, "link": link, "lifetime": self.link_lifetime}
        return Mail(email.value, "sign_up_confirmation", {**context, **confirmation})

    def _chosen(self, request: Job, email: EmailAddress, record: AddressRecord) -> SignUp | None:
        details = request.details
        own = self.sign_ups.find(email, details.get("sign_up_id") or "none")
        if own is not None and hmac.compare_digest(
            own.browser_digest, details.get("browser_digest", "")
        ):
            return own
        return record.waiting

    def _count_taken(self, request: Job) -> None:
        """Let one such mail a day through, because any stranger can ask for it."""
        key = self.attempt_keys.keys.of(request.email)
        if not self.taken_mails.admit(key, request.id, self.clock()):
            raise MailCappedError(Cap.ONCE_A_DAY)

    def _confirmation_link(self, sign_up: SignUp, request: Job) -> str:
        ends_at = self.clock() + self.link_lifetime
        purpose, origin = LinkPurpose.CONFIRM_SIGN_UP, LinkOrigin(source=request.source)
        token = self.links.issue(purpose, sign_up.email, sign_up.id, ends_at, origin=origin)
        return f"{self.public_url}/email-confirmation?token={token}"

    def _queue_mail(
        self, email: EmailAddress, ticket: SignUpTicket | None, browser: Browser
    ) -> None:
        device = self.devices.read(browser.device_cookie, email)
        keys = self.attempt_keys.of(email, device, browser.origin.client)
        details = {
            "sign_up_id": ticket.sign_up_id if ticket else "",
            "browser_digest": ticket.secret.digest if ticket else "",
            **device_details(device, keys.device),
        }
        kind = JobKind.SIGN_UP_CONFIRMATION
        self.queue.put(Job.asked_by(browser.origin, kind, email.value, self.clock(), details))
