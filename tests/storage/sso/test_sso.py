"""SSO rows: the same in three places, one account per domain, responses used once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.accounts.invitations import Invitation
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import ConflictError, NotAllowedError, NotFoundError
from chalicelib.domain.roles import MembershipStatus, Role
from chalicelib.domain.sign_in.session import SessionLimits, SignInMethod
from chalicelib.domain.sign_in.sso_answer import SsoCompletion
from chalicelib.domain.sso.assertion import EMAIL_FORMAT, VerifiedAssertion
from chalicelib.domain.sso.connection import (
    DOMAINS_MAX,
    AccountDomain,
    AccountSso,
    RequestPurpose,
    SsoConnection,
    SsoIdentity,
    SsoRequest,
    SsoTest,
    TooManyDomainsError,
)
from chalicelib.domain.sso.provider import IdentityProvider
from chalicelib.domain.tokens import SecretToken, new_id
from chalicelib.domain.user import Membership, User
from chalicelib.storage.accounts.invitations import Invitations
from chalicelib.storage.dynamo.tables import AccountRow, UserRow
from chalicelib.storage.sessions.sessions import Sessions
from chalicelib.storage.sso.connections import SsoConnections
from chalicelib.storage.sso.domains import AccountDomains, DomainTakenError
from chalicelib.storage.sso.sign_ins import SsoSignIns
from chalicelib.storage.sso.spending import MovedOnError, SpentError
from chalicelib.storage.users.users import SsoDomainLookup, Users
from tests.support.personas.members import a_colleague
from tests.support.personas.owners import TRAIL, a_user_in, an_owner_in
from tests.support.personas.users import NOON, a_session
from tests.support.races.races import race, winners
from tests.support.saml.keys import rsa_pair

if TYPE_CHECKING:
    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.dynamo.connection import StoreConnection

_LIMITS = SessionLimits(idle=timedelta(hours=12), overall=timedelta(days=30))
_ISSUER = "https://idp.test/metadata"
_NONE = AccountSso()


@pytest.fixture
def owner(connection: StoreConnection) -> AccountAdmin:
    return an_owner_in(connection)


@pytest.fixture
def connections(connection: StoreConnection) -> SsoConnections:
    return SsoConnections(connection, TRAIL)


@pytest.fixture
def domains(connection: StoreConnection) -> AccountDomains:
    return AccountDomains(connection, TRAIL)


@pytest.fixture
def sign_ins(connection: StoreConnection) -> SsoSignIns:
    return SsoSignIns(connection, Sessions(connection, _LIMITS, TRAIL), TRAIL)


def a_connection(account_id: str) -> SsoConnection:
    provider = IdentityProvider(_ISSUER, "https://idp.test/sso", (rsa_pair("idp").certificate,))
    return SsoConnection(
        new_id("sso"), account_id, provider, Role.MEMBER, enforced=False, created_at=NOON
    )


def add(connections: SsoConnections, owner: AccountAdmin) -> SsoConnection:
    made = a_connection(owner.account_id)
    connections.add(made, owner, _NONE, [], event_of(owner))
    return made


def prove(
    domains: AccountDomains, owner: AccountAdmin, name: str, was: AccountSso = _NONE
) -> AccountDomain:
    listed = AccountDomain(name, "token", NOON)
    domains.add(listed, owner, event_of(owner))
    domains.verify(listed, owner, was, NOON, owner.event(EventName.SSO_DOMAIN_VERIFIED, NOON))
    return replace(listed, verified_at=NOON)


def account_sso(owner: AccountAdmin) -> AccountSso:
    row = AccountRow.get(owner.account_id, "account", consistent_read=True)
    return AccountSso(row.sso_connection_id, bool(row.sso_enforced), int(row.sso_version or 0))


def test_a_connection_is_read_as_it_was_kept(
    connections: SsoConnections, owner: AccountAdmin
) -> None:
    made = add(connections, owner)
    assert connections.find(made.id) == made
    assert account_sso(owner) == AccountSso(made.id, enforced=False, version=1)
    connections.note_test(made.id, SsoTest(NOON, "accepted", {"email": "mo@acme.test"}))
    assert connections.find(made.id).last_test == SsoTest(
        NOON, "accepted", {"email": "mo@acme.test"}
    )
    with pytest.raises(NotFoundError):
        connections.find("sso_unknown")


def test_of_twenty_first_connections_an_account_gets_one(
    connections: SsoConnections, owner: AccountAdmin
) -> None:
    """`H13`."""
    outcomes = race(lambda _: add(connections, owner), (ConflictError,))
    (winner,) = winners(outcomes)
    assert account_sso(owner).connection_id == winner.id


def test_enforcing_says_so_in_all_three_places(
    connections: SsoConnections, domains: AccountDomains, owner: AccountAdmin
) -> None:
    made = add(connections, owner)
    prove(domains, owner, "acme.test", AccountSso(made.id, version=1))
    enforced = replace(made, enforced=True)
    was = account_sso(owner)
    connections.change(enforced, owner, was, ["acme.test"], event_of(owner), owner.user_id)
    assert connections.find(made.id).enforced
    assert account_sso(owner).enforced
    found = SsoDomainLookup().find("acme.test")
    assert found is not None
    assert (found.connection_id, found.enforced) == (made.id, True)
    # A second change based on the old row is refused.
    with pytest.raises(ConflictError):
        connections.change(made, owner, was, ["acme.test"], event_of(owner))
    assert account_sso(owner).enforced


def test_a_domain_that_is_proved_while_it_is_enforced_is_not_left_behind(
    connections: SsoConnections, domains: AccountDomains, owner: AccountAdmin
) -> None:
    """`H13`: the second one must read again."""
    made = add(connections, owner)
    listed = AccountDomain("acme.test", "token", NOON)
    domains.add(listed, owner, owner.event(EventName.SSO_DOMAIN_ADDED, NOON))
    was = account_sso(owner)
    connections.change(replace(made, enforced=True), owner, was, [], event_of(owner), owner.user_id)
    with pytest.raises(ConflictError):
        domains.verify(listed, owner, was, NOON, event_of(owner))
    domains.verify(listed, owner, account_sso(owner), NOON, event_of(owner))
    found = SsoDomainLookup().find("acme.test")
    assert found is not None
    assert found.enforced


def test_nobody_enforces_when_no_password_would_be_left(
    connections: SsoConnections, owner: AccountAdmin
) -> None:
    made = add(connections, owner)
    UserRow(owner.user_id).update(actions=[UserRow.password_hash.remove()])
    with pytest.raises(NotAllowedError):
        connections.change(
            replace(made, enforced=True),
            owner,
            account_sso(owner),
            [],
            event_of(owner),
            owner.user_id,
        )
    assert not account_sso(owner).enforced


def test_a_deleted_connection_leaves_its_domains_proved(
    connections: SsoConnections, domains: AccountDomains, owner: AccountAdmin
) -> None:
    made = add(connections, owner)
    prove(domains, owner, "acme.test", account_sso(owner))
    connections.remove(made, owner, account_sso(owner), ["acme.test"], event_of(owner))
    assert account_sso(owner).connection_id is None
    assert SsoDomainLookup().find("acme.test") is None
    (listed,) = domains.of(owner.account_id)
    assert listed.is_verified
    # The next connection uses it again.
    again = a_connection(owner.account_id)
    connections.add(again, owner, account_sso(owner), ["acme.test"], event_of(owner))
    found = SsoDomainLookup().find("acme.test")
    assert found is not None
    assert found.connection_id == again.id


def test_a_proved_domain_belongs_to_one_account(
    connection: StoreConnection, domains: AccountDomains
) -> None:
    """`E9`, `H13`: of twenty accounts that verify it at once one gets it."""
    owners = [an_owner_in(connection, f"o{n}@x.test") for n in range(20)]
    outcomes = race(lambda n: prove(domains, owners[n], "acme.test"), (DomainTakenError,))
    assert len(winners(outcomes)) == 1


def test_a_domain_is_listed_once_and_the_list_has_an_end(
    domains: AccountDomains, owner: AccountAdmin
) -> None:
    for number in range(DOMAINS_MAX):
        domains.add(AccountDomain(f"d{number}.test", "token", NOON), owner, event_of(owner))
    with pytest.raises(ConflictError):
        domains.add(AccountDomain("d0.test", "other", NOON), owner, event_of(owner))
    with pytest.raises(TooManyDomainsError):
        domains.add(AccountDomain("more.test", "token", NOON), owner, event_of(owner))
    gone = domains.find(owner.account_id, "d0.test")
    domains.remove(gone, owner, _NONE, event_of(owner))
    domains.add(AccountDomain("more.test", "token", NOON), owner, event_of(owner))


def event_of(owner: AccountAdmin) -> AuditEvent:
    return owner.event(EventName.SSO_DOMAIN_ADDED, NOON)


@pytest.fixture
def open_sso(
    connections: SsoConnections, domains: AccountDomains, owner: AccountAdmin
) -> SsoConnection:
    """Store a connection with a verified domain."""
    made = add(connections, owner)
    prove(domains, owner, "acme.test", account_sso(owner))
    return made


def a_request(connection: SsoConnection) -> SsoRequest:
    return SsoRequest(
        id=new_id("req"),
        connection_id=connection.id,
        account_id=connection.account_id,
        purpose=RequestPurpose.SIGN_IN,
        browser_digest=SecretToken.new().digest,
        onward="/",
        expires_at=NOON + timedelta(minutes=10),
    )


def a_finish(
    connection: SsoConnection, request: SsoRequest, assertion_id: str = "_a1"
) -> SsoCompletion:
    assertion = VerifiedAssertion(
        id=assertion_id,
        response_id="_r1",
        in_response_to=request.id,
        issuer=_ISSUER,
        name_id="mo@acme.test",
        name_id_format=EMAIL_FORMAT,
        email=EmailAddress("mo@acme.test"),
        certificate_fingerprint="f",
        authenticated_at=NOON,
        remember_until=NOON + timedelta(minutes=10),
    )
    identity = SsoIdentity.of(connection.id, assertion)
    return SsoCompletion(connection, request, assertion, identity, NOON, ())


def a_person(account_id: str) -> tuple[User, Membership]:
    membership = Membership(account_id, "Acme", Role.MEMBER)
    user = User(
        new_id("usr"),
        EmailAddress("mo@acme.test"),
        "Mo",
        NOON,
        memberships={account_id: membership},
    )
    return user, membership


def test_a_request_is_answered_in_its_time(sign_ins: SsoSignIns, open_sso: SsoConnection) -> None:
    request = a_request(open_sso)
    sign_ins.begin(request)
    assert sign_ins.find(request.id, NOON) == request
    for request_id, now in ((request.id, request.expires_at), ("_unknown", NOON)):
        with pytest.raises(NotFoundError):
            sign_ins.find(request_id, now)
    with pytest.raises(SpentError):
        sign_ins.spend(replace(a_finish(open_sso, request), now=request.expires_at))


def test_of_twenty_answers_to_one_request_one_signs_in(
    sign_ins: SsoSignIns, open_sso: SsoConnection
) -> None:
    """`E5`, `H13`."""
    request = a_request(open_sso)
    sign_ins.begin(request)

    def answer(number: int) -> str:
        user, membership = a_person(open_sso.account_id)
        session = replace(a_session(user.id, open_sso.account_id), grant=membership.grant)
        sign_ins.create(a_finish(open_sso, request, f"_a{number}"), user, membership, session)
        return user.id

    (winner,) = winners(race(answer, (SpentError,)))
    assert sign_ins.whose(a_finish(open_sso, request).identity) == (winner, None)
    assert Users(sign_ins.connection).look_up(EmailAddress("mo@acme.test")).user_id == winner


def test_an_assertion_counts_once_whatever_it_answers(
    sign_ins: SsoSignIns, open_sso: SsoConnection
) -> None:
    """`E5`: re-wrapped in another response it is still the same."""
    first, second = a_request(open_sso), a_request(open_sso)
    for request in (first, second):
        sign_ins.begin(request)
    sign_ins.spend(a_finish(open_sso, first))
    with pytest.raises(SpentError):
        sign_ins.spend(a_finish(open_sso, second))


def test_two_first_sign_ins_of_one_person_make_one_user(
    sign_ins: SsoSignIns, open_sso: SsoConnection
) -> None:
    """`H13`: the second one must read again, and finds the first one's user."""
    requests = [a_request(open_sso) for _ in range(20)]
    for request in requests:
        sign_ins.begin(request)

    def answer(number: int) -> str:
        user, membership = a_person(open_sso.account_id)
        session = replace(a_session(user.id, open_sso.account_id), grant=membership.grant)
        finish = a_finish(open_sso, requests[number], f"_a{number}")
        sign_ins.create(finish, user, membership, session)
        return user.id

    assert len(winners(race(answer, (MovedOnError,)))) == 1


