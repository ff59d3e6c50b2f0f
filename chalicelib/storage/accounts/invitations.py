"""Invitations: one for an address and account, made and ended together with the account's count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.invitations import (
    INVITATIONS_MAX,
    AlreadyInvitedError,
    AlreadyMemberError,
    Invitation,
    OpenInvitation,
    TooManyInvitationsError,
)
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import LinkInvalidError, NotFoundError
from chalicelib.domain.lists import Slice
from chalicelib.domain.roles import Role, WorkspaceRole
from chalicelib.storage.dynamo.reading import read_all, read_many
from chalicelib.storage.dynamo.rows import LISTED_MEMBER, account_of, user_of
from chalicelib.storage.dynamo.tables import AccountRow, EmailRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction
from chalicelib.storage.users.account_admin import manages, still_manages, still_there

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.domain.lists import PageRequest
    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.user import Account, AccountAdmin
    from chalicelib.storage.audit.trail import AuditWriter
    from chalicelib.storage.dynamo.transaction import Otherwise

_INVITATION = "invitation#"
_INVITEE = "invitee#"
_COUNT = "invitations"
# A member that no account has: nobody's address is looked for in the same way (`B3`).
_NOBODY = "nobody"


@dataclass(frozen=True)
class Invitations:
    """The open invitations of all accounts; an expired one is open until it is revoked."""

    connection: Connection
    trail: AuditWriter

    def add(self, invitation: Invitation, user_id: str | None, manager: AccountAdmin) -> None:
        """Keep a new invitation, if its author manages the account at this very moment.

        `user_id` is whose the address is, if anybody's: all that matters of them is whether they
        are in this account. Raises AlreadyMemberError, AlreadyInvitedError,
        TooManyInvitationsError, NotAllowedError.
        """
        event = manager.event(
            EventName.INVITATION_CREATED,
            invitation.created_at,
            invitation.party,
            role=invitation.role.value,
            workspaces={key: role.value for key, role in invitation.workspaces.items()},
        )

        count = AccountRow.invitation_count
        with Transaction(self.connection) as tx:
            still_manages(tx, manager)
            still_there(tx, invitation.account_id)
            tx.check(
                AccountRow,
                invitation.account_id,
                LISTED_MEMBER + (user_id or _NOBODY),
                condition=AccountRow.part.does_not_exist(),
                otherwise=lambda: AlreadyMemberError(param="email"),
            )
            tx.put_new(_row(invitation))
            tx.put_new(_claim(invitation), lambda: AlreadyInvitedError(param="email"))
            self.trail.add(tx, event)
            tx.update(
                AccountRow(invitation.account_id, _COUNT),
                [count.add(1)],
                count.does_not_exist() | (count < INVITATIONS_MAX),
                TooManyInvitationsError,
            )

    def page(self, account_id: str, asked: PageRequest) -> Slice[Invitation]:
        """List an account's invitations strongly, newest first."""
        rows = AccountRow.query(
            account_id, AccountRow.part.startswith(_INVITATION), consistent_read=True
        )
        found = sorted(map(_invitation_of, rows), key=lambda i: (i.created_at, i.id), reverse=True)
        page = Slice.cut(tuple(found), asked)
        return Slice(self._judged(page.items), page.has_more, page.total_count)

    def get(self, account_id: str, invitation_id: str) -> tuple[Invitation, Account]:
        """Read an invitation of an account, and the account; raises NotFoundError."""
        invitation, *account = read_all(
            self.connection,
            (AccountRow, account_id, _INVITATION + invitation_id),
            (AccountRow, account_id, "account"),
            (AccountRow, account_id, "workspaces"),
        )
        if invitation is None or account[0] is None:
            raise NotFoundError
        (judged,) = self._judged([_invitation_of(invitation)])
        return judged, account_of(*account)

    def of_address(self, account_id: str, email: EmailAddress) -> OpenInvitation | None:
        """Read the open invitation that an address has into an account, if it has one."""
        (claim,) = read_all(self.connection, (AccountRow, account_id, _INVITEE + email.value))
        if claim is None or claim.invitation_id is None:
            return None
        try:
            invitation, account = self.get(account_id, claim.invitation_id)
        except NotFoundError:
            return None
        return OpenInvitation(invitation, account, None)

    def renew(self, invitation: Invitation, manager: AccountAdmin, now: datetime) -> None:
        """Keep who sends another link, and when that one ends.

        Raises NotFoundError where the invitation is gone, NotAllowedError.
        """
        event = manager.event(EventName.INVITATION_RESENT, now, invitation.party)

        with Transaction(self.connection) as tx:
            still_manages(tx, manager)
            self.trail.add(tx, event)
            tx.update(
                AccountRow(invitation.account_id, _INVITATION + invitation.id),
                [
                    AccountRow.expires_at.set(invitation.expires_at),
                    AccountRow.created_by.set(invitation.inviter_id),
                    AccountRow.name.set(invitation.inviter_name),
                    _grant_set(invitation),
                ],
                AccountRow.part.exists(),
                NotFoundError,
            )

    def revoke(self, invitation: Invitation, manager: AccountAdmin, now: datetime) -> None:
        """End an invitation, and with it all its links; raises NotFoundError, NotAllowedError."""
        event = manager.event(EventName.INVITATION_REVOKED, now, invitation.party)

        with Transaction(self.connection) as tx:
            still_manages(tx, manager)
            end_invitation(tx, invitation, otherwise=NotFoundError)
            self.trail.add(tx, event)

    def of_link(self, link: Link) -> OpenInvitation:
        """Read what a link leads to, and whose its address is.

        Raises LinkInvalidError for an invitation that was accepted or revoked, or has ended.
        """
        invitation, claim, *account = read_all(
            self.connection,
            (AccountRow, link.account_id, _INVITATION + link.subject_id),
            (EmailRow, link.email.value, None),
            (AccountRow, link.account_id, "account"),
            (AccountRow, link.account_id, "workspaces"),
        )
        if invitation is None or invitation.email != link.email.value or account[0] is None:
            raise LinkInvalidError
        (judged,) = self._judged([_invitation_of(invitation)])
        if judged.is_ended:
            raise LinkInvalidError
        return OpenInvitation(
            invitation=judged,
            account=account_of(*account),
            user_id=claim.user_id if claim else None,
        )

    def _judged(self, invitations: Iterable[Invitation]) -> tuple[Invitation, ...]:
        found = tuple(invitations)
        inviters = {invitation.inviter_id: None for invitation in found}
        keys = ((UserRow, user_id, None) for user_id in inviters)
        users = [user_of(row) for row in read_many(self.connection, keys) if row]
        by_id = {user.id: user for user in users}
        return tuple(each.judged_by(by_id.get(each.inviter_id)) for each in found)


