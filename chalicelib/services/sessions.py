"""Sessions: resumed and judged anew on every request, switched between accounts, ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFoundError, NotSignedInError
from chalicelib.domain.tokens import MalformedTokenError, SecretToken

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.people import Account, Membership, User, Workspace
    from chalicelib.domain.sessions import Client, Session
    from chalicelib.storage.people import People
    from chalicelib.storage.sessions import Sessions


@dataclass(frozen=True)
class Visitor:
    """Who is asking: a session that holds now, its person, and the account that is open."""

    session: Session
    user: User
    account: Account | None
    membership: Membership | None
    ends_at: datetime

    @property
    def workspaces(self) -> tuple[Workspace, ...]:
        """The open account's workspaces that this person may see."""
        if self.account is None or self.membership is None:
            return ()
        if self.membership.role.manages:
            return self.account.workspaces
        return tuple(w for w in self.account.workspaces if w.id in self.membership.workspaces)


@dataclass(frozen=True)
class SessionService:
    """The sessions of signed-in browsers."""

    sessions: Sessions
    people: People
    clock: Clock

    def resume(self, token: str) -> Visitor:
        """Judge the token of a request, in two store requests; raises NotSignedInError.

        A session ends with its times, a change of the person's password, and when the person is
        suspended in or removed from the account that it has open (`D5`, `D7`), for good: coming
        back begins another grant.
        """
        try:
            session_id = SecretToken.parse(token).digest
        except MalformedTokenError as error:
            raise NotSignedInError from error
        session = self.sessions.resume(session_id, self.clock())
        user, account = self.people.get_with_account(session.user_id, session.account_id)
        if user is None or user.credentials_version != session.credentials_version:
            raise NotSignedInError
        membership = user.memberships.get(session.account_id or "")
        if user.is_shut_out:
            raise NotSignedInError
        if session.account_id and (
            account is None
            or membership is None
            or not membership.is_active
            or membership.grant != session.grant
        ):
            raise NotSignedInError
        ends_at = session.ends_at(self.sessions.limits)
        return Visitor(session, user, account, membership, ends_at)

    def open_account(
        self, visitor: Visitor, account_id: str, client: Client
    ) -> tuple[SecretToken, Membership]:
        """Enter one of the person's accounts under a new token; the old one dies (`D3`).

        Raises NotFoundError for any account that isn't theirs to enter.
        """
        membership = visitor.user.memberships.get(account_id)
        if membership is None or not membership.is_active:
            raise NotFoundError
        token = SecretToken.new()
        entered = replace(
            visitor.session,
            id=token.digest,
            account_id=account_id,
            grant=membership.grant,
            last_seen_at=self.clock(),
            client=client,
        )
        self.sessions.switch(visitor.session, entered)
        return token, membership

    def end(self, token: str) -> None:
        """Sign out: the token is dead from here on, whatever it was."""
        try:
            self.sessions.end(SecretToken.parse(token).digest)
        except MalformedTokenError:
            return
