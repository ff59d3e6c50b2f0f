"""Terminus Hub authentication: the table of contents."""

from __future__ import annotations

from chalice import Chalice

from chalicelib.events.mail import mail_worker
from chalicelib.events.schedule import scheduled_work
from chalicelib.web.api.api_keys import api_keys_api
from chalicelib.web.api.audit_events import audit_events_api
from chalicelib.web.api.email_change import email_change_api
from chalicelib.web.api.health import health_api
from chalicelib.web.api.invitations import invitations_api
from chalicelib.web.api.joining import joining_api
from chalicelib.web.api.members import members_api
from chalicelib.web.api.openapi import openapi_api
from chalicelib.web.api.password_reset import password_reset_api
from chalicelib.web.api.profile import profile_api
from chalicelib.web.api.public import public_api
from chalicelib.web.api.session import session_api
from chalicelib.web.api.sign_in import sign_in_api
from chalicelib.web.api.sign_up import sign_up_api
from chalicelib.web.api.sso import sso_api
from chalicelib.web.api.workspaces import workspaces_api
from chalicelib.web.authorizer import authorizers
from chalicelib.web.headers import finish_answer
from chalicelib.web.other_methods import refuse_other_methods
from chalicelib.web.pages.accounts import accounts_pages
from chalicelib.web.pages.api_keys import api_keys_pages
from chalicelib.web.pages.assets import assets_pages
from chalicelib.web.pages.audit_log import audit_log_pages
from chalicelib.web.pages.docs import docs_pages
from chalicelib.web.pages.email_change import email_change_pages
from chalicelib.web.pages.home import home_pages
from chalicelib.web.pages.invitations import invitations_pages
from chalicelib.web.pages.joining import joining_pages
from chalicelib.web.pages.leave_account import leave_account_pages
from chalicelib.web.pages.members import members_pages
from chalicelib.web.pages.new_account import new_account_pages
from chalicelib.web.pages.password_reset import password_reset_pages
from chalicelib.web.pages.profile import profile_pages
from chalicelib.web.pages.proof import proof_pages
from chalicelib.web.pages.sign_in import sign_in_pages
from chalicelib.web.pages.sign_up import sign_up_pages
from chalicelib.web.pages.single_sign_on import single_sign_on_pages
from chalicelib.web.pages.sso import sso_pages
from chalicelib.web.pages.workspaces import workspaces_pages

app = Chalice(app_name="terminus-hub-auth", configure_logs=False)

for blueprint in (
    health_api,
    sign_in_api,
    sign_up_api,
    session_api,
    profile_api,
    password_reset_api,
    email_change_api,
    authorizers,
    api_keys_api,
    audit_events_api,
    workspaces_api,
    invitations_api,
    joining_api,
    members_api,
    public_api,
    sso_api,
    openapi_api,
    sign_in_pages,
    sign_up_pages,
    password_reset_pages,
    email_change_pages,
    accounts_pages,
    new_account_pages,
    home_pages,
    proof_pages,
    profile_pages,
    sso_pages,
    single_sign_on_pages,
    api_keys_pages,
    audit_log_pages,
    workspaces_pages,
    invitations_pages,
    joining_pages,
    members_pages,
    leave_account_pages,
    docs_pages,
    assets_pages,
    mail_worker,
    scheduled_work,
):
    app.register_blueprint(blueprint)

app.register_middleware(finish_answer, "http")
refuse_other_methods(app)
