"""An account's members: listed, changed, suspended and removed; they may also leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.members import (
    Member,
    MemberChange,
    OwnAccessError,
    OwnerUntouchableError,
    difference,
)
from chalicelib.domain.audit.event import AuditEvent, EventName
from chalicelib.domain.errors import (
    ConflictError,
    InvalidValueError,
    NotAllowedError,
    NotFoundError,
)
from chalicelib.domain.mail import Job, JobKind, Mail
from chalicelib.domain.roles import MembershipStatus, Role
from chalicelib.domain.sign_in.session import require_fresh_proof
from chalicelib.domain.tokens import SecretToken

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.lists import PageRequest, Slice
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import Account, AccountAdmin, Membership, User
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.accounts.members import Members
    from chalicelib.storage.sessions.sessions import Sessions


@dataclass(frozen=True)
class MemberService:
    """The members of the account that an owner or admin has open."""

    members: Members
    sessions: Sessions
    queue: JobQueue
    mailer: Mailer
    clock: Clock
    proof: timedelta

    def page(self, account: Account, asked: PageRequest) -> Slice[Member]:
        """List the members, suspended ones included."""
        return self.members.page(account, asked)

    def find(self, account_admin: AccountAdmin, user_id: str) -> Member:
        """Return one member; raises NotFoundError."""
        return self.members.get(account_admin.account_id, user_id)

    def change(
        self,
        account_admin: AccountAdmin,
        account: Account,
        user_id: str,
        change: MemberChange,
        seen: int | None = None,
    ) -> Member:
        """Give a member another role or other workspaces; without a difference, write nothing.

        `seen` is the version that the caller's page showed. Raises ProofRequiredError (`D9`),
        ConflictError where the member was changed meanwhile, OwnerUntouchableError,
        InvalidValueError, NotFoundError.
        """
        self._require_proof(account_admin)
        before = self.find(account_admin, user_id)
        after = change.applied_to(before, account)
        if seen is not None and before.membership.version != seen:
            raise ConflictError
        if after is not before:
            details = difference(before, after)
            self._change(account_admin, before, after, EventName.MEMBER_CHANGED, **details)
        return after

    def suspend(self, account_admin: AccountAdmin, user_id: str) -> Member:
        """End a member's access at once, until they are reactivated (`D7`).

        Raises ProofRequiredError (`D9`), OwnerUntouchableError, OwnAccessError, ConflictError,
        NotFoundError.
        """
        self._require_proof(account_admin)
        before = self._other(account_admin, user_id)
        if not before.membership.is_active:
            return before
        after = before.with_status(MembershipStatus.SUSPENDED)
        self._change(account_admin, before, after, EventName.MEMBER_SUSPENDED)
        return after

    def reactivate(self, account_admin: AccountAdmin, user_id: str) -> Member:
        """Let a suspended member in again; their earlier sessions stay ended.

        Raises ProofRequiredError (`D9`), ConflictError, NotFoundError.
        """
        self._require_proof(account_admin)
        before = self.find(account_admin, user_id)
        if before.membership.is_active:
            return before
        after = before.with_status(MembershipStatus.ACTIVE)
        self._change(account_admin, before, after, EventName.MEMBER_REACTIVATED)
        return after

    def remove(self, account_admin: AccountAdmin, user_id: str) -> None:
        """End a membership, and with it their access at once (`D7`).

        Raises ProofRequiredError (`D9`), OwnerUntouchableError, OwnAccessError, ConflictError,
        NotFoundError.
        """
        self._require_proof(account_admin)
        member = self._other(account_admin, user_id)
        event = account_admin.event(EventName.MEMBER_REMOVED, self.clock(), member.party)
        self.members.remove(account_admin, member, event)

    def hand_over(self, account_admin: AccountAdmin, user_id: str) -> Member:
        """Make an active admin the owner and the owner an admin, and mail both.

        Raises ProofRequiredError (`D9`), NotAllowedError for anyone but the owner,
        InvalidValueError, ConflictError, NotFoundError.
        """
        now = self._require_proof(account_admin)
        if user_id == account_admin.user_id:
            raise InvalidValueError("You own this account already.", param="user_id")
        owner, heir = self.members.get_all(account_admin.account_id, account_admin.user_id, user_id)
        if not owner.is_owner:
            raise NotAllowedError
        if not heir.may_manage:
            words = "Only an active admin can become the owner. Make them an admin first."
            raise InvalidValueError(words, param="user_id")
        event = account_admin.event(EventName.ACCOUNT_OWNERSHIP_TRANSFERRED, now, heir.party)
        self.members.hand_over(owner, heir, event)
        self._queue_notices(account_admin, owner, heir, now)
        return heir.with_role(Role.OWNER)

    def send_notice(self, request: Job) -> None:
        """Mail the new or the former owner of an account that its ownership has moved."""
        context = {**request.asked, **request.details}
        self.mailer.send(Mail(request.email, "ownership_transferred", context))

    def leave(
        self, user: User, session: Session, account_id: str, origin: RequestOrigin
    ) -> tuple[SecretToken, tuple[Membership, ...]]:
        """End the user's own membership in the open account, and leave no account open.

        Returns the new session's token and the remaining accounts; the same write ends the old
        session (`D3`). Raises NotFoundError for an account that isn't open, OwnerUntouchableError,
        ConflictError.
        """
        membership = user.memberships.get(account_id)
        if membership is None or account_id != session.account_id:
            raise NotFoundError
        if membership.role is Role.OWNER:
            raise OwnerUntouchableError
        token, now = SecretToken.new(), self.clock()
        event = AuditEvent(EventName.MEMBER_LEFT, account_id, now, user.party, origin, user.party)
        outside = session.replaced_by(token, None, origin.client, now)
        ending = self.members.leave(user.id, membership, event)
        self.sessions.close_account(session, outside, ending)
        return token, tuple(m for m in user.active_memberships if m.account_id != account_id)

    def _queue_notices(
        self, account_admin: AccountAdmin, owner: Member, heir: Member, now: datetime
    ) -> None:
        details = {
            "account_id": account_admin.account_id,
            "account_name": owner.membership.account_name,
            "old_owner": owner.name,
            "new_owner": heir.name,
        }
        for member, is_owner in ((owner, ""), (heir, "yes")):
            details |= {"name": member.name, "is_owner": is_owner}
            self.queue.put_notice(
                Job.asked_by(
                    account_admin.origin,
                    JobKind.OWNERSHIP_TRANSFERRED,
                    member.email.value,
                    now,
                    dict(details),
                )
            )

    def _require_proof(self, account_admin: AccountAdmin) -> datetime:
        now = self.clock()
        require_fresh_proof(account_admin.proved_at, now, self.proof)
        return now

    def _other(self, account_admin: AccountAdmin, user_id: str) -> Member:
        member = self.find(account_admin, user_id)
        if member.is_owner:
            raise OwnerUntouchableError
        if user_id == account_admin.user_id:
            raise OwnAccessError
        return member

    def _change(
        self,
        account_admin: AccountAdmin,
        before: Member,
        after: Member,
        name: EventName,
        **details: object,
    ) -> None:
        event = account_admin.event(name, self.clock(), before.party, **details)
        self.members.change(account_admin, before, after, event)
