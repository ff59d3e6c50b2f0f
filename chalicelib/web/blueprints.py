"""Every blueprint of API and pages, in the order of registration.

Not in the package's `__init__`, because the API key authorizer is in this package, and its cold
start must not load them (decision 110).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.web.api.accounts.invitations import invitations_api
from chalicelib.web.api.accounts.joining import joining_api
from chalicelib.web.api.accounts.members import members_api
from chalicelib.web.api.accounts.workspaces import workspaces_api
from chalicelib.web.api.audit.audit_events import audit_events_api
from chalicelib.web.api.health import health_api
from chalicelib.web.api.keys.api_keys import api_keys_api
from chalicelib.web.api.keys.public import public_api
from chalicelib.web.api.sign_in.email_change import email_change_api
from chalicelib.web.api.sign_in.password_reset import password_reset_api
from chalicelib.web.api.sign_in.profile import profile_api
from chalicelib.web.api.sign_in.session import session_api
from chalicelib.web.api.sign_in.sign_in import sign_in_api
from chalicelib.web.api.sign_in.sign_up import sign_up_api
from chalicelib.web.api.sso.settings import sso_api
from chalicelib.web.authorizer import authorizers
from chalicelib.web.contract.docs_pages import docs_pages
from chalicelib.web.contract.openapi import openapi_api
from chalicelib.web.pages.accounts.accounts import accounts_pages
from chalicelib.web.pages.accounts.delete_account import delete_account_pages
from chalicelib.web.pages.accounts.home import home_pages
from chalicelib.web.pages.accounts.invitations import invitations_pages
from chalicelib.web.pages.accounts.joining import joining_pages
from chalicelib.web.pages.accounts.leave_account import leave_account_pages
from chalicelib.web.pages.accounts.members import members_pages
from chalicelib.web.pages.accounts.new_account import new_account_pages
from chalicelib.web.pages.accounts.workspaces import workspaces_pages
from chalicelib.web.pages.assets import assets_pages
from chalicelib.web.pages.audit.audit_log import audit_log_pages
from chalicelib.web.pages.keys.api_keys import api_keys_pages
from chalicelib.web.pages.sign_in.email_change import email_change_pages
from chalicelib.web.pages.sign_in.password_reset import password_reset_pages
from chalicelib.web.pages.sign_in.profile import profile_pages
from chalicelib.web.pages.sign_in.proof import proof_pages
from chalicelib.web.pages.sign_in.sign_in import sign_in_pages
from chalicelib.web.pages.sign_in.sign_up import sign_up_pages
from chalicelib.web.pages.sso.settings import sso_settings_pages
from chalicelib.web.pages.sso.sign_in import sso_sign_in_pages

if TYPE_CHECKING:
    from chalice import Blueprint

# The OpenAPI document and docs/authorization.md list the routes in this order.
BLUEPRINTS: tuple[Blueprint, ...] = (
    authorizers,
    public_api,
    api_keys_api,
    workspaces_api,
    audit_events_api,
    members_api,
    invitations_api,
    sso_api,
    openapi_api,
    sign_in_api,
    sign_up_api,
    password_reset_api,
    email_change_api,
    joining_api,
    session_api,
    profile_api,
    health_api,
    sign_in_pages,
    sign_up_pages,
    password_reset_pages,
    email_change_pages,
    accounts_pages,
    new_account_pages,
    home_pages,
    proof_pages,
    profile_pages,
    sso_sign_in_pages,
    sso_settings_pages,
    api_keys_pages,
    audit_log_pages,
    workspaces_pages,
    invitations_pages,
    joining_pages,
    members_pages,
    delete_account_pages,
    leave_account_pages,
    docs_pages,
    assets_pages,
)
