"""New accounts: a signed-in user creates another one, or their first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.new_account import NewAccount
from chalicelib.domain.audit.event import AuditEvent, EventName
from chalicelib.domain.errors import ProofRequiredError
from chalicelib.domain.tokens import SecretToken

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import Membership, User
    from chalicelib.storage.accounts.new_accounts import NewAccounts


@dataclass(frozen=True)
class AccountService:
    """The accounts that users create for themselves."""

    accounts: NewAccounts
    clock: Clock

    def create(
        self, user: User, session: Session, name: str, origin: RequestOrigin
    ) -> tuple[SecretToken, Membership]:
        """Create an account that the user owns, and open it under a new token (`D3`).

        Raises ProofRequiredError for a session that a provider made, because it couldn't open the
        new account, TooManyAccountsError, and NotSignedInError where the session has ended
        meanwhile.
        """
        now, token = self.clock(), SecretToken.new()
        if not session.is_own:
            raise ProofRequiredError
        account = NewAccount.named(name, now)
        owner = account.owner
        entered = session.replaced_by(token, owner, origin.client, now)
        created = AuditEvent(
            name=EventName.ACCOUNT_CREATED,
            account_id=owner.account_id,
            at=now,
            actor=user.party,
            origin=origin,
            target=owner.account_party,
        )
        self.accounts.open(account, session, entered, created)
        return token, owner
