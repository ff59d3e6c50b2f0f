"""Invitations: one for each email and account, stored and ended with the account's count."""

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
from chalicelib.domain.errors import LinkInvalidError, NotFoundError
from chalicelib.domain.lists import Slice
from chalicelib.storage.accounts.invitation_rows import (
    COUNT,
    INVITATION,
    INVITEE,
    claim_row,
    end_invitation,
    grant_set,
    invitation_of,
    invitation_row,
)
from chalicelib.storage.dynamo.reading import read_all, read_many
from chalicelib.storage.dynamo.rows import LISTED_MEMBER, account_of, user_of
from chalicelib.storage.dynamo.tables import AccountRow, EmailRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction
from chalicelib.storage.users.account_admin import still_manages, still_there

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynamodb.connection.base import Connection

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.lists import PageRequest
    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.user import Account, AccountAdmin
    from chalicelib.storage.audit.trail import AuditWriter

# A member that no account has, so that an unknown email costs the same request (`B3`).
_NOBODY = "nobody"


@dataclass(frozen=True)
class Invitations:
    """The open invitations of all accounts; an expired one stays until it is revoked."""

    connection: Connection
    audit: AuditWriter

    def add(
        self,
        invitation: Invitation,
        user_id: str | None,
        account_admin: AccountAdmin,
        event: AuditEvent,
    ) -> None:
        """Store a new invitation while its author is an owner or admin of the account.

        `user_id` is the user with the invited email, if there is one; they must not be in the
        account. Raises AlreadyMemberError, AlreadyInvitedError, TooManyInvitationsError,
        NotAllowedError.
        """
        count = AccountRow.invitation_count
        with Transaction(self.connection) as tx:
            still_manages(tx, account_admin)
            still_there(tx, invitation.account_id)
            tx.check(
                AccountRow,
                invitation.account_id,
                LISTED_MEMBER + (user_id or _NOBODY),
                condition=AccountRow.part.does_not_exist(),
                otherwise=lambda: AlreadyMemberError(param="email"),
            )
            tx.put_new(invitation_row(invitation))
            tx.put_new(claim_row(invitation), lambda: AlreadyInvitedError(param="email"))
            self.audit.add(tx, event)
            tx.update(
                AccountRow(invitation.account_id, COUNT),
                [count.add(1)],
                count.does_not_exist() | (count < INVITATIONS_MAX),
                TooManyInvitationsError,
            )

    def page(self, account_id: str, asked: PageRequest) -> Slice[Invitation]:
        """List an account's invitations with strong reads, newest first."""
        rows = AccountRow.query(
            account_id, AccountRow.part.startswith(INVITATION), consistent_read=True
        )
        found = sorted(map(invitation_of, rows), key=lambda i: (i.created_at, i.id), reverse=True)
        page = Slice.cut(tuple(found), asked)
        return Slice(self._judged(page.items), page.has_more, page.total_count)

    def get(self, account_id: str, invitation_id: str) -> tuple[Invitation, Account]:
        """Read an invitation of an account, and the account; raises NotFoundError."""
        invitation, *account = read_all(
            self.connection,
            (AccountRow, account_id, INVITATION + invitation_id),
            (AccountRow, account_id, "account"),
            (AccountRow, account_id, "workspaces"),
        )
        if invitation is None or account[0] is None:
            raise NotFoundError
        (judged,) = self._judged([invitation_of(invitation)])
        return judged, account_of(*account)

    def of_address(self, account_id: str, email: EmailAddress) -> OpenInvitation | None:
        """Read an email's open invitation into an account, if there is one."""
        (claim,) = read_all(self.connection, (AccountRow, account_id, INVITEE + email.value))
        if claim is None or claim.invitation_id is None:
            return None
        try:
            invitation, account = self.get(account_id, claim.invitation_id)
        except NotFoundError:
            return None
        return OpenInvitation(invitation, account, None)

    def renew(self, invitation: Invitation, account_admin: AccountAdmin, event: AuditEvent) -> None:
        """Store who sent the newest link, and when that one expires.

        Raises NotFoundError where the invitation is gone, NotAllowedError.
        """
        with Transaction(self.connection) as tx:
            still_manages(tx, account_admin)
            self.audit.add(tx, event)
            tx.update(
                AccountRow(invitation.account_id, INVITATION + invitation.id),
                [
                    AccountRow.expires_at.set(invitation.expires_at),
                    AccountRow.created_by.set(invitation.inviter_id),
                    AccountRow.name.set(invitation.inviter_name),
                    grant_set(invitation),
                ],
                AccountRow.part.exists(),
                NotFoundError,
            )

    def revoke(
        self, invitation: Invitation, account_admin: AccountAdmin, event: AuditEvent
    ) -> None:
        """End an invitation, and with it all its links; raises NotFoundError, NotAllowedError."""
        with Transaction(self.connection) as tx:
            still_manages(tx, account_admin)
            end_invitation(tx, invitation, otherwise=NotFoundError)
            self.audit.add(tx, event)

    def of_link(self, link: Link) -> OpenInvitation:
        """Read the invitation of a link, its account, and the user who has its email.

        Raises LinkInvalidError for an invitation that was accepted or revoked, or has ended.
        """
        invitation, claim, *account = read_all(
            self.connection,
            (AccountRow, link.account_id, INVITATION + link.subject_id),
            (EmailRow, link.email.value, None),
            (AccountRow, link.account_id, "account"),
            (AccountRow, link.account_id, "workspaces"),
        )
        if invitation is None or invitation.email != link.email.value or account[0] is None:
            raise LinkInvalidError
        (judged,) = self._judged([invitation_of(invitation)])
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
