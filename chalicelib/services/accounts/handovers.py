"""Operators' requests to hand an account over, as its owner and admins see and stop them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.handover import NoHandoverError
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.mail import Job, JobKind, Mail
from chalicelib.domain.sign_in.session import require_fresh_proof

if TYPE_CHECKING:
    from datetime import timedelta

    from chalicelib.domain.accounts.handover import Handover
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.user import Account, AccountAdmin
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.operators.handovers import Handovers
    from chalicelib.storage.users.account_admin import AccountAdmins

_NEWS = frozenset(("requested", "stopped", "completed"))


@dataclass(frozen=True)
class HandoverService:
    """The waiting request for the account that an owner or admin has open."""

    handovers: Handovers
    account_admins: AccountAdmins
    queue: JobQueue
    mailer: Mailer
    clock: Clock
    proof: timedelta
    public_url: str

    def waiting(self, account: Account) -> Handover | None:
        """Return the waiting request that would replace the present owner, if there is one."""
        found = self.handovers.find(account.id)
        if found is None or found.owner_id != account.owner_id or not found.waits(self.clock()):
            return None
        return found

    def stop(self, owner: AccountAdmin, account: Account) -> None:
        """End the request as the account's owner, and mail the owner and all admins.

        Raises ProofRequiredError (`D9`), NoHandoverError, NotAllowedError.
        """
        now = self.clock()
        require_fresh_proof(owner.proved_at, now, self.proof)
        handover = self.handovers.find(owner.account_id)
        if handover is None:
            raise NoHandoverError
        name = EventName.ACCOUNT_OWNERSHIP_REQUEST_STOPPED
        event = owner.event(name, now, handover.heir)
        self.handovers.stop(handover, owner, event)
        for user in self.account_admins.of(owner.account_id):
            details = {
                "news": "stopped",
                "account_id": account.id,
                "name": user.name,
                "account_name": account.name,
                "by": owner.name,
            }
            request = Job.asked_by(owner.origin, JobKind.HANDOVER, user.email.value, now, details)
            self.queue.put_notice(request)

    def send_notice(self, request: Job) -> None:
        """Mail an owner or admin that a request was made, stopped or carried out."""
        context: dict[str, object] = {**request.asked, **request.details}
        news = request.details["news"]
        if news not in _NEWS:
            raise ValueError(news)
        if "due_at" in context:
            context["due_at"] = datetime.fromisoformat(request.details["due_at"])
        context["members_link"] = f"{self.public_url}/settings/members"
        self.mailer.send(Mail(request.email, f"handover_{news}", context))
