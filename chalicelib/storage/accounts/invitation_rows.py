"""The rows of an invitation, and the transaction parts that end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.accounts.invitations import Invitation
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.roles import Role, WorkspaceRole
from chalicelib.storage.dynamo.tables import AccountRow, UserRow
from chalicelib.storage.users.account_admin import manages

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.storage.dynamo.transaction import Otherwise, Transaction

INVITATION = "invitation#"
INVITEE = "invitee#"
COUNT = "invitations"


def grant_set(invitation: Invitation) -> Action:
    """Return the update that stores the membership that the inviter sent it with."""
    if invitation.inviter_grant is None:
        return AccountRow.grant.remove()
    return AccountRow.grant.set(invitation.inviter_grant)


def invitation_row(invitation: Invitation) -> AccountRow:
    """Return an invitation as it is stored."""
    return AccountRow(
        invitation.account_id,
        INVITATION + invitation.id,
        name=invitation.inviter_name,
        created_by=invitation.inviter_id,
        grant=invitation.inviter_grant,
        created_at=invitation.created_at,
        email=invitation.email.value,
        role=invitation.role.value,
        items={key: role.value for key, role in invitation.workspaces.items()},
        expires_at=invitation.expires_at,
    )


def claim_row(invitation: Invitation) -> AccountRow:
    """Return the row that keeps a second invitation of the same email out of the account."""
    return AccountRow(
        invitation.account_id,
        INVITEE + invitation.email.value,
        invitation_id=invitation.id,
        created_at=invitation.created_at,
    )


def invitation_of(row: AccountRow) -> Invitation:
    """Read an invitation from its row."""
    workspaces = row.items.as_dict()
    return Invitation(
        id=row.part.removeprefix(INVITATION),
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


def accept_invitation(
    tx: Transaction, invitation: Invitation, otherwise: Otherwise | None = None
) -> None:
    """End an invitation that a user joins by, while its inviter may still invite.

    The rule is `Invitation.judged_by`. The inviter has to be the one who was read: if another admin
    resent the invitation meanwhile, that admin has to be judged instead.
    """
    condition = manages(invitation.account_id)
    if invitation.inviter_grant is not None:
        membership = UserRow.memberships[invitation.account_id]
        condition &= membership["grant"] == invitation.inviter_grant
    tx.check(UserRow, invitation.inviter_id, condition=condition, otherwise=otherwise)
    by_inviter = AccountRow.created_by == invitation.inviter_id
    end_invitation(tx, invitation, by_inviter, otherwise)


def end_invitation(
    tx: Transaction,
    invitation: Invitation,
    also: Condition | None = None,
    otherwise: Otherwise | None = None,
) -> None:
    """Delete an open invitation with its claim, and lower the account's count."""
    account_id, address = invitation.account_id, invitation.email.value
    condition = AccountRow.part.exists()
    tx.delete(
        AccountRow(account_id, INVITATION + invitation.id),
        condition & also if also is not None else condition,
        otherwise,
    )
    tx.delete(
        AccountRow(account_id, INVITEE + address),
        AccountRow.invitation_id == invitation.id,
        otherwise,
    )
    tx.update(AccountRow(account_id, COUNT), [AccountRow.invitation_count.add(-1)])
