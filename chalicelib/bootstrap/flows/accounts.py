"""Accounts and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap.by_need import by_need
from chalicelib.bootstrap.flows.base import Flows

if TYPE_CHECKING:
    from chalicelib.services.accounts.accounts import AccountService
    from chalicelib.services.accounts.handovers import HandoverService
    from chalicelib.services.accounts.invitations import InvitationService
    from chalicelib.services.accounts.joining import JoiningService
    from chalicelib.services.accounts.members import MemberService
    from chalicelib.services.accounts.workspaces import WorkspaceService


class AccountFlows(Flows):
    """Accounts and their members."""

    @by_need
    def accounts(self) -> AccountService:
        from chalicelib.services.accounts.accounts import AccountService
        from chalicelib.storage.accounts.new_accounts import NewAccounts

        made = NewAccounts(self.shared.connection, self.shared.sessions, self.shared.audit)
        return AccountService(made, self.clock)

    @by_need
    def workspaces(self) -> WorkspaceService:
        from chalicelib.services.accounts.workspaces import WorkspaceService
        from chalicelib.storage.accounts.workspaces import Workspaces

        store = Workspaces(self.shared.connection, self.shared.audit)
        return WorkspaceService(store, self.clock, self.settings.proof)

    @by_need
    def invitations(self) -> InvitationService:
        from chalicelib.services.accounts.invitations import InvitationService

        return InvitationService(
            invitations=self.shared.invitation_store,
            users=self.shared.users,
            links=self.shared.links,
            queue=self.shared.queue,
            mailer=self.shared.mailer,
            clock=self.clock,
            proof=self.settings.proof,
            public_url=self.settings.public_url,
            link_lifetime=self.settings.invitation,
        )

    @by_need
    def joining(self) -> JoiningService:
        from chalicelib.services.accounts.joining import JoiningService
        from chalicelib.storage.joining.invitation_acceptance import Joins

        return JoiningService(
            links=self.shared.links,
            invitations=self.shared.invitation_store,
            domains=self.shared.domains,
            joins=Joins(self.shared.connection, self.shared.audit),
            old_failures=self.shared.old_failures,
            hasher=self.shared.hasher,
            policy=self.shared.policy,
            clock=self.clock,
            product_name=self.settings.product_name,
        )

    @by_need
    def members(self) -> MemberService:
        from chalicelib.services.accounts.members import MemberService
        from chalicelib.storage.accounts.members import Members

        return MemberService(
            members=Members(self.shared.connection, self.shared.audit),
            sessions=self.shared.sessions,
            queue=self.shared.queue,
            mailer=self.shared.mailer,
            clock=self.clock,
            proof=self.settings.proof,
        )

    @by_need
    def handovers(self) -> HandoverService:
        from chalicelib.services.accounts.handovers import HandoverService
        from chalicelib.storage.operators.handovers import Handovers

        return HandoverService(
            handovers=Handovers(self.shared.connection, self.shared.audit),
            account_admins=self.shared.account_admins,
            queue=self.shared.queue,
            mailer=self.shared.mailer,
            clock=self.clock,
            proof=self.settings.proof,
            public_url=self.settings.public_url,
        )
