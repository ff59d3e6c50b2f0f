"""Builds the flows of operators' commands, separately, so that no function loads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.bootstrap.flows.deletion import build_deletion
from chalicelib.services.operators.people import FoundUser
from chalicelib.services.operators.user_import import ACCOUNT_ID, Candidate, Outcome
from chalicelib.storage.accounts.accounts import Accounts
from chalicelib.storage.accounts.record_loads import BATCH_MAX, Loaded

if TYPE_CHECKING:
    from chalicelib.bootstrap.shared import Shared
    from chalicelib.domain.clock import Clock
    from chalicelib.services.operators.account_export import AccountExportService
    from chalicelib.services.operators.deletion import DeletionService
    from chalicelib.services.operators.handovers import OperatorHandover
    from chalicelib.services.operators.people import OperatorUserService
    from chalicelib.services.operators.record_loading import RecordLoadingService
    from chalicelib.services.operators.suppressions import OperatorSuppressionService
    from chalicelib.services.operators.user_export import UserExportService
    from chalicelib.services.operators.user_import import UserImportService
    from chalicelib.storage.operators.imported_users import ImportedUsers
    from chalicelib.storage.operators.trail import OperatorLog

# With what the flows take and return: the commands of infra import the product by bootstrap alone.
__all__ = [
    "ACCOUNT_ID",
    "BATCH_MAX",
    "Accounts",
    "Candidate",
    "FoundUser",
    "Loaded",
    "OperatorServices",
    "Outcome",
    "operator_services",
]


@dataclass(frozen=True)
class OperatorServices:
    """The flows that only operators have."""

    clock: Clock
    users: OperatorUserService
    handover: OperatorHandover
    user_import: UserImportService
    user_export: UserExportService
    account_export: AccountExportService
    record_loading: RecordLoadingService
    suppressions: OperatorSuppressionService
    deletion: DeletionService


def operator_services() -> OperatorServices:
    """Build the operators' flows from the settings and secrets of this process's services."""
    parts = services().shared
    operator_log = _operator_log(parts)
    users = _users(parts, operator_log)
    return OperatorServices(
        clock=parts.clock,
        users=_people(parts, operator_log),
        handover=_handover(parts, operator_log),
        user_import=_user_import(parts, users),
        user_export=_user_export(parts, users, operator_log),
        account_export=_account_export(parts, operator_log),
        record_loading=_record_loading(parts, operator_log),
        suppressions=_suppressions(parts, operator_log),
        deletion=build_deletion(parts),
    )


def _operator_log(parts: Shared) -> OperatorLog:
    from chalicelib.storage.operators.trail import OperatorLog

    return OperatorLog(parts.connection, parts.audit)


def _people(parts: Shared, operator_log: OperatorLog) -> OperatorUserService:
    from chalicelib.services.operators.people import OperatorUserService
    from chalicelib.storage.audit.log import AuditLog
    from chalicelib.storage.operators.changes import OperatorChanges

    return OperatorUserService(
        users=parts.users,
        sessions=parts.sessions,
        attempts=parts.attempts,
        attempt_keys=parts.attempt_keys,
        log=AuditLog(parts.connection, parts.audit),
        changes=OperatorChanges(operator_log),
        operator_log=operator_log,
        queue=parts.queue,
        clock=parts.clock,
    )


def _handover(parts: Shared, operator_log: OperatorLog) -> OperatorHandover:
    from chalicelib.services.operators.handovers import OperatorHandover
    from chalicelib.storage.accounts.members import Members
    from chalicelib.storage.operators.handovers import Handovers, OperatorHandovers

    return OperatorHandover(
        accounts=parts.accounts,
        members=Members(parts.connection, parts.audit),
        account_admins=parts.account_admins,
        users=parts.users,
        handovers=Handovers(parts.connection, parts.audit),
        changes=OperatorHandovers(operator_log),
        queue=parts.queue,
        clock=parts.clock,
    )


def _users(parts: Shared, operator_log: OperatorLog) -> ImportedUsers:
    from chalicelib.storage.operators.imported_users import ImportedUsers

    return ImportedUsers(parts.connection, operator_log)


def _user_import(parts: Shared, users: ImportedUsers) -> UserImportService:
    from chalicelib.domain.passwords.transfer import MovedHashes
    from chalicelib.services.operators.user_import import UserImportService

    return UserImportService(
        users=users,
        accounts=parts.accounts,
        hashes=MovedHashes(parts.hasher),
        address_keys=parts.address_keys,
        old_failures=parts.old_failures,
        clock=parts.clock,
    )


def _user_export(
    parts: Shared, users: ImportedUsers, operator_log: OperatorLog
) -> UserExportService:
    from chalicelib.domain.passwords.transfer import MovedHashes
    from chalicelib.services.operators.user_export import UserExportService

    return UserExportService(users, MovedHashes(parts.hasher), operator_log, parts.clock)


def _account_export(parts: Shared, operator_log: OperatorLog) -> AccountExportService:
    from chalicelib.services.operators.account_export import AccountExportService
    from chalicelib.storage.operators.account_contents import AccountContents

    return AccountExportService(
        accounts=parts.accounts,
        contents=AccountContents(parts.connection, parts.audit),
        invitations=parts.invitation_store,
        keys=parts.api_key_store,
        connections=parts.sso_connections,
        domains=parts.account_domains,
        operator_log=operator_log,
        clock=parts.clock,
    )


def _record_loading(parts: Shared, operator_log: OperatorLog) -> RecordLoadingService:
    from chalicelib.services.operators.record_loading import RecordLoadingService
    from chalicelib.storage.accounts.record_loads import RecordLoads

    return RecordLoadingService(
        parts.accounts, RecordLoads(parts.connection), operator_log, parts.clock
    )


def _suppressions(parts: Shared, operator_log: OperatorLog) -> OperatorSuppressionService:
    from chalicelib.services.operators.suppressions import OperatorSuppressionService
    from chalicelib.storage.operators.suppressions import SuppressionRemovals

    return OperatorSuppressionService(
        parts.suppressions,
        SuppressionRemovals(operator_log),
        parts.users,
        operator_log,
        parts.clock,
    )