def test_a_user_who_was_suspended_meanwhile_is_not_signed_in(
    sign_ins: SsoSignIns, open_sso: SsoConnection
) -> None:
    """`D7`."""
    request = a_request(open_sso)
    sign_ins.begin(request)
    user, membership = a_person(open_sso.account_id)
    session = replace(a_session(user.id, open_sso.account_id), grant=membership.grant)
    sign_ins.create(a_finish(open_sso, request), user, membership, session)
    place = UserRow.memberships[open_sso.account_id]
    UserRow(user.id).update(actions=[place["status"].set(MembershipStatus.SUSPENDED.value)])
    again = a_request(open_sso)
    sign_ins.begin(again)
    with pytest.raises(MovedOnError):
        sign_ins.enter(
            a_finish(open_sso, again, "_a2"),
            user,
            membership,
            replace(session, id=SecretToken.new().digest),
        )
    assert sign_ins.find(again.id, NOON) == again


def test_an_invitation_that_another_admin_sent_again_is_judged_anew(
    connection: StoreConnection, sign_ins: SsoSignIns, open_sso: SsoConnection, owner: AccountAdmin
) -> None:
    """`D7`, `H13`: the inviter of the ended row is the one who was judged."""
    invitations = Invitations(connection, TRAIL)
    read = an_invitation(owner)
    invitations.add(read, None, owner, owner.event(EventName.INVITATION_CREATED, NOON))
    ada = replace(owner, user_id=a_colleague(connection, owner, "ada", Role.ADMIN), name="Ada")
    renewed = read.renewed_by(ada, read.expires_at)
    invitations.renew(renewed, ada, ada.event(EventName.INVITATION_RESENT, NOON))
    user = a_user_in(connection, "mo@acme.test")
    membership = Membership(owner.account_id, "Acme", Role.MEMBER)
    session = replace(
        a_session(user.id, owner.account_id),
        grant=membership.grant,
        method=SignInMethod.SSO,
        password_proved_at=NOON,
    )
    request = a_request(open_sso)
    sign_ins.begin(request)
    finish = a_finish(open_sso, request)
    with pytest.raises(MovedOnError):
        sign_ins.join(finish, user, membership, session, read)
    sign_ins.join(finish, user, membership, session, renewed)


