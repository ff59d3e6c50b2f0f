"""The flows of operators' commands: put together apart, so that no function loads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.bootstrap.parts import Parts

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.services.operators.account_export import AccountExport
    from chalicelib.services.operators.handovers import OperatorHandover
    from chalicelib.services.operators.people import OperatorPeople
    from chalicelib.services.operators.record_loading import RecordLoading
    from chalicelib.services.operators.user_export import UserExport
    from chalicelib.services.operators.user_import import UserImport
    from chalicelib.storage.operators.imported_users import ImportedUsers
    from chalicelib.storage.operators.trail import OperatorTrail


@dataclass(frozen=True)
class OperatorServices:
    """Every flow that operators have beyond those of the product."""

    clock: Clock
    people: OperatorPeople
    handover: OperatorHandover
    user_import: UserImport
    user_export: UserExport
    account_export: AccountExport
    record_loading: RecordLoading


def operator_services() -> OperatorServices:
    """Put the operators' flows together, on the settings and secrets of this process's services."""
    ready = services()
    parts = Parts(ready.settings, ready.clock)
    trail = _trail(parts)
    users = _users(parts, trail)
    return OperatorServices(
        clock=parts.clock,
        people=_people(parts, trail),
        handover=_handover(parts, trail),
        user_import=_user_import(parts, users),
        user_export=_user_export(parts, users, trail),
        account_export=_account_export(parts, trail),
        record_loading=_record_loading(parts, trail),
    )


def _trail(parts: Parts) -> OperatorTrail:
    from chalicelib.storage.operators.trail import OperatorTrail

    return OperatorTrail(parts.connection, parts.trail)


def _people(parts: Parts, trail: OperatorTrail) -> OperatorPeople:
    from chalicelib.services.operators.people import OperatorPeople
    from chalicelib.storage.audit.log import AuditLog
    from chalicelib.storage.operators.changes import OperatorChanges

    return OperatorPeople(
        people=parts.people,
        sessions=parts.sessions,
        attempts=parts.attempts,
        attempt_keys=parts.attempt_keys,
        log=AuditLog(parts.connection, parts.trail),
        changes=OperatorChanges(trail),
        trail=trail,
        queue=parts.queue,
        clock=parts.clock,
    )


def _handover(parts: Parts, trail: OperatorTrail) -> OperatorHandover:
    from chalicelib.services.operators.handovers import OperatorHandover
    from chalicelib.storage.accounts.handovers import Handovers, OperatorHandovers
    from chalicelib.storage.accounts.members import Members

    return OperatorHandover(
        accounts=parts.accounts,
        members=Members(parts.connection, parts.trail),
        managers=parts.managers,
        people=parts.people,
        handovers=Handovers(parts.connection, parts.trail),
        changes=OperatorHandovers(trail),
        queue=parts.queue,
        clock=parts.clock,
    )


def _users(parts: Parts, trail: OperatorTrail) -> ImportedUsers:
    from chalicelib.storage.operators.imported_users import ImportedUsers

    return ImportedUsers(parts.connection, trail)


def _user_import(parts: Parts, users: ImportedUsers) -> UserImport:
    from chalicelib.domain.passwords.transfer import MovedHashes
    from chalicelib.services.operators.user_import import UserImport

    return UserImport(
        users=users,
        accounts=parts.accounts,
        hashes=MovedHashes(parts.hasher),
        address_keys=parts.address_keys,
        old_failures=parts.old_failures,
        clock=parts.clock,
    )


def _user_export(parts: Parts, users: ImportedUsers, trail: OperatorTrail) -> UserExport:
    from chalicelib.domain.passwords.transfer import MovedHashes
    from chalicelib.services.operators.user_export import UserExport

    return UserExport(users, MovedHashes(parts.hasher), trail, parts.clock)


def _account_export(parts: Parts, trail: OperatorTrail) -> AccountExport:
    from chalicelib.services.operators.account_export import AccountExport
    from chalicelib.storage.operators.account_contents import AccountContents

    return AccountExport(
        accounts=parts.accounts,
        contents=AccountContents(parts.connection, parts.trail),
        invitations=parts.invitation_store,
        keys=parts.api_key_store,
        connections=parts.sso_connections,
        domains=parts.account_domains,
        trail=trail,
        clock=parts.clock,
    )


def _record_loading(parts: Parts, trail: OperatorTrail) -> RecordLoading:
    from chalicelib.services.operators.record_loading import RecordLoading
    from chalicelib.storage.accounts.record_loads import RecordLoads

    return RecordLoading(parts.accounts, RecordLoads(parts.connection), trail, parts.clock)
