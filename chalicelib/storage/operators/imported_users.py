"""People who come from elsewhere: each in one transaction with their address and memberships."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.operators.action import event_in
from chalicelib.domain.roles import Role
from chalicelib.storage.accounts.members import list_member
from chalicelib.storage.accounts.new_accounts import account_rows
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.rows import membership_map
from chalicelib.storage.dynamo.tables import EmailRow, SignUpRow, UserRow
from chalicelib.storage.users.emails import claim
from chalicelib.storage.users.users import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pynamodb.connection.base import Connection

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.operators.action import OperatorAction
    from chalicelib.domain.user import Membership, User
    from chalicelib.storage.dynamo.transaction import Transaction
    from chalicelib.storage.operators.trail import OperatorLog

_METHOD = "import"


class _TakenError(Exception):
    """The email, the id or that of a new account is taken."""


@dataclass(frozen=True)
class EmailStanding:
    """Whose an address is at present, and whether an id is taken."""

    holder_id: str | None
    id_exists: bool


@dataclass(frozen=True)
class ImportedUsers:
    """Takes people over; their address counts as confirmed, as it was where they come from."""

    connection: Connection
    trail: OperatorLog

    def standing(self, email: EmailAddress, user_id: str) -> EmailStanding:
        """Read in one request whether an address or an id is taken."""
        claim, row = read_all(
            self.connection,
            (EmailRow, email.value, None),
            (UserRow, user_id, None),
        )
        holder = claim.user_id if claim else None
        if claim and holder is None and claim.kept_for != user_id:
            # Kept for the user who had it until lately; a row whose time is over is soon gone.
            holder = claim.kept_for
        return EmailStanding(holder, row is not None)

    def add(
        self,
        user: User,
        action: OperatorAction,
        also: Callable[[Transaction], None] | None = None,
    ) -> bool:
        """Make a user with all memberships, or nothing; whether they were made.

        False where the address, the id or that of a new account is taken by now. `also` adds what
        goes with it.
        """

        def make(tx: Transaction) -> None:
            tx.delete(SignUpRow(user.email.value, LATEST))
            claim(tx, user.email, user.id, action.at)
            tx.put_new(_row_of(user))
            for membership in user.memberships.values():
                _enter(tx, membership, user, action)
            for event in _events(user, action):
                self.trail.trail.add(tx, event)
            if also is not None:
                also(tx)

        try:
            self.trail.write(action, make, _TakenError)
        except _TakenError:
            return False
        return True

    def all(self) -> Iterator[UserRow]:
        """Give every user's row, in no order."""
        return iter(UserRow.scan(consistent_read=True))


def _enter(tx: Transaction, membership: Membership, user: User, action: OperatorAction) -> None:
    if membership.role is not Role.OWNER:
        list_member(tx, membership.account_id, user.id)
        return
    for row in account_rows(membership, user.id, action.at):
        tx.put_new(row)


def _events(user: User, action: OperatorAction) -> Iterator[AuditEvent]:
    """Tell each account of its new member or its making, under ids that the deed's own gives."""
    own = replace(action.event, name=EventName.MEMBER_JOINED)
    made = replace(action.event, name=EventName.ACCOUNT_CREATED)
    for membership in user.memberships.values():
        if membership.role is Role.OWNER:
            account = membership.account_party
            yield event_in(replace(made, target=account), membership.account_id)
            continue
        told = {
            "role": membership.role.value,
            "workspaces": {key: role.value for key, role in membership.workspaces.items()},
            "method": _METHOD,
        }
        yield replace(event_in(own, membership.account_id), details=told)


def _row_of(user: User) -> UserRow:
    return UserRow(
        user.id,
        email=user.email.value,
        name=user.name,
        created_at=user.created_at,
        credentials_version=user.credentials_version,
        password_hash=user.password_hash,
        memberships={key: membership_map(value) for key, value in user.memberships.items()},
    )