def an_invitation(owner: AccountAdmin) -> Invitation:
    return Invitation(
        id=new_id("inv"),
        account_id=owner.account_id,
        email=EmailAddress("mo@acme.test"),
        role=Role.MEMBER,
        inviter_id=owner.user_id,
        inviter_name=owner.name,
        created_at=NOON,
        expires_at=NOON + timedelta(days=7),
    )


@pytest.mark.parametrize("change", ["deleted", "another certificate", "a domain less"])
def test_what_a_response_relies_on_must_still_hold_at_the_write(
    sign_ins: SsoSignIns,
    connections: SsoConnections,
    domains: AccountDomains,
    owner: AccountAdmin,
    open_sso: SsoConnection,
    change: str,
) -> None:
    """`E9`, `E13`, `H13`: trust that is withdrawn at that moment is withdrawn."""
    request = a_request(open_sso)
    sign_ins.begin(request)
    was = account_sso(owner)
    if change == "deleted":
        connections.remove(open_sso, owner, was, ["acme.test"], event_of(owner))
    elif change == "another certificate":
        other = replace(open_sso.identity_provider, certificates=(rsa_pair("another").certificate,))
        changed = replace(open_sso, identity_provider=other)
        connections.change(changed, owner, was, ["acme.test"], event_of(owner))
    else:
        listed = domains.find(owner.account_id, "acme.test")
        domains.remove(listed, owner, was, event_of(owner))
    user, membership = a_person(open_sso.account_id)
    session = replace(a_session(user.id, open_sso.account_id), grant=membership.grant)
    with pytest.raises(MovedOnError):
        sign_ins.create(a_finish(open_sso, request), user, membership, session)
    assert sign_ins.find(request.id, NOON) == request
