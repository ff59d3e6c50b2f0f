"""Deletes a user: their row and their claim to the email in one write, then all that is theirs.

Sessions, links, memberships and invitations all have a condition on the user's row, or are judged
by it, so none of them opens anything once it is gone. Every step can be repeated.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.audit.anonymous import DELETED_USER, Identity
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import ConflictError
from chalicelib.storage.accounts.membership_rows import listing_row
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.rows import membership_map
from chalicelib.storage.dynamo.tables import (
    AccountRow,
    EmailRow,
    LimitRow,
    LinkRow,
    SessionRow,
    SignUpRow,
    SsoIdentityRow,
    SsoRequestRow,
    SuppressionRow,
    UserRow,
)
from chalicelib.storage.dynamo.transaction import Transaction, write_one
from chalicelib.storage.operators.anonymised_events import AnonymisedEvents
from chalicelib.storage.operators.sweeping import delete_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.accounts.deletion import Deletion
    from chalicelib.domain.operators.action import OperatorAction
    from chalicelib.domain.sign_in.attempt_keys import AttemptKeyMaker
    from chalicelib.domain.user import User
    from chalicelib.storage.operators.deletion_records import Deletions
    from chalicelib.storage.operators.trail import OperatorLog

_INVITATION, _INVITEE, _INVITATIONS = "invitation#", "invitee#", "invitations"
_REMOVED = "removed#"


@dataclass(frozen=True)
class UserRemoval:
    """The rows of users who are deleted."""

    connection: Connection
    deletions: Deletions
    operator_log: OperatorLog
    attempt_keys: AttemptKeyMaker

    def begin(self, deletion: Deletion, user: User, action: OperatorAction) -> None:
        """End all of a user's access in one write; raises ConflictError where they changed."""
        memberships = {key: membership_map(value) for key, value in user.memberships.items()}
        as_read: Condition = (UserRow.email == user.email.value) & (
            UserRow.memberships == memberships
        )

        def end(tx: Transaction) -> None:
            tx.delete(UserRow(user.id), as_read)
            tx.delete(EmailRow(user.email.value), EmailRow.user_id == user.id)
            self.deletions.begin_parts(tx, deletion, asked=False)
            self.deletions.drop_mails_parts(tx, user.email, action.at)

        self.operator_log.write(action, end)

    def sweep(self, deletion: Deletion) -> None:
        """Remove every row that belongs to the user, and their name from every audit log.

        A user of the same id may have been imported again; then nothing is left to remove.
        """
        (back,) = read_all(self.connection, (UserRow, deletion.subject_id, None))
        if back is not None:
            return
        identity = self._found_out(deletion)
        for account_id in deletion.leftovers.account_ids:
            self._leave(account_id, identity.user_id)
        theirs = SessionRow.user_id == identity.user_id
        delete_all(SessionRow, SessionRow.scan(theirs, consistent_read=True))
        delete_all(
            SsoIdentityRow,
            SsoIdentityRow.scan(SsoIdentityRow.user_id == identity.user_id, consistent_read=True),
        )
        delete_all(
            SsoRequestRow,
            SsoRequestRow.scan(SsoRequestRow.user_id == identity.user_id, consistent_read=True),
        )
        delete_all(EmailRow, _kept_emails(identity.user_id))
        ended = {identity.user_id, *self._end_sign_ups(deletion, identity)}
        ended |= self._sweep_accounts(deletion, identity)
        self._end_links(ended)
        AnonymisedEvents(identity).write()
        self._forget_emails(identity)

    def _found_out(self, deletion: Deletion) -> Identity:
        """Find former emails and names, and keep them before what they were found by goes."""
        known = deletion.leftovers
        kept = {row.email for row in _kept_emails(deletion.subject_id)}
        identity = Identity(deletion.subject_id, known.emails | kept, known.names)
        identity = AnonymisedEvents(identity).with_former()
        found = replace(known, emails=identity.emails, names=identity.names)
        self.deletions.keep_leftovers(replace(deletion, leftovers=found))
        for email in identity.emails - known.emails:
            self.deletions.drop_mails(EmailAddress(email), deletion.since)
        return identity

    def _leave(self, account_id: str, user_id: str) -> None:
        """Take them off an account's list and count; an account that is gone has neither."""
        with suppress(ConflictError), Transaction(self.connection) as tx:
            tx.delete(listing_row(account_id, user_id), AccountRow.part.exists())
            tx.update(
                AccountRow(account_id, "account"),
                [AccountRow.member_count.add(-1)],
                AccountRow.owner_id.exists(),
            )

    def _end_sign_ups(self, deletion: Deletion, identity: Identity) -> set[str]:
        """Remove what waits at their emails, but nothing that began after they were deleted."""
        ended = set()
        for email in sorted(identity.emails):
            rows = list(SignUpRow.query(email, consistent_read=True))
            old = [row for row in rows if row.created_at <= deletion.since]
            ended |= {row.sign_up_id for row in old}
            delete_all(SignUpRow, old)
        return ended

    def _end_links(self, subjects: set[str]) -> None:
        rows = LinkRow.scan(consistent_read=True)
        delete_all(LinkRow, (row for row in rows if row.subject_id in subjects))

    def _sweep_accounts(self, deletion: Deletion, identity: Identity) -> set[str]:
        """End the invitations of their emails, and take their name off those that they sent."""
        user_id, ended = identity.user_id, set()
        invited = AccountRow.part.startswith(_INVITEE)
        condition = (
            invited
            | (AccountRow.part == _REMOVED + user_id)
            | (AccountRow.created_by == user_id)
            | (AccountRow.heir_id == user_id)
        )
        for row in AccountRow.scan(condition, consistent_read=True):
            if row.part.startswith(_INVITEE):
                email = row.part.removeprefix(_INVITEE)
                if email in identity.emails and row.created_at <= deletion.since:
                    ended.add(self._end_invitation(row))
            elif row.part.startswith(_INVITATION):
                _take_name_off(row, user_id)
            elif row.part == _REMOVED + user_id or row.heir_id == user_id:
                AccountRow(row.account_id, row.part).delete()
        return ended

    def _end_invitation(self, claim: AccountRow) -> str:
        account_id, invitation_id = claim.account_id, claim.invitation_id or ""
        with suppress(ConflictError), Transaction(self.connection) as tx:
            tx.delete(AccountRow(account_id, _INVITATION + invitation_id), AccountRow.part.exists())
            tx.delete(AccountRow(account_id, claim.part), AccountRow.invitation_id == invitation_id)
            tx.update(AccountRow(account_id, _INVITATIONS), [AccountRow.invitation_count.add(-1)])
        return invitation_id

    def _forget_emails(self, identity: Identity) -> None:
        """Remove failed passwords and bounces of an email, unless it is another user's now."""
        for email in sorted(identity.emails):
            (claim,) = read_all(self.connection, (EmailRow, email, None))
            if claim is None:
                LimitRow(self.attempt_keys.address(EmailAddress(email))).delete()
                SuppressionRow(email).delete()


def _take_name_off(invitation: AccountRow, user_id: str) -> None:
    """Leave an invitation to the account; without its inviter nobody joins by it."""
    row = AccountRow(invitation.account_id, invitation.part)
    named, still = AccountRow.name.set(DELETED_USER), AccountRow.created_by == user_id
    write_one(lambda: row.update(actions=[named], condition=still))


def _kept_emails(user_id: str) -> Iterator[EmailRow]:
    rows: Iterator[EmailRow] = EmailRow.scan(
        (EmailRow.user_id == user_id) | (EmailRow.kept_for == user_id), consistent_read=True
    )
    return rows
