"""One caller of every kind, each with their own data, written straight into a store."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.support import service as whole
from tests.support.http import Program, Reply
from tests.support.personas.users import StoppedClock, a_session
from tests.support.servers import engines
from tests.support.servers.tables import fresh_tables
from tests.support.uniformity.world import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from chalicelib.domain.user import AccountAdmin, Membership
    from tests.support.service import Service

CALLERS = (
    "nobody",
    "suspended",
    "member",
    "viewer",
    "admin",
    "owner",
    "other owner",
    "key",
    "other key",
)
ACCOUNT, OTHER_ACCOUNT = "acc_" + "a" * 32, "acc_" + "b" * 32
WORKSPACE, RECORD = "wsp_" + "a" * 32, "rec-1"

Call = Callable[..., Reply]


@dataclass(frozen=True)
class Callers:
    """Two accounts and their callers, in sessions with a new proof."""

    service: Service
    users: Mapping[str, tuple[str, Membership]]
    keys: Mapping[str, str]
    ids: Mapping[str, str]

    def call(self, caller: str, method: str, path: str, body: Any = None) -> Reply:
        """Call in a new session; forms go to pages, JSON to everything else."""
        return self.call_in(self.session(caller), caller, method, path, body)

    def call_in(
        self, session: str | None, caller: str, method: str, path: str, body: Any = None
    ) -> Reply:
        """Call in an existing session, so that it can be used again."""
        program = Program(self.service.transport("192.0.2.7"))
        headers = {}
        if caller in self.keys:
            headers["Authorization"] = f"Bearer {self.keys[caller]}"
        elif session:
            program.jar.values["thub_session"] = session
        if not is_api(path) and method == "POST":
            headers["Content_Type"] = "application/x-www-form-urlencoded"
            drawn_for = {"account_id": self.users[caller][1].account_id} if session else {}
            body = urlencode({**drawn_for, **(body or {})}).encode()
        return program.call(method, path, body, **headers)

    def session(self, caller: str) -> str | None:
        """Sign a user in; a key and an anonymous caller have no session."""
        from chalicelib.domain.tokens import SecretToken

        if caller not in self.users:
            return None
        user_id, membership = self.users[caller]
        token = SecretToken.new()
        _start_session(user_id, membership, token.digest)
        return token.value


def is_api(path: str) -> bool:
    """Check whether a route is part of the JSON API."""
    return path.startswith(("/auth/", "/api/", "/health"))


def fill(path: str, ids: Mapping[str, str]) -> str:
    """Fill ids into a path; an unknown one becomes an id that doesn't exist."""
    return re.sub(r"\{(\w+)\}", lambda place: ids.get(place[1], "none"), path)


@contextlib.contextmanager
def callers(scratch: Path) -> Iterator[Callers]:
    """Start a service on moto with both accounts."""
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(engines.moto(scratch))
        stack.enter_context(surroundings(engine.environ))
        prefix = stack.enter_context(fresh_tables(engine))
        service = whole.start(engine, whole.environ_for(engine, prefix), StoppedClock())
        stack.callback(whole.stop)
        yield _populate(service)


def _populate(service: Service) -> Callers:
    from chalicelib.domain.roles import MembershipStatus, Role, WorkspaceRole
    from chalicelib.domain.user import Membership

    users = {
        "owner": Membership(ACCOUNT, "Acme", Role.OWNER),
        "admin": Membership(ACCOUNT, "Acme", Role.ADMIN),
        "member": Membership(ACCOUNT, "Acme", Role.MEMBER),
        "viewer": Membership(
            ACCOUNT, "Acme", Role.MEMBER, workspaces={WORKSPACE: WorkspaceRole.VIEWER}
        ),
        "suspended": Membership(ACCOUNT, "Acme", Role.ADMIN, MembershipStatus.SUSPENDED),
        "other owner": Membership(OTHER_ACCOUNT, "Borealis", Role.OWNER),
    }
    _add_account(ACCOUNT, "Acme", _user_id("owner"), service)
    _add_account(OTHER_ACCOUNT, "Borealis", _user_id("other owner"), service)
    for name, membership in users.items():
        _add_person(name, membership, service)
    ids = {"workspace_id": WORKSPACE, "record_id": RECORD, "name": "app.css"}
    keys = {}
    for caller, owner in (("key", "owner"), ("other key", "other owner")):
        key_id, keys[caller] = _add_key(service, _user_id(owner), users[owner])
        ids.setdefault("key_id", key_id)
    ids["user_id"] = _user_id("member")
    ids["invitation_id"] = _add_invitation(service, _user_id("owner"), users["owner"])
    ids["domain"] = _add_domain(service, _user_id("owner"), users["owner"])
    ids["session_id"] = _start_session(_user_id("member"), users["member"], "s" * 43)
    return Callers(service, {n: (_user_id(n), m) for n, m in users.items()}, keys, ids)


