"""Users who join an account by signing in through its provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.invitations import InvitationStatus
from chalicelib.domain.accounts.limits import ACCOUNTS_MAX
from chalicelib.domain.accounts.workspace_roles import TooManyWorkspacesGivenError, demand_room
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.chosen_names import name_of, parse_user_name
from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.sso.assertion import Refusal, SamlRefusedError
from chalicelib.domain.tokens import new_id
from chalicelib.domain.user import Membership, User

if TYPE_CHECKING:
    from chalicelib.domain.accounts.invitations import OpenInvitation
    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.sign_in.sso_answer import Answer, SsoCompletion
    from chalicelib.domain.sso.assertion import VerifiedAssertion
    from chalicelib.domain.tokens import SecretToken
    from chalicelib.services.sign_in.new_session import NewSession, PreparedSession
    from chalicelib.storage.accounts.invitations import Invitations
    from chalicelib.storage.sso.connections import SsoConnections
    from chalicelib.storage.sso.sign_ins import SsoSignIns
    from chalicelib.storage.users.old_failures import OldFailures


@dataclass(frozen=True)
class Joined:
    """The membership of a user who has joined, and their session's token."""

    membership: Membership
    token: SecretToken


@dataclass(frozen=True)
class SsoJoining:
    """Gives users a membership in the account of a connection."""

    sign_ins: SsoSignIns
    connections: SsoConnections
    invitations: Invitations
    old_failures: OldFailures
    new_session: NewSession
    product_name: str

    def invitation_of(self, answer: Answer, user: User) -> OpenInvitation | None:
        """Return the user's invitation into the account while it can be accepted."""
        opened = self.invitations.of_address(answer.connection.account_id, user.email)
        if opened is None or opened.invitation.inviter_id == user.id:
            return None
        pending = opened.invitation.status(answer.now) is InvitationStatus.PENDING
        return opened if pending else None

    def join(
        self,
        answer: Answer,
        user: User,
        opened: OpenInvitation | None,
        *,
        named: bool = True,
    ) -> Joined:
        """Let an existing user in, with the role of their invitation or the connection's own.

        `named` is whether the provider's NameID is linked to the user already.
        """
        invited = opened.invitation if opened else None
        if opened is None:
            membership = self._default_membership(answer)
        else:
            membership = opened.invitation.membership_in(opened.account)
        _demand_room(user, membership)
        events = [] if named else [answer.linked(user)]
        if invited is not None:
            events.append(answer.event(user, EventName.INVITATION_ACCEPTED).about(invited.party))
        new = self.new_session.prepare(answer.authentication(user), membership)
        finish = _finish(answer, user, membership, new, *events)
        self.sign_ins.join(finish, user, membership, new.session, invited, named=named)
        return Joined(membership, new.token)

    def create(self, answer: Answer) -> SecretToken:
        """Create a user without a password, with the connection's default role."""
        membership = self._default_membership(answer)
        user = User(
            id=new_id("usr"),
            email=answer.assertion.email,
            name=_name_of(answer.assertion, self.product_name),
            created_at=answer.now,
            memberships={membership.account_id: membership},
        )
        new = self.new_session.prepare(answer.authentication(user), membership)
        forgotten = self.old_failures.forgotten(user.email, answer.now, answer.origin.client)
        finish = _finish(answer, user, membership, new)
        self.sign_ins.create(finish, user, membership, new.session, forgotten)
        return new.token

    def _default_membership(self, answer: Answer) -> Membership:
        connection = answer.connection
        return Membership(
            connection.account_id,
            self.connections.account_name(connection.account_id),
            connection.default_role,
        )


def _demand_room(user: User, membership: Membership) -> None:
    if len(user.memberships) >= ACCOUNTS_MAX:
        raise SamlRefusedError(Refusal.TOO_MANY_ACCOUNTS)
    try:
        demand_room(user.workspaces_outside(membership.account_id), len(membership.workspaces))
    except TooManyWorkspacesGivenError as error:
        raise SamlRefusedError(Refusal.TOO_MANY_WORKSPACES) from error


def _finish(
    answer: Answer,
    user: User,
    membership: Membership,
    new: PreparedSession,
    *first: AuditEvent,
) -> SsoCompletion:
    workspaces = {key: role.value for key, role in membership.workspaces.items()}
    details = {"role": membership.role.value, **({"workspaces": workspaces} if workspaces else {})}
    joined = answer.event(user, EventName.MEMBER_JOINED, **details)
    return answer.finish(user.party, *first, joined, new.event)


def _name_of(assertion: VerifiedAssertion, product_name: str) -> str:
    """Return the provider's display name, or the email's local part, if one is a valid name."""
    for name in (assertion.display_name, name_of(assertion.email)):
        try:
            if name:
                return parse_user_name(name, "name", product_name)
        except InvalidValueError:
            continue
    return "New member"
