"""The notice to a user that an account's provider can sign them in from now on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.mail import Job, JobKind, Mail

if TYPE_CHECKING:
    from chalicelib.domain.sign_in.counter_keys import AddressKeys
    from chalicelib.domain.sign_in.sso_answer import Answer
    from chalicelib.domain.user import Membership, User
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.audit.hourly_caps import HourlyCaps


@dataclass(frozen=True)
class LinkNotice:
    """Queues the notice during a sign-in, and mails it in the worker."""

    queue: JobQueue
    mailer: Mailer
    # How many of these mails one user gets in an hour from one account.
    notices: HourlyCaps
    address_keys: AddressKeys

    def queue_for(self, answer: Answer, user: User, membership: Membership) -> None:
        """Queue the notice for a user who was linked in this sign-in."""
        details = {
            "name": user.name,
            "account_name": membership.account_name,
            "account_id": membership.account_id,
        }
        email, kind = user.email.value, JobKind.SSO_LINKED
        self.queue.put_notice(Job.asked_by(answer.origin, kind, email, answer.now, details))

    def send_notice(self, request: Job) -> None:
        """Mail the notice, unless the user got too many from this account within the hour."""
        key = f"{request.details['account_id']}#{self.address_keys.of(request.email)}"
        if self.notices.admit(key, request.id, request.asked_at):
            context = {**request.asked, **request.details}
            self.mailer.send(Mail(request.email, "sso_linked", context))