def _user_id(name: str) -> str:
    return f"usr_{name.replace(' ', '_')}"


def _start_session(user_id: str, membership: Membership, digest: str) -> str:
    from chalicelib import bootstrap
    from chalicelib.storage.dynamo.tables import UserRow

    begun = replace(
        a_session(user_id, membership.account_id),
        id=digest,
        grant=membership.grant,
        sessions_version=int(UserRow.get(user_id).sessions_version or 0),
    )
    bootstrap.services().sessions.sessions.start(begun, replaced=None)
    return digest


def _add_account(account_id: str, name: str, owner_id: str, service: Service) -> None:
    from chalicelib.domain.accounts.workspaces import name_key
    from chalicelib.domain.user import Workspace
    from chalicelib.storage.dynamo.rows import workspace_map
    from chalicelib.storage.dynamo.tables import AccountRow, RecordRow

    now = service.clock()
    AccountRow(
        account_id, "account", name=name, owner_id=owner_id, created_at=now, member_count=0
    ).save()
    items = {}
    if account_id == ACCOUNT:
        items[WORKSPACE] = workspace_map(Workspace(WORKSPACE, "Main", "", now))
        RecordRow(
            account_id,
            RECORD,
            terminus_id="t-1",
            workspace_id=WORKSPACE,
            status="active",
            content="{}",
            created_at=now,
        ).save()
    names = {name_key("Main"): WORKSPACE} if items else {}
    AccountRow(account_id, "workspaces", items=items, names=names).save()


def _add_person(name: str, membership: Membership, service: Service) -> None:
    from chalicelib.storage.dynamo.rows import membership_map
    from chalicelib.storage.dynamo.tables import AccountRow, EmailRow, UserRow

    user_id, now = _user_id(name), service.clock()
    address = f"{name.replace(' ', '-')}@acme.test"
    EmailRow(address, user_id=user_id).save()
    UserRow(
        user_id,
        email=address,
        name=name.title(),
        created_at=now,
        credentials_version=1,
        password_hash="$argon2id$made-up",
        memberships={membership.account_id: membership_map(membership)},
    ).save()
    AccountRow(membership.account_id, f"member#{user_id}").save()
    AccountRow(membership.account_id, "account").update(actions=[AccountRow.member_count.add(1)])


def _add_key(service: Service, user_id: str, membership: Membership) -> tuple[str, str]:
    from chalicelib import bootstrap

    manager = _manager(service, user_id, membership)
    key, secret = bootstrap.services().api_keys.create(manager, "CI")
    return key.id, secret.value


def _add_invitation(service: Service, user_id: str, membership: Membership) -> str:
    from chalicelib import bootstrap
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.roles import Role

    manager = _manager(service, user_id, membership)
    email = EmailAddress("invited@acme.test")
    return bootstrap.services().invitations.create(manager, email, Role.MEMBER, {}).id


def _add_domain(service: Service, user_id: str, membership: Membership) -> str:
    from chalicelib import bootstrap

    manager = _manager(service, user_id, membership)
    return bootstrap.services().sso_domains.add(manager, "acme.test").domain


def _manager(service: Service, user_id: str, membership: Membership) -> AccountAdmin:
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.user import AccountAdmin
    from tests.support.personas.users import BROWSER

    origin = RequestOrigin(BROWSER, "req-1")
    return AccountAdmin(
        user_id, "Owner", membership.role, membership.account_id, service.clock(), origin
    )
