"""Accounts with API keys, and programs that use one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.roles import MembershipStatus, Role
from chalicelib.domain.user import Membership
from tests.support.personas.journeys import ADDRESS, become_a_user, signed_in_program
from tests.support.personas.remembered import remembered

if TYPE_CHECKING:
    from tests.support.http import Program, Reply
    from tests.support.service import Service

KEYS = "/api/v1/api_keys"


@dataclass
class Holder:
    """A program that uses a key."""

    program: Program
    key: str

    def get(self, path: str, **headers: str) -> Reply:
        """Send a GET request with the key."""
        return self.program.get(path, Authorization=f"Bearer {self.key}", **headers)


@remembered
def an_owner(service: Service, address: str = ADDRESS) -> Program:
    """Sign up, and sign in as the owner of a new account."""
    become_a_user(service, address)
    return signed_in_program(service, address)


def make_key(owner: Program, name: str = "CI pipeline") -> dict[str, Any]:
    """Create a key through the API."""
    reply = owner.post(KEYS, {"name": name})
    assert reply.status == 201, reply.text
    made: dict[str, Any] = reply.json
    return made


@remembered
def a_holder(service: Service, address: str = ADDRESS, name: str = "CI pipeline") -> Holder:
    """Return a program with a key of a new account."""
    return Holder(service.program(), make_key(an_owner(service, address), name)["key"])


def account_of(program: Program) -> str:
    """Return the open account of a session."""
    account_id: str = program.get("/auth/session").json["account"]["id"]
    return account_id


@remembered
def add_member(
    service: Service, account_id: str, address: str, role: Role, *, open_now: bool = True
) -> Program:
    """Add a user to an account, as an accepted invitation does, and let them open it."""
    from chalicelib import bootstrap
    from chalicelib.storage.dynamo.tables import EmailRow
    from tests.support.personas.members import join

    become_a_user(service, address)
    joined = Membership(account_id, "Acme", role, MembershipStatus.ACTIVE)
    connection = bootstrap.services().sessions.users.connection
    join(connection, EmailRow.get(address).user_id, joined)
    program = signed_in_program(service, address)
    if open_now:
        assert program.post("/auth/session/account", {"account_id": account_id}).status == 200
    return program
