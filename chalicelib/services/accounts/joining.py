"""Joining an account through a mailed invitation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.invitations import Acceptance, AlreadyMemberError, may_accept
from chalicelib.domain.accounts.limits import ACCOUNTS_MAX, TooManyAccountsError
from chalicelib.domain.accounts.workspace_roles import demand_room
from chalicelib.domain.errors import MissingValueError, ProofRequiredError, SignInRequiredError
from chalicelib.domain.passwords.policy import PasswordContext
from chalicelib.domain.sign_in.link import LinkPurpose
from chalicelib.domain.tokens import new_id
from chalicelib.domain.user import User
from chalicelib.storage.users.password_gate import BarredError, PasswordGate

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.accounts.invitations import Guest, OpenInvitation
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.passwords.hashing import PasswordHasher
    from chalicelib.domain.passwords.policy import PasswordPolicy
    from chalicelib.domain.sign_in.link import Link
    from chalicelib.storage.accounts.invitations import Invitations
    from chalicelib.storage.joining.invitation_acceptance import Joins
    from chalicelib.storage.users.links import Links
    from chalicelib.storage.users.old_failures import OldFailures
    from chalicelib.storage.users.users import SsoDomainLookup


_SSO_FIRST = (
    "Your organisation uses single sign-on for this address. Sign in through it, then open the link"
    " again. It stays good."
)


@dataclass(frozen=True)
class JoiningService:
    """Invitation links: shown and accepted. Accepting signs nobody in (`B12`)."""

    links: Links
    invitations: Invitations
    domains: SsoDomainLookup
    joins: Joins
    old_failures: OldFailures
    hasher: PasswordHasher
    policy: PasswordPolicy
    clock: Clock
    product_name: str

    def look(self, token: str) -> OpenInvitation:
        """Return what a link leads to, without spending it (`B16`); raises LinkInvalidError."""
        return self.invitations.of_link(self._find(token))

    def accept(self, token: str, guest: Guest, origin: RequestOrigin) -> User:
        """Spend a link and let the user with the invited email into the account.

        If no user has the email, the guest becomes one: the link confirms the email. Raises
        LinkInvalidError. These errors leave the link valid: SignInRequiredError for anyone but the
        user with the email, MissingValueError, WeakPasswordError, AlreadyMemberError,
        TooManyAccountsError, TooManyWorkspacesGivenError and ProofRequiredError.
        """
        link, now = self._find(token), self.clock()
        opened = self.invitations.of_link(link)
        invitation, account = opened.invitation, opened.account
        membership = invitation.membership_in(account)
        if opened.user_id is None:
            if self.needs_sso(opened):
                raise SignInRequiredError(_SSO_FIRST)
            user = self._new_user(opened, guest, now)
            forgotten = self.old_failures.forgotten(user.email, now, origin.client)
            try:
                acceptance = Acceptance(link, invitation, user, membership, origin, now)
                self.joins.add_user(acceptance, forgotten)
            except BarredError as error:
                raise SignInRequiredError(_SSO_FIRST) from error
        else:
            user = _invited(opened, guest.user)
            if not may_accept(opened, user, guest.session):
                raise ProofRequiredError
            demand_room(user.workspaces_outside(account.id), len(membership.workspaces))
            self.joins.add_membership(Acceptance(link, invitation, user, membership, origin, now))
        return user

    def needs_sso(self, opened: OpenInvitation) -> bool:
        """Whether a new user has to sign in through SSO before they join.

        Where their email's domain enforces SSO, a link doesn't give them a password.
        """
        if opened.user_id is not None:
            return False
        email, offered = opened.invitation.email, opened.invitation.membership_in(opened.account)
        try:
            PasswordGate.of(email, [offered], self.domains.find(email.domain))
        except BarredError:
            return True
        return False

    def _find(self, token: str) -> Link:
        return self.links.find(token, self.clock(), LinkPurpose.INVITATION)

    def _new_user(self, opened: OpenInvitation, guest: Guest, now: datetime) -> User:
        if guest.name is None:
            raise MissingValueError("A new person gives their name.", param="name")
        if guest.password is None:
            raise MissingValueError("A new person chooses a password.", param="password")
        email = opened.invitation.email
        names = PasswordContext(self.product_name, opened.account.name, guest.name, email.value)
        chosen = self.policy.check(guest.password, names)
        return User(
            id=new_id("usr"),
            email=email,
            name=guest.name,
            created_at=now,
            password_hash=self.hasher.hash(chosen.value),
        )


def _invited(opened: OpenInvitation, user: User | None) -> User:
    email = opened.invitation.email
    if user is None or user.id != opened.user_id or user.email != email:
        # The link was mailed to this email, so naming it reveals nothing.
        who = f"You're signed in as {user.email}. " if user else ""
        message = f"{who}Sign in as {email}, then open the link again. It stays good."
        raise SignInRequiredError(message)
    if opened.account.id in user.memberships:
        raise AlreadyMemberError("You're in this account already.")
    if len(user.memberships) >= ACCOUNTS_MAX:
        raise TooManyAccountsError
    return user
