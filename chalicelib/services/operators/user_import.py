"""The import of users from another system, with the hashes of their passwords."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.new_account import NewAccount
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import InvalidValueError, NotFoundError, UnavailableError
from chalicelib.domain.operators.action import OperatorAction, event_in
from chalicelib.domain.roles import Role
from chalicelib.domain.tokens import derived_id
from chalicelib.domain.user import User

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.operators.action import Operator
    from chalicelib.domain.operators.user_file import NamedAccount, UserLine
    from chalicelib.domain.passwords.imported_hashes import ForeignHash
    from chalicelib.domain.passwords.transfer import MovedHashes, OwnHash
    from chalicelib.domain.sign_in.counter_keys import AddressKeys
    from chalicelib.domain.user import Account, Membership
    from chalicelib.storage.accounts.accounts import Accounts
    from chalicelib.storage.operators.imported_users import EmailStanding, ImportedUsers
    from chalicelib.storage.users.old_failures import OldFailures


# The field that an error about an account names.
ACCOUNT_ID = "accounts.id"
_ACCOUNTS_KNOWN = 1_000
# How the audit log says that a member came.
_METHOD = "import"


class Outcome(StrEnum):
    """The result of a line."""

    ADDED = "added"
    # An earlier run of the same file added the user.
    KNOWN = "known"
    # Another user has the email.
    TAKEN = "taken"
    # An earlier run added the user, who has another email by now.
    MOVED = "moved"


@dataclass(frozen=True)
class Candidate:
    """A user whose line is valid, as far as that shows without reading stored users."""

    line: UserLine
    id: str
    made: ForeignHash | OwnHash | None
    memberships: tuple[Membership, ...]


@dataclass(frozen=True)
class UserImportService:
    """Imports that can be run again: users who exist already are left unchanged."""

    users: ImportedUsers
    accounts: Accounts
    hashes: MovedHashes
    address_keys: AddressKeys
    old_failures: OldFailures
    clock: Clock

    def check(self, line: UserLine, promised: Collection[str] = ()) -> Candidate:
        """Validate a line; raises InvalidValueError for its hash or an account that it names.

        `promised` are the accounts that other lines would create, for a run that writes nothing.
        """
        made = None
        if line.password_hash is not None:
            made = self.hashes.read(line.password_hash, line.pepper)
        # The same email always gets the same id, which can't be computed without the key.
        user_id = line.id or derived_id("usr", "import", self.address_keys.of(line.email.value))
        memberships = tuple(self._membership(named, promised) for named in line.accounts)
        return Candidate(line, user_id, made, memberships)

    def look(self, candidate: Candidate) -> Outcome:
        """Return what importing a user would result in now."""
        return _outcome(candidate, self._standing(candidate))

    def _standing(self, candidate: Candidate) -> EmailStanding:
        return self.users.standing(candidate.line.email, candidate.id)

    def take(self, candidate: Candidate, operator: Operator, run_id: str) -> Outcome:
        """Store a candidate as a user with all memberships, or nothing.

        Raises UnavailableError, InvalidValueError where another line has just created the account.
        """
        found = self._standing(candidate)
        outcome = _outcome(candidate, found)
        if outcome is not Outcome.ADDED:
            return outcome
        now, line = self.clock(), candidate.line
        user = User(
            id=candidate.id,
            email=line.email,
            name=line.name,
            created_at=line.created_at or now,
            password_hash=self.hashes.stored(candidate.made) if candidate.made else None,
            memberships={membership.id: membership for membership in candidate.memberships},
        )
        action = OperatorAction(operator, EventName.USER_IMPORTED, now, user.party, id=run_id)
        forgotten = self.old_failures.forgotten(user.email, now, None)
        if self.users.add(
            user, action, new_accounts(user, now), tuple(import_events(user, action)), forgotten
        ):
            return Outcome.ADDED
        outcome = self.look(candidate)
        if outcome is Outcome.ADDED:
            # Neither the email nor the id is taken; maybe the new account's id is.
            self.check(line)
            raise UnavailableError
        return outcome

    def _membership(self, named: NamedAccount, promised: Collection[str]) -> Membership:
        try:
            account = self._known_accounts(named.id)
        except NotFoundError as error:
            if (named.role is Role.OWNER) != (named.id in promised):
                return named.alone
            raise _refusal(named) from error
        if named.role is Role.OWNER:
            raise _refusal(named)
        return named.membership(account)

    @cached_property
    def _known_accounts(self) -> Callable[[str], Account]:
        return lru_cache(_ACCOUNTS_KNOWN)(self.accounts.get)


def _outcome(candidate: Candidate, found: EmailStanding) -> Outcome:
    if found.holder_id is not None:
        return Outcome.KNOWN if found.holder_id == candidate.id else Outcome.TAKEN
    return Outcome.MOVED if found.id_exists else Outcome.ADDED


def new_accounts(user: User, now: datetime) -> tuple[NewAccount, ...]:
    """Return the accounts that an imported user owns; an import creates them."""
    owned = (m for m in user.memberships.values() if m.role is Role.OWNER)
    return tuple(NewAccount.of(membership, now) for membership in owned)


def import_events(user: User, action: OperatorAction) -> Iterator[AuditEvent]:
    """Return each account's event, with an id that the action's own event gives.

    The same import run again makes the same events.
    """
    own = replace(action.event, name=EventName.MEMBER_JOINED)
    made = replace(action.event, name=EventName.ACCOUNT_CREATED)
    for membership in user.memberships.values():
        if membership.role is Role.OWNER:
            account = membership.account_party
            yield event_in(replace(made, target=account), membership.account_id)
            continue
        details = {
            "role": membership.role.value,
            "workspaces": {key: role.value for key, role in membership.workspaces.items()},
            "method": _METHOD,
        }
        yield replace(event_in(own, membership.account_id), details=details)


def _refusal(named: NamedAccount) -> InvalidValueError:
    words = f"there is no account {named.id!r}"
    if named.role is Role.OWNER:
        words = f"the account {named.id!r} has its owner"
    return InvalidValueError(words, param=ACCOUNT_ID)
