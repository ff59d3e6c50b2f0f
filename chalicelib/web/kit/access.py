"""Who may make which call: the one inventory of every route.

A route that isn't listed here can't be registered, so the app doesn't start with one. The
blueprints let a caller through by it before a view runs, the tests make every call as every kind of
caller by it, and `docs/authorization.md` is printed from it.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Access(Enum):
    """Who may make a call; being let through still means one's own account."""

    ANYONE = "anyone"
    API_KEY = "a good API key"
    SIGNED_IN = "whoever is signed in"
    MEMBER = "whoever has an account open"
    MANAGER = "its owner or admins, in the account that they have open"
    OWNER = "its owner, in the account that they have open"


# What asks for more than anyone brings: an emailed link, a right password, a stale proof, is
# decided by the flow itself.
INVENTORY: Mapping[str, Access] = {
    "GET /health": Access.ANYONE,
    "GET /static/{name}": Access.ANYONE,
    "GET /docs": Access.ANYONE,
    "GET /docs/reference": Access.ANYONE,
    "GET /docs/console": Access.ANYONE,
    # Signing in and up
    "GET /sign-in": Access.ANYONE,
    "POST /sign-in": Access.ANYONE,
    "POST /sign-out": Access.ANYONE,
    "GET /sign-up": Access.ANYONE,
    "POST /sign-up": Access.ANYONE,
    "GET /check-your-email": Access.ANYONE,
    "POST /check-your-email": Access.ANYONE,
    "POST /auth/identify": Access.ANYONE,
    "POST /auth/sign_in": Access.ANYONE,
    "POST /auth/sign_up": Access.ANYONE,
    # Emailed links
    "GET /email-confirmation": Access.ANYONE,
    "POST /email-confirmation": Access.ANYONE,
    "POST /auth/email_confirmation/request": Access.ANYONE,
    "POST /auth/email_confirmation": Access.ANYONE,
    "GET /password-reset": Access.ANYONE,
    "POST /password-reset": Access.ANYONE,
    "POST /auth/password_reset/request": Access.ANYONE,
    "POST /auth/password_reset": Access.ANYONE,
    "GET /account-unlock": Access.ANYONE,
    "POST /account-unlock": Access.ANYONE,
    "POST /auth/account_unlock/request": Access.ANYONE,
    "POST /auth/account_unlock": Access.ANYONE,
    "GET /email-change/stop": Access.ANYONE,
    "POST /email-change/stop": Access.ANYONE,
    "POST /auth/email_change/stop": Access.ANYONE,
    "GET /email-change/undo": Access.ANYONE,
    "POST /email-change/undo": Access.ANYONE,
    "POST /auth/email_change/undo": Access.ANYONE,
    "GET /invitation": Access.ANYONE,
    "POST /invitation": Access.ANYONE,
    "POST /auth/invitation": Access.ANYONE,
    # One's own session and person
    "GET /auth/session": Access.SIGNED_IN,
    # Signing out answers alike whether or not there is still a session to end.
    "DELETE /auth/session": Access.ANYONE,
    "POST /auth/session/account": Access.SIGNED_IN,
    "POST /auth/session/proof": Access.SIGNED_IN,
    "GET /auth/sessions": Access.SIGNED_IN,
    "DELETE /auth/sessions": Access.SIGNED_IN,
    "DELETE /auth/sessions/{session_id}": Access.SIGNED_IN,
    "GET /proof": Access.SIGNED_IN,
    "POST /proof": Access.SIGNED_IN,
    "PATCH /auth/profile": Access.SIGNED_IN,
    "POST /auth/profile/password": Access.SIGNED_IN,
    "POST /auth/profile/email": Access.SIGNED_IN,
    "GET /profile": Access.SIGNED_IN,
    "POST /profile": Access.SIGNED_IN,
    "POST /profile/email": Access.SIGNED_IN,
    "POST /profile/password": Access.SIGNED_IN,
    "POST /profile/sessions/{session_id}/end": Access.SIGNED_IN,
    "POST /profile/sessions/end-others": Access.SIGNED_IN,
    "GET /.well-known/change-password": Access.ANYONE,
    "GET /accounts": Access.SIGNED_IN,
    "POST /accounts": Access.SIGNED_IN,
    "GET /accounts/new": Access.SIGNED_IN,
    "POST /accounts/new": Access.SIGNED_IN,
    "POST /auth/accounts": Access.SIGNED_IN,
    "GET /": Access.SIGNED_IN,
    # Single sign-on
    "GET /sso/{connection_id}/start": Access.ANYONE,
    "POST /sso/{connection_id}/acs": Access.ANYONE,
    "GET /sso/{connection_id}/metadata": Access.ANYONE,
    "GET /proof/single-sign-on": Access.SIGNED_IN,
    "GET /settings/single-sign-on/test": Access.MANAGER,
    "GET /api/v1/sso": Access.MANAGER,
    "PUT /api/v1/sso": Access.MANAGER,
    "DELETE /api/v1/sso": Access.MANAGER,
    "GET /api/v1/sso/domains": Access.MANAGER,
    "POST /api/v1/sso/domains": Access.MANAGER,
    "POST /api/v1/sso/domains/{domain}/verify": Access.MANAGER,
    "DELETE /api/v1/sso/domains/{domain}": Access.MANAGER,
    "GET /settings/single-sign-on": Access.MANAGER,
    "POST /settings/single-sign-on": Access.MANAGER,
    "POST /settings/single-sign-on/enforce": Access.MANAGER,
    "POST /settings/single-sign-on/relax": Access.MANAGER,
    "GET /settings/single-sign-on/delete": Access.MANAGER,
    "POST /settings/single-sign-on/delete": Access.MANAGER,
    "POST /settings/single-sign-on/domains": Access.MANAGER,
    "POST /settings/single-sign-on/domains/verify": Access.MANAGER,
    "POST /settings/single-sign-on/domains/remove": Access.MANAGER,
    # API keys
    "GET /api/v1/api_keys": Access.MANAGER,
    "POST /api/v1/api_keys": Access.MANAGER,
    "DELETE /api/v1/api_keys/{key_id}": Access.MANAGER,
    "POST /api/v1/api_keys/leaked": Access.ANYONE,
    "GET /settings/api-keys": Access.MANAGER,
    "POST /settings/api-keys": Access.MANAGER,
    "GET /settings/api-keys/{key_id}/delete": Access.MANAGER,
    "POST /settings/api-keys/{key_id}/delete": Access.MANAGER,
    # Workspaces
    "POST /api/v1/workspaces": Access.MANAGER,
    "PATCH /api/v1/workspaces/{workspace_id}": Access.MANAGER,
    "DELETE /api/v1/workspaces/{workspace_id}": Access.MANAGER,
    "GET /settings/workspaces": Access.MANAGER,
    "POST /settings/workspaces": Access.MANAGER,
    "GET /settings/workspaces/{workspace_id}": Access.MANAGER,
    "POST /settings/workspaces/{workspace_id}": Access.MANAGER,
    "GET /settings/workspaces/{workspace_id}/delete": Access.MANAGER,
    "POST /settings/workspaces/{workspace_id}/delete": Access.MANAGER,
    # Invitations
    "GET /api/v1/invitations": Access.MANAGER,
    "POST /api/v1/invitations": Access.MANAGER,
    "POST /api/v1/invitations/{invitation_id}/resend": Access.MANAGER,
    "DELETE /api/v1/invitations/{invitation_id}": Access.MANAGER,
    "GET /settings/members/invite": Access.MANAGER,
    "POST /settings/members/invite": Access.MANAGER,
    "POST /settings/invitations/{invitation_id}/resend": Access.MANAGER,
    "POST /settings/invitations/{invitation_id}/revoke": Access.MANAGER,
    # The audit trail
    "GET /api/v1/audit_events": Access.MANAGER,
    "GET /settings/audit-log": Access.MANAGER,
    "POST /settings/audit-log/export": Access.MANAGER,
    # Members
    "GET /api/v1/members": Access.MANAGER,
    "PATCH /api/v1/members/{user_id}": Access.MANAGER,
    "DELETE /api/v1/members/{user_id}": Access.MANAGER,
    "POST /api/v1/members/{user_id}/suspend": Access.MANAGER,
    "POST /api/v1/members/{user_id}/reactivate": Access.MANAGER,
    "POST /api/v1/account/transfer_ownership": Access.OWNER,
    "GET /settings/members": Access.MANAGER,
    "GET /settings/members/{user_id}": Access.MANAGER,
    "POST /settings/members/{user_id}": Access.MANAGER,
    "POST /settings/members/{user_id}/suspend": Access.MANAGER,
    "POST /settings/members/{user_id}/reactivate": Access.MANAGER,
    "GET /settings/members/{user_id}/remove": Access.MANAGER,
    "POST /settings/members/{user_id}/remove": Access.MANAGER,
    "GET /settings/members/{user_id}/ownership": Access.OWNER,
    "POST /settings/members/{user_id}/ownership": Access.OWNER,
    "POST /settings/handover/stop": Access.OWNER,
    "GET /settings/delete-account": Access.MANAGER,
    "POST /settings/delete-account": Access.OWNER,
    "POST /settings/delete-account/cancel": Access.OWNER,
    "POST /auth/session/account/leave": Access.MEMBER,
    "GET /profile/leave": Access.MEMBER,
    "POST /profile/leave": Access.MEMBER,
    # The public API
    "GET /api/v1/openapi.json": Access.ANYONE,
    "GET /api/v1/account": Access.API_KEY,
    "GET /api/v1/workspaces": Access.API_KEY,
    "GET /api/v1/workspaces/{workspace_id}": Access.API_KEY,
    "GET /api/v1/records": Access.API_KEY,
    "GET /api/v1/records/{record_id}": Access.API_KEY,
}


class UnlistedRouteError(LookupError):
    """A route is missing from the inventory, or its methods are for different callers."""


def access_to(path: str, methods: Iterable[str]) -> Access:
    """Look up who may call a route; raises UnlistedRouteError. HEAD is what GET is."""
    calls = [f"{method} {path}" for method in methods if method != "HEAD"]
    found = {INVENTORY.get(call) for call in calls}
    (access,) = found if len(found) == 1 else (None,)
    if access is None:
        message = f"web/access.py must say who may call {' and '.join(calls)}, alike for each."
        raise UnlistedRouteError(message)
    return access
