"""An account's members: looked at, changed, suspended, removed, and leaving by themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
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

    def find(self, manager: AccountAdmin, user_id: str) -> Member:
        """Look at one member; raises NotFoundError."""
        return self.members.get(manager.account_id, user_id)

    def change(
        self,
        manager: AccountAdmin,
        account: Account,
        user_id: str,
        change: MemberChange,
        seen: int | None = None,
    ) -> Member:
        """Give a member another role or other workspaces; nothing new, no write.

        `seen` is the version on the page that the change was made on. Raises ProofRequiredError
        (`D9`), ConflictError where the member is another by now, OwnerUntouchableError,
        InvalidValueError, NotFoundError.
        """
        self._require_proof(manager)
        before = self.find(manager, user_id)
        after = change.applied_to(before, account)
        if seen is not None and before.membership.version != seen:
            raise ConflictError
        if after is not before:
            told = difference(before, after)
            self._change(manager, before, after, EventName.MEMBER_CHANGED, **told)
        return after

    def suspend(self, manager: AccountAdmin, user_id: str) -> Member:
        """End a member's access at once, for as long as nobody reactivates them (`D7`).

        Raises ProofRequiredError (`D9`), OwnerUntouchableError, OwnAccessError, ConflictError,
        NotFoundError.
        """
        self._require_proof(manager)
        before = self._other(manager, user_id)
        if not before.membership.is_active:
            return before
        after = before.with_status(MembershipStatus.SUSPENDED)
        self._change(manager, before, after, EventName.MEMBER_SUSPENDED)
        return after

    def reactivate(self, manager: AccountAdmin, user_id: str) -> Member:
        """Let a suspended member in again; sessions of before stay dead.

        Raises ProofRequiredError (`D9`), ConflictError, NotFoundError.
        """
        self._require_proof(manager)
        before = self.find(manager, user_id)
        if before.membership.is_active:
            return before
        after = before.with_status(MembershipStatus.ACTIVE)
        self._change(manager, before, after, EventName.MEMBER_REACTIVATED)
        return after

    def remove(self, manager: AccountAdmin, user_id: str) -> None:
        """End a membership, and with it their access at once (`D7`).

        Raises ProofRequiredError (`D9`), OwnerUntouchableError, OwnAccessError, ConflictError,
        NotFoundError.
        """
        self._require_proof(manager)
        member = self._other(manager, user_id)
        event = manager.event(EventName.MEMBER_REMOVED, self.clock(), member.party)
        self.members.remove(manager, member, event)

    def hand_over(self, manager: AccountAdmin, user_id: str) -> Member:
        """Make an active admin the owner, and the owner an admin, and mail both.

        Raises ProofRequiredError where the last proof is too old (`D9`), NotAllowedError for
        anybody but the owner, InvalidValueError, ConflictError, NotFoundError.
        """
        now = self._require_proof(manager)
        if user_id == manager.user_id:
            raise InvalidValueError("You own this account already.", param="user_id")
        owner, heir = self.members.get_all(manager.account_id, manager.user_id, user_id)
        if not owner.is_owner:
            raise NotAllowedError
        if not heir.may_manage:
            words = "Only an active admin can become the owner. Make them an admin first."
            raise InvalidValueError(words, param="user_id")
        event = manager.event(EventName.ACCOUNT_OWNERSHIP_TRANSFERRED, now, heir.party)
        self.members.hand_over(owner, heir, event)
        self._tell_of_owner(manager, owner, heir, now)
        return heir.with_role(Role.OWNER)

    def send_notice(self, request: Job) -> None:
        """Tell somebody that an account's ownership has moved, to them or from them."""
        told = {**request.asked, **request.details}
        self.mailer.send(Mail(request.email, "ownership_transferred", told))

    def leave(
        self, user: User, session: Session, account_id: str, origin: RequestOrigin
    ) -> tuple[SecretToken, tuple[Membership, ...]]:
        """End one's own membership of the account that is open, and go on with none open.

        Returns the new session's token and the accounts that are left; the old token dies in the
        same write (`D3`). Raises NotFoundError for an account that isn't open,
        OwnerUntouchableError, ConflictError.
        """
        membership = user.memberships.get(account_id)
        if membership is None or account_id != session.account_id:
            raise NotFoundError
        if membership.role is Role.OWNER:
            raise OwnerUntouchableError
        token, now = SecretToken.new(), self.clock()
        event = AuditEvent(EventName.MEMBER_LEFT, account_id, now, user.party, origin, user.party)
        outside = replace(
            session,
            id=token.digest,
            account_id=None,
            grant=None,
            last_seen_at=now,
            client=origin.client,
        )
        ending = self.members.leave(user.id, membership, event)
        self.sessions.close_account(session, outside, ending)
        return token, tuple(m for m in user.active_memberships if m.account_id != account_id)

    def _tell_of_owner(
        self, manager: AccountAdmin, owner: Member, heir: Member, now: datetime
    ) -> None:
        told = {
            "account_id": manager.account_id,
            "account_name": owner.membership.account_name,
            "old_owner": owner.name,
            "new_owner": heir.name,
        }
        for member, is_owner in ((owner, ""), (heir, "yes")):
            told |= {"name": member.name, "is_owner": is_owner}
            self.queue.put_notice(
                Job.asked_by(
                    manager.origin,
                    JobKind.OWNERSHIP_TRANSFERRED,
                    member.email.value,
                    now,
                    dict(told),
                )
            )

    def _require_proof(self, manager: AccountAdmin) -> datetime:
        now = self.clock()
        require_fresh_proof(manager.proved_at, now, self.proof)
        return now

    def _other(self, manager: AccountAdmin, user_id: str) -> Member:
        member = self.find(manager, user_id)
        if member.is_owner:
            raise OwnerUntouchableError
        if user_id == manager.user_id:
            raise OwnAccessError
        return member

    def _change(
        self, manager: AccountAdmin, before: Member, after: Member, name: EventName, **told: object
    ) -> None:
        event = manager.event(name, self.clock(), before.party, **told)
        self.members.change(manager, before, after, event)
