"""Confirming an address with a mailed link: a sign-up's, or a person's new one."""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.attempts import AttemptStep
from chalicelib.domain.audit import EventName
from chalicelib.domain.errors import LinkInvalidError, PasswordRequiredError, WrongPasswordError
from chalicelib.domain.links import LinkPurpose
from chalicelib.domain.mail import Mail, MailKind
from chalicelib.services.password_check import GivenPassword, StoredPassword

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.devices import Browser
    from chalicelib.domain.links import Link
    from chalicelib.domain.mail import MailRequest
    from chalicelib.domain.sign_up import SignUp, SignUpTicket
    from chalicelib.gateways.mail_queue import MailQueue
    from chalicelib.gateways.mailer import Mailer
    from chalicelib.services.password_check import PasswordCheck
    from chalicelib.storage.credentials import Credentials
    from chalicelib.storage.links import Links
    from chalicelib.storage.old_failures import OldFailures
    from chalicelib.storage.sign_ups import SignUps

_PURPOSES = (LinkPurpose.CONFIRM_SIGN_UP, LinkPurpose.CHANGE_EMAIL)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmailConfirmation:
    """The step that proves that an address is the person's."""

    links: Links
    sign_ups: SignUps
    credentials: Credentials
    old_failures: OldFailures
    check: PasswordCheck
    queue: MailQueue
    mailer: Mailer
    clock: Clock

    def needs_password(self, token: str, ticket: SignUpTicket | None) -> bool:
        """Say whether this browser has to give the sign-up's password; changes nothing (`B16`).

        Raises LinkInvalidError.
        """
        link = self.links.find(token, self.clock(), *_PURPOSES)
        if link.purpose is LinkPurpose.CHANGE_EMAIL:
            return False
        return not _is_own(self._sign_up(link), ticket)

    def complete(
        self, token: str, password: str | None, ticket: SignUpTicket | None, browser: Browser
    ) -> None:
        """Spend the link; nobody is signed in by it (`B12`).

        A sign-up becomes a user with an account and `Main`; a new address becomes its user's.
        Raises LinkInvalidError; PasswordRequiredError and WrongPasswordError leave the link good.
        """
        link = self.links.find(token, self.clock(), *_PURPOSES)
        if link.purpose is LinkPurpose.CHANGE_EMAIL:
            self._change_email(link, browser)
            return
        sign_up = self._sign_up(link)
        if not _is_own(sign_up, ticket):
            self._check(sign_up, password, browser)
        self._confirm(link, sign_up, browser)

    def send_notice(self, request: MailRequest) -> None:
        """Tell the old and the new address that they were changed (`B11`)."""
        told = {"name": request.details.get("name") or None}
        self.mailer.send(Mail(request.email, "email_changed", {**request.asked, **told}))

    def _confirm(self, link: Link, sign_up: SignUp, browser: Browser) -> None:
        now = self.clock()
        forgotten = self.old_failures.forgotten(sign_up.email, now, browser.asker.client)
        self.sign_ups.confirm(link, sign_up, now, browser.asker, forgotten)
        self._give_back(link, browser, now)

    def _give_back(self, link: Link, browser: Browser, now: datetime) -> None:
        """Have the mail of a used link taken off the count of the source that asked for it."""
        if link.source.count:
            kind, email, told = MailKind.PERSONAL_EVENT, link.email.value, link.source.details
            self.queue.put_notice(browser.asker.request(kind, email, now, told))

    def _change_email(self, link: Link, browser: Browser) -> None:
        now = self.clock()
        forgotten = self.old_failures.forgotten(link.email, now, browser.asker.client)
        self.credentials.change_email(link, now, forgotten)
        changed = {
            "user_id": link.subject_id,
            "event": EventName.USER_EMAIL_CHANGED.value,
            "old_email": link.user_email,
            "new_email": link.email.value,
        }
        # Two mails, one event: the trail hears of it from the first.
        for address, told in ((link.user_email, changed), (link.email.value, {})):
            self.queue.put_notice(browser.asker.request(MailKind.EMAIL_CHANGED, address, now, told))

    def _check(self, sign_up: SignUp, password: str | None, browser: Browser) -> None:
        if password is None:
            raise PasswordRequiredError(param="password")
        now, step = self.clock(), AttemptStep.EMAIL_CONFIRMATION
        given = GivenPassword(sign_up.email, password, step, browser, now, user_id=None)
        stored, refusal = (
            StoredPassword(sign_up.password_hash),
            WrongPasswordError(param="password"),
        )
        self.check.forgive(self.check.verify(given, lambda _: stored, refusal))
        _log.info("authentication_succeeded", extra=given.trace)

    def _sign_up(self, link: Link) -> SignUp:
        sign_up = self.sign_ups.find(link.email, link.subject_id)
        if sign_up is None:
            raise LinkInvalidError
        return sign_up


def _is_own(sign_up: SignUp, ticket: SignUpTicket | None) -> bool:
    return (
        ticket is not None
        and ticket.sign_up_id == sign_up.id
        and hmac.compare_digest(ticket.secret.digest, sign_up.browser_digest)
    )
