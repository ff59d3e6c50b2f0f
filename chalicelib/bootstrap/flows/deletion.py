"""Deletion of users and accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap.by_need import by_need
from chalicelib.bootstrap.flows.base import Flows

if TYPE_CHECKING:
    from chalicelib.bootstrap.shared import Shared
    from chalicelib.services.accounts.deletion import AccountDeletionService
    from chalicelib.services.audit.dropped_mails import DroppedMailService
    from chalicelib.services.operators.deletion import DeletionService


class DeletionFlows(Flows):
    """Deletion of users and accounts."""

    @by_need
    def account_deletion(self) -> AccountDeletionService:
        from chalicelib.services.accounts.deletion import AccountDeletionService

        return AccountDeletionService(
            deletions=self.shared.deletions,
            account_admins=self.shared.account_admins,
            queue=self.shared.queue,
            mailer=self.shared.mailer,
            clock=self.clock,
            proof=self.settings.proof,
            public_url=self.settings.public_url,
        )

    @by_need
    def deletion(self) -> DeletionService:
        return build_deletion(self.shared)

    @by_need
    def dropped_mails(self) -> DroppedMailService:
        from chalicelib.services.audit.dropped_mails import DroppedMailService

        return DroppedMailService(self.shared.deletions)


def build_deletion(parts: Shared) -> DeletionService:
    """Build the service with which the daily job and the operators' commands delete."""
    from chalicelib.services.operators.deletion import DeletionService
    from chalicelib.storage.operators.account_removal import AccountRemoval
    from chalicelib.storage.operators.trail import OperatorLog
    from chalicelib.storage.operators.user_removal import UserRemoval

    operator_log = OperatorLog(parts.connection, parts.audit)
    return DeletionService(
        accounts=parts.accounts,
        account_admins=parts.account_admins,
        deletions=parts.deletions,
        account_rows=AccountRemoval(parts.connection, parts.deletions),
        user_rows=UserRemoval(parts.connection, parts.deletions, operator_log, parts.attempt_keys),
        operator_log=operator_log,
        sessions=parts.sessions,
        queue=parts.queue,
        clock=parts.clock,
    )
