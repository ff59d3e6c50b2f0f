"""The flows of operators' commands: put together apart, so that no function loads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.bootstrap.flows.deletion import build_deletion

if TYPE_CHECKING:
    from chalicelib.bootstrap.shared import Shared
    from chalicelib.domain.clock import Clock
    from chalicelib.services.operators.account_export import AccountExportService
    from chalicelib.services.operators.deletion import DeletionService
    from chalicelib.services.operators.handovers import OperatorHandover
    from chalicelib.services.operators.people import OperatorUserService
    from chalicelib.services.operators.record_loading import RecordLoadingService
    from chalicelib.services.operators.user_export import UserExportService
    from chalicelib.services.operators.user_import import UserImportService
    from chalicelib.storage.operators.imported_users import ImportedUsers
    from chalicelib.storage.operators.trail import OperatorLog


@dataclass(frozen=True)
class OperatorServices:
    """Every flow that operators have beyond those of the product."""

    clock: Clock
    users: OperatorUserService
    handover: OperatorHandover
    user_import: UserImportService
    user_export: UserExportService
    account_export: AccountExportService
    record_loading: RecordLoadingService
    deletion: DeletionService


def operator_services() -> OperatorServices:
    """Put the operators' flows together, on the settings and secrets of this process's services."""
    parts = services().shared
    trail = _trail(parts)
    users = _users(parts, trail)
    return OperatorServices(
        clock=parts.clock,
        users=_people(parts, trail),
        handover=_handover(parts, trail),
        user_import=_user_import(parts, users),
        user_export=_user_export(parts, users, trail),
        account_export=_account_export(parts, trail),
        record_loading=_record_loading(parts, trail),
        deletion=build_deletion(parts),
    )


def _trail(parts: Shared) -> OperatorLog:
    from chalicelib.storage.operators.trail import OperatorLog

    return OperatorLog(parts.connection, parts.trail)


def _people(parts: Shared, trail: OperatorLog) -> OperatorUserService:
    from chalicelib.services.operators.people import OperatorUserService
    from chalicelib.storage.audit.log import AuditLog
    from chalicelib.storage.operators.changes import OperatorChanges

    return OperatorUserService(
        users=parts.users,
        sessions=parts.sessions,
        attempts=parts.attempts,
        attempt_keys=parts.attempt_keys,
        log=AuditLog(parts.connection, parts.trail),
        changes=OperatorChanges(trail),
        trail=trail,
        queue=parts.queue,
        clock=parts.clock,
    )


def _handover(parts: Shared, trail: OperatorLog) -> OperatorHandover:
    from chalicelib.services.operators.handovers import OperatorHandover
    from chalicelib.storage.accounts.members import Members
    from chalicelib.storage.operators.handovers import Handovers, OperatorHandovers

    return OperatorHandover(
        accounts=parts.accounts,
        members=Members(parts.connection, parts.trail),
        managers=parts.managers,
        users=parts.users,
        handovers=Handovers(parts.connection, parts.trail),
        changes=OperatorHandovers(trail),
        queue=parts.queue,
        clock=parts.clock,
    )


def _users(parts: Shared, trail: OperatorLog) -> ImportedUsers:
    from chalicelib.storage.operators.imported_users import ImportedUsers

    return ImportedUsers(parts.connection, trail)


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


def _user_export(parts: Shared, users: ImportedUsers, trail: OperatorLog) -> UserExportService:
    from chalicelib.domain.passwords.transfer import MovedHashes
    from chalicelib.services.operators.user_export import UserExportService

    return UserExportService(users, MovedHashes(parts.hasher), trail, parts.clock)


def _account_export(parts: Shared, trail: OperatorLog) -> AccountExportService:
    from chalicelib.services.operators.account_export import AccountExportService
    from chalicelib.storage.operators.account_contents import AccountContents

    return AccountExportService(
        accounts=parts.accounts,
        contents=AccountContents(parts.connection, parts.trail),
        invitations=parts.invitation_store,
        keys=parts.api_key_store,
        connections=parts.sso_connections,
        domains=parts.account_domains,
        trail=trail,
        clock=parts.clock,
    )


def _record_loading(parts: Shared, trail: OperatorLog) -> RecordLoadingService:
    from chalicelib.services.operators.record_loading import RecordLoadingService
    from chalicelib.storage.accounts.record_loads import RecordLoads

    return RecordLoadingService(parts.accounts, RecordLoads(parts.connection), trail, parts.clock)