def still_stands(
    tx: Transaction, invitation: Invitation, otherwise: Otherwise | None = None
) -> None:
    """Let a transaction through only while the inviter could still invite, as `judged_by` says."""
    condition = manages(invitation.account_id)
    if invitation.inviter_grant is not None:
        membership = UserRow.memberships[invitation.account_id]
        condition &= membership["grant"] == invitation.inviter_grant
    tx.check(UserRow, invitation.inviter_id, condition=condition, otherwise=otherwise)


def end_invitation(
    tx: Transaction,
    invitation: Invitation,
    also: Condition | None = None,
    otherwise: Otherwise | None = None,
) -> None:
    """Take an open invitation away, with its claim and its place in the count."""
    account_id, address = invitation.account_id, invitation.email.value
    condition = AccountRow.part.exists()
    tx.delete(
        AccountRow(account_id, _INVITATION + invitation.id),
        condition & also if also is not None else condition,
        otherwise,
    )
    tx.delete(
        AccountRow(account_id, _INVITEE + address),
        AccountRow.invitation_id == invitation.id,
        otherwise,
    )
    tx.update(AccountRow(account_id, _COUNT), [AccountRow.invitation_count.add(-1)])


def _grant_set(invitation: Invitation) -> Action:
    if invitation.inviter_grant is None:
        return AccountRow.grant.remove()
    return AccountRow.grant.set(invitation.inviter_grant)


def _row(invitation: Invitation) -> AccountRow:
    return AccountRow(
        invitation.account_id,
        _INVITATION + invitation.id,
        name=invitation.inviter_name,
        created_by=invitation.inviter_id,
        grant=invitation.inviter_grant,
        created_at=invitation.created_at,
        email=invitation.email.value,
        role=invitation.role.value,
        items={key: role.value for key, role in invitation.workspaces.items()},
        expires_at=invitation.expires_at,
    )


def _claim(invitation: Invitation) -> AccountRow:
    return AccountRow(
        invitation.account_id,
        _INVITEE + invitation.email.value,
        invitation_id=invitation.id,
        created_at=invitation.created_at,
    )


def _invitation_of(row: AccountRow) -> Invitation:
    workspaces = row.items.as_dict()
    return Invitation(
        id=row.part.removeprefix(_INVITATION),
        account_id=row.account_id,
        email=EmailAddress(row.email or ""),
        role=Role(row.role or ""),
        inviter_id=row.created_by or "",
        inviter_name=row.name or "",
        created_at=row.created_at,
        expires_at=row.expires_at,
        workspaces={key: WorkspaceRole(role) for key, role in workspaces.items()},
        inviter_grant=row.grant,
    )
