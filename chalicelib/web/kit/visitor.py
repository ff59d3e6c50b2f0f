"""The session behind a request, and the checks of who may call a route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from chalicelib.bootstrap import services
from chalicelib.domain.errors import NoAccountOpenError, NotAllowedError, NotSignedInError
from chalicelib.domain.roles import Role
from chalicelib.domain.sign_in.known_browser import Browser
from chalicelib.domain.sign_in.sign_up import Evidence, SignUpTicket
from chalicelib.domain.tokens import MalformedTokenError, SecretToken
from chalicelib.domain.user import AccountAdmin
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.cookies import device_cookie, session_cookie, sign_up_cookie
from chalicelib.web.kit.requests import origin_of

if TYPE_CHECKING:
    from chalice.app import Request

    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.sign_in.visitor import Visitor
    from chalicelib.domain.user import Account, Membership, User

# Not "cookies": the device cookie outlives the session.
CLEAR_SITE_DATA = '"cache", "storage"'


# So that the check and the view read the session once.
_visitors: WeakKeyDictionary[Request, Visitor] = WeakKeyDictionary()


def admit(request: Request, access: Access) -> None:
    """Check that the caller has the access that a route asks for; the authorizer has checked keys.

    Raises NotSignedInError, NoAccountOpenError, NotAllowedError.
    """
    if access in (Access.ANYONE, Access.API_KEY):
        return
    if access is Access.SIGNED_IN:
        signed_in(request)
    elif access is Access.MEMBER:
        in_account(request)
    elif access is Access.ADMIN:
        account_admin(request)
    else:
        _, admin = account_admin(request)
        if admin.role is not Role.OWNER:
            raise NotAllowedError


def signed_in(request: Request) -> Visitor:
    """Return the visitor of a signed-in browser; raises NotSignedInError."""
    if request in _visitors:
        return _visitors[request]
    token = session_cookie().read(request.headers)
    if token is None:
        raise NotSignedInError
    visitor = services().sessions.resume(token)
    _visitors[request] = visitor
    return visitor


def user_if_signed_in(request: Request) -> User | None:
    """Return the signed-in user, or None."""
    visitor = visitor_if_signed_in(request)
    return visitor.user if visitor else None


def visitor_if_signed_in(request: Request) -> Visitor | None:
    """Return the visitor of a signed-in browser, or None."""
    try:
        return signed_in(request)
    except NotSignedInError:
        return None


def session_if_signed_in(request: Request) -> Session | None:
    """Return the valid session of a request, or None."""
    try:
        return signed_in(request).session
    except NotSignedInError:
        return None


def in_account(request: Request) -> tuple[Visitor, Account, Membership]:
    """Return the visitor with the account that they have open.

    Raises NotSignedInError, NoAccountOpenError.
    """
    visitor = signed_in(request)
    if visitor.account is None or visitor.membership is None:
        raise NoAccountOpenError
    return visitor, visitor.account, visitor.membership


def account_admin(request: Request) -> tuple[Visitor, AccountAdmin]:
    """Return the owner or admin behind a request, in the account that they have open.

    Raises NotAllowedError for members, and for any API key, valid or not, because only users manage
    an account (conformance F9). Raises NotSignedInError, NoAccountOpenError.
    """
    if (request.headers.get("authorization") or "").lower().split()[:1] == ["bearer"]:
        raise NotAllowedError
    visitor, account, membership = in_account(request)
    if not membership.role.manages:
        raise NotAllowedError
    return visitor, AccountAdmin(
        user_id=visitor.user.id,
        name=visitor.user.name,
        role=membership.role,
        account_id=account.id,
        proved_at=visitor.proved_at,
        origin=origin_of(request),
        grant=membership.grant,
    )


def admin_and_account(request: Request) -> tuple[AccountAdmin, Account]:
    """Return the owner or admin behind a request, and the account; raises as `account_admin`."""
    _, admin = account_admin(request)
    _, account, _ = in_account(request)
    return admin, account


def browser_of(request: Request) -> Browser:
    """Return what a browser presents beside a password: origin, device cookie, session."""
    cookie = device_cookie().read(request.headers)
    return Browser(origin_of(request), cookie, replaced_session(request))


def replaced_session(request: Request) -> str | None:
    """Return the id of the browser's current session, which a sign-in replaces."""
    token = session_cookie().read(request.headers)
    try:
        return SecretToken.parse(token).digest if token else None
    except MalformedTokenError:
        return None


def sign_up_ticket(request: Request) -> SignUpTicket | None:
    """Return the ticket of a browser that signed up, or None."""
    kept = sign_up_cookie().read(request.headers)
    return SignUpTicket.parse(kept) if kept else None


def confirmation_evidence(request: Request, password: str | None = None) -> Evidence:
    """Return what a browser presents beside a confirmation link."""
    return Evidence(sign_up_ticket(request), session_if_signed_in(request), password)


@dataclass(frozen=True)
class PageVisitor:
    """The visitor as templates see them."""

    user_name: str
    user_email: str
    account: Membership | None
    accounts: tuple[Membership, ...]
    suspended: tuple[Membership, ...] = ()

    @classmethod
    def of(cls, visitor: Visitor) -> PageVisitor:
        """Convert a visitor for the templates."""
        return cls(
            user_name=visitor.user.name,
            user_email=visitor.user.email.value,
            account=visitor.membership,
            accounts=visitor.user.active_memberships,
            suspended=visitor.user.suspended_memberships,
        )

    @property
    def is_admin(self) -> bool:
        """Check whether the user may manage the open account."""
        return self.account is not None and self.account.role.manages
