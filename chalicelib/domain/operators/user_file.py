"""A user as a line of a file: what an export writes and an import reads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.accounts.workspace_roles import demand_room, parse_workspace_roles
from chalicelib.domain.chosen_names import name_of, parse_user_name
from chalicelib.domain.clock import rfc3339
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.keys.record import ID_PATTERN
from chalicelib.domain.roles import MembershipStatus, Role
from chalicelib.domain.tokens import new_id
from chalicelib.domain.user import Membership

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.user import Account, User

# Each takes up to four parts of the transaction that creates the user.
ACCOUNTS_MAX = 20
HASH_MAX_LENGTH = 400
_FIELDS = frozenset(
    ("id", "email", "name", "created_at", "confirmed", "password_hash", "pepper", "accounts")
)
_ACCOUNT_FIELDS = frozenset(("id", "name", "role", "status", "workspaces"))
_ACCOUNT_ID = re.compile(r"acc_[0-9a-f]{32}\Z")
_ANY_ID = re.compile(rf"{ID_PATTERN}\Z")
_USER_ID = re.compile(r"usr_[0-9a-f]{32}\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)


@dataclass(frozen=True)
class NamedAccount:
    """An account in a line of an import: an existing one by id, or a new one for its owner."""

    id: str
    role: Role
    status: MembershipStatus = MembershipStatus.ACTIVE
    workspaces: tuple[tuple[str, str], ...] = ()
    # The name of the new account.
    name: str = ""

    @property
    def alone(self) -> Membership:
        """Return the membership of a new account, as its owner."""
        return Membership(self.id, self.name, self.role)

    def membership(self, account: Account) -> Membership:
        """Return the membership; raises InvalidValueError for a workspace that doesn't exist."""
        given = parse_workspace_roles(self.workspaces, account.workspaces, self.role)
        return Membership(account.id, account.name, self.role, status=self.status, workspaces=given)


@dataclass(frozen=True)
class UserLine:
    """A user to import."""

    email: EmailAddress
    name: str
    id: str | None = None
    created_at: datetime | None = None
    password_hash: str | None = field(default=None, repr=False)
    pepper: str | None = None
    accounts: tuple[NamedAccount, ...] = ()


def parse_user(
    fields: Mapping[str, Any], product_name: str = "", *, with_accounts: bool = True
) -> UserLine:
    """Read a user from a line; raises InvalidValueError, which names the field."""
    _known(fields, _FIELDS)
    email = EmailAddress.parse(_text(fields, "email"))
    if fields.get("confirmed", True) is not True:
        words = "the address was never confirmed; they have to sign up here"
        raise InvalidValueError(words, param="confirmed")
    name = _text(fields, "name") if fields.get("name") else name_of(email)
    accounts = _accounts(fields.get("accounts", []), product_name) if with_accounts else ()
    return UserLine(
        email=email,
        name=parse_user_name(name, "name", product_name),
        id=_user_id(fields),
        created_at=_time(fields),
        password_hash=_optional(fields, "password_hash"),
        pepper=_optional(fields, "pepper"),
        accounts=accounts,
    )


def user_fields(user: User, pepper: str | None) -> dict[str, Any]:
    """Write a user as a line of a file."""
    return {
        "id": user.id,
        "email": user.email.value,
        "name": user.name,
        "created_at": rfc3339(user.created_at),
        "password_hash": user.password_hash,
        "pepper": pepper,
        "accounts": [_account_fields(membership) for membership in user.memberships.values()],
    }


def _account_fields(membership: Membership) -> dict[str, Any]:
    return {
        "id": membership.account_id,
        "name": membership.account_name,
        "role": membership.role.value,
        "status": membership.status.value,
        "workspaces": {key: role.value for key, role in membership.workspaces.items()},
    }


def _accounts(value: object, product_name: str) -> tuple[NamedAccount, ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidValueError("must be a list of objects", param="accounts")
    if len(value) > ACCOUNTS_MAX:
        words = f"at most {ACCOUNTS_MAX} can be named; invite the person to the others"
        raise InvalidValueError(words, param="accounts")
    accounts = tuple(_account(item, product_name) for item in value)
    if len({account.id for account in accounts}) < len(accounts):
        raise InvalidValueError("name each account once", param="accounts")
    demand_room(0, sum(len(account.workspaces) for account in accounts))
    return accounts


def _account(fields: Mapping[str, Any], product_name: str) -> NamedAccount:
    _known(fields, _ACCOUNT_FIELDS, "accounts")
    role, status = fields.get("role", Role.MEMBER), fields.get("status", MembershipStatus.ACTIVE)
    if role == Role.OWNER:
        return _owned(fields, product_name)
    if role not in (Role.ADMIN, Role.MEMBER):
        raise InvalidValueError("must be owner, admin or member", param="accounts.role")
    if not isinstance(status, str) or status not in list(MembershipStatus):
        raise InvalidValueError("must be active or suspended", param="accounts.status")
    given = fields.get("workspaces", {})
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
        raise InvalidValueError("must be roles by id", param="accounts.workspaces")
    account_id = _text(fields, "id", "accounts.id")
    if not _ANY_ID.match(account_id):
        # DynamoDB rejects a longer key, which would end the import.
        words = "must be 1 to 100 letters, digits, _ or -"
        raise InvalidValueError(words, param="accounts.id")
    return NamedAccount(account_id, Role(role), MembershipStatus(status), tuple(given.items()))


def _owned(fields: Mapping[str, Any], product_name: str) -> NamedAccount:
    if fields.get("status", MembershipStatus.ACTIVE) != MembershipStatus.ACTIVE:
        raise InvalidValueError("an owner is active", param="accounts.status")
    if fields.get("workspaces"):
        raise InvalidValueError("an owner reaches all of them", param="accounts.workspaces")
    account_id = fields.get("id") or new_id("acc")
    if not isinstance(account_id, str) or not _ACCOUNT_ID.match(account_id):
        words = "must be acc_ and 32 digits of 0 to f, or left out"
        raise InvalidValueError(words, param="accounts.id")
    name = parse_user_name(_text(fields, "name", "accounts.name"), "accounts.name", product_name)
    return NamedAccount(account_id, Role.OWNER, name=name)


def _known(fields: Mapping[str, Any], known: frozenset[str], within: str = "") -> None:
    for name in fields:
        if name not in known:
            where = f"{within}.{name}" if within else name
            raise InvalidValueError("there is no such field", param=where[:100])


def _text(fields: Mapping[str, Any], name: str, param: str | None = None) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidValueError("must be text", param=param or name)
    return value


def _optional(fields: Mapping[str, Any], name: str) -> str | None:
    if fields.get(name) is None:
        return None
    value = _text(fields, name)
    if len(value) > HASH_MAX_LENGTH or not value.isascii():
        words = f"must be ASCII, and at most {HASH_MAX_LENGTH} characters"
        raise InvalidValueError(words, param=name)
    return value


def _user_id(fields: Mapping[str, Any]) -> str | None:
    if fields.get("id") is None:
        return None
    value = _text(fields, "id")
    if not _USER_ID.match(value):
        raise InvalidValueError("must be usr_ and 32 digits of 0 to f, or left out", param="id")
    return value


def _time(fields: Mapping[str, Any]) -> datetime | None:
    if fields.get("created_at") is None:
        return None
    refusal = InvalidValueError("must be a time such as 2026-11-24T09:30:00Z", param="created_at")
    value = _text(fields, "created_at")
    if not _TIME.match(value):
        raise refusal
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refusal from error
