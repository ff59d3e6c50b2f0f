"""Ending a lock early, with the link that is mailed once a lock, or on request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.clock import in_words
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.links import Link, LinkPurpose
from chalicelib.domain.mail import Mail, MailKind
from chalicelib.domain.tokens import SecretToken

if TYPE_CHECKING:
    from datetime import timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.mail import Asker, MailRequest
    from chalicelib.gateways.mail_queue import MailQueue
    from chalicelib.gateways.mailer import Mailer
    from chalicelib.storage.attempts import AttemptKeyMaker
    from chalicelib.storage.credentials import Credentials
    from chalicelib.storage.links import Links
    from chalicelib.storage.people import People


@dataclass(frozen=True)
class AccountUnlock:
    """Unlock links: whoever reads the address's mail may try again at once."""

    people: People
    links: Links
    credentials: Credentials
    attempt_keys: AttemptKeyMaker
    queue: MailQueue
    mailer: Mailer
    clock: Clock
    public_url: str
    link_lifetime: timedelta

    def request(self, email: EmailAddress, asker: Asker) -> None:
        """Ask for a link; the same for any address."""
        self.queue.put(asker.request(MailKind.ACCOUNT_UNLOCK, email.value, self.clock(), {}))

    def send_mail(self, request: MailRequest) -> None:
        """Mail a link to the person of an address, if there is one."""
        email = EmailAddress(request.email)
        user = self.people.get(self.people.look_up(email).user_id)
        if user is None:
            return
        token = SecretToken.new()
        self.links.add(
            Link(
                digest=token.digest,
                purpose=LinkPurpose.UNLOCK,
                email=email,
                subject_id=user.id,
                expires_at=self.clock() + self.link_lifetime,
                user_email=email.value,
                credentials_version=user.credentials_version,
            )
        )
        told = {
            "name": user.name,
            "link": f"{self.public_url}/account-unlock?token={token.value}",
            "lifetime": in_words(self.link_lifetime),
        }
        self.mailer.send(Mail(email.value, "account_unlock", {**request.asked, **told}))

    def send_mail_of_lock(self, request: MailRequest) -> None:
        """Mail a link for the failure that locked an address; other failures need no mail."""
        if request.details.get("locks"):
            self.send_mail(request)

    def check(self, token: str) -> None:
        """Say whether a link still holds, without using it; raises LinkInvalidError."""
        self.links.find(token, self.clock(), LinkPurpose.UNLOCK)

    def complete(self, token: str) -> None:
        """Spend a link; raises LinkInvalidError. Nobody is signed in by it (`B12`)."""
        now = self.clock()
        link = self.links.find(token, now, LinkPurpose.UNLOCK)
        self.credentials.unlock(link, self.attempt_keys.address(link.email), now)
