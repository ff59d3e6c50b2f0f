"""The sign-in of a user whom a provider vouches for: as a member, linked, or joining."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.sso.assertion import Refusal, SamlRefusedError

if TYPE_CHECKING:
    from chalicelib.domain.sign_in.sso_answer import Answer
    from chalicelib.domain.tokens import SecretToken
    from chalicelib.domain.user import Membership, User
    from chalicelib.services.sign_in.new_session import NewSession
    from chalicelib.services.sso.sign_in.identities import SsoIdentities
    from chalicelib.services.sso.sign_in.joining import SsoJoining
    from chalicelib.services.sso.sign_in.link_notice import LinkNotice
    from chalicelib.storage.sso.sign_ins import SsoSignIns
    from chalicelib.storage.users.users import Users


@dataclass(frozen=True)
class SsoEntry:
    """Starts the session of the user whom a verified response is about."""

    sign_ins: SsoSignIns
    identities: SsoIdentities
    users: Users
    new_session: NewSession
    joining: SsoJoining
    link_notice: LinkNotice

    def sign_in(self, answer: Answer) -> SecretToken:
        """Sign the user in and return the session's token.

        A user whom the provider names for the first time is linked to an existing user with that
        email, or created. Raises SamlRefusedError, SpentError, MovedOnError.
        """
        known = self.identities.find(answer)
        return self._enter_first(answer) if known is None else self._enter(*known)

    def _enter(self, answer: Answer, user_id: str) -> SecretToken:
        user = self.users.get(user_id)
        if user is None:
            raise SamlRefusedError(Refusal.NOT_A_MEMBER)
        membership = user.memberships.get(answer.connection.account_id)
        if membership is None:
            return self._return(answer, user)
        _demand_active(membership)
        new = self.new_session.prepare(answer.authentication(user), membership)
        self.sign_ins.enter(answer.finish(user.party, new.event), user, membership, new.session)
        return new.token

    def _return(self, answer: Answer, user: User) -> SecretToken:
        """Let a removed member in again if they were invited again; this accepts for them."""
        opened = self.joining.invitation_of(answer, user)
        if opened is None:
            raise SamlRefusedError(Refusal.NOT_A_MEMBER)
        return self.joining.join(answer, user, opened).token

    def _enter_first(self, answer: Answer) -> SecretToken:
        """Handle the first sign-in of this NameID: link a member, join a user, or create one."""
        record = self.users.look_up(answer.assertion.email)
        user = self.users.get(record.user_id)
        if user is None:
            if not record.is_free_for(None, answer.now):
                raise SamlRefusedError(Refusal.EMAIL_KEPT)
            return self.joining.create(answer)
        membership = user.memberships.get(answer.connection.account_id)
        if membership is None:
            return self._join(answer, user)
        _demand_active(membership)
        return self._link(answer, user, membership)

    def _join(self, answer: Answer, user: User) -> SecretToken:
        opened = self.joining.invitation_of(answer, user)
        if opened is None and self.sign_ins.was_removed(answer.connection.account_id, user.id):
            # Another name at the provider must not undo a removal.
            raise SamlRefusedError(Refusal.NOT_A_MEMBER)
        joined = self.joining.join(answer, user, opened, named=False)
        self.link_notice.queue_for(answer, user, joined.membership)
        return joined.token

    def _link(self, answer: Answer, user: User, membership: Membership) -> SecretToken:
        new = self.new_session.prepare(answer.authentication(user), membership)
        finish = answer.finish(user.party, answer.linked(user), new.event)
        self.sign_ins.link(finish, user, membership, new.session)
        self.link_notice.queue_for(answer, user, membership)
        return new.token


def _demand_active(membership: Membership) -> None:
    if not membership.is_active:
        raise SamlRefusedError(Refusal.SUSPENDED)
