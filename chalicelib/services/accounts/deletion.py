"""An owner's request to delete the account: announced by mail, and cancelled or carried out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.deletion import (
    Deletion,
    NoDeletionError,
    WrongAccountNameError,
)
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import NotAllowedError
from chalicelib.domain.mail import Job, JobKind, Mail
from chalicelib.domain.roles import Role
from chalicelib.domain.sign_in.session import require_fresh_proof
from chalicelib.domain.tokens import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.user import Account, AccountAdmin
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.operators.deletion_records import Deletions
    from chalicelib.storage.users.account_admin import AccountAdmins

_NEWS = frozenset(("requested", "cancelled", "done"))
_TIMES = ("due_at",)


@dataclass(frozen=True)
class AccountDeletionService:
    """The request to delete the account that an owner or admin has open."""

    deletions: Deletions
    account_admins: AccountAdmins
    queue: JobQueue
    mailer: Mailer
    clock: Clock
    proof: timedelta
    public_url: str

    def waiting(self, account: Account) -> Deletion | None:
        """Return the request that waits, if any, of the present owner."""
        found = self.deletions.find(account.id)
        if found is None or found.asked_by != account.owner_id or not found.waits:
            return None
        return found

    def request(self, owner: AccountAdmin, account: Account, typed_name: str) -> Deletion:
        """Ask for the account to be deleted in seven days, and mail the owner and all admins.

        Raises ProofRequiredError (`D9`), WrongAccountNameError, DeletionWaitsError,
        NotAllowedError, and UnavailableError where not all mails are on their way: then nothing
        will be deleted.
        """
        now = self._owned(owner)
        require_fresh_proof(owner.proved_at, now, self.proof)
        if typed_name.strip() != account.name:
            raise WrongAccountNameError(param="name")
        found = self.deletions.find(account.id)
        if found is not None and found.waits and found.asked_by != account.owner_id:
            # The request of a former owner counts for nothing.
            self.deletions.drop(found)
        asked = Deletion(account.id, new_id("del"), owner.user_id, now)
        event = owner.event(EventName.ACCOUNT_DELETION_REQUESTED, now)
        self.deletions.ask(asked, owner, event)
        announced = replace(asked, announced_at=now)
        for job in self._jobs(owner, account, "requested", now, due_at=announced.due_at):
            self.queue.put(job)
        # From here on it is carried out: where a mail is missing it never is.
        self.deletions.announce(asked, now)
        return announced

    def cancel(self, owner: AccountAdmin, account: Account) -> None:
        """End the request, and mail the owner and all admins.

        It needs no proof: it takes access from nobody. Raises NoDeletionError, NotAllowedError.
        """
        now = self._owned(owner)
        found = self.deletions.find(account.id)
        if found is None:
            raise NoDeletionError
        self.deletions.cancel(found, owner, owner.event(EventName.ACCOUNT_DELETION_CANCELLED, now))
        for job in self._jobs(owner, account, "cancelled", now):
            self.queue.put_notice(job)

    def send_notice(self, request: Job) -> None:
        """Mail what becomes of a request."""
        news = request.details["news"]
        if news not in _NEWS:
            raise ValueError(news)
        context: dict[str, object] = {**request.asked, **request.details}
        for name in _TIMES:
            if name in request.details:
                context[name] = datetime.fromisoformat(request.details[name])
        context["deletion_link"] = f"{self.public_url}/settings/delete-account"
        self.mailer.send(Mail(request.email, f"account_deletion_{news}", context))

    def _owned(self, owner: AccountAdmin) -> datetime:
        if owner.role is not Role.OWNER:
            raise NotAllowedError
        return self.clock()

    def _jobs(
        self, owner: AccountAdmin, account: Account, news: str, now: datetime, **times: datetime
    ) -> Iterator[Job]:
        for user in self.account_admins.of(account.id):
            details: Mapping[str, str] = {
                "news": news,
                "account_id": account.id,
                "name": user.name,
                "account_name": account.name,
                "by": owner.name,
                **{name: moment.isoformat() for name, moment in times.items()},
            }
            yield Job.asked_by(
                owner.origin, JobKind.ACCOUNT_DELETION, user.email.value, now, details
            )
