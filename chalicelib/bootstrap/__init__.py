"""The one place where the parts are put together: settings in, services out."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib import logs
from chalicelib.bootstrap.passwords import warn_of_short_passwords
from chalicelib.settings import Settings, SettingsError

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.services.accounts.accounts import AccountService
    from chalicelib.services.accounts.handovers import HandoverService
    from chalicelib.services.accounts.invitations import InvitationService
    from chalicelib.services.accounts.joining import JoiningService
    from chalicelib.services.accounts.members import MemberService
    from chalicelib.services.accounts.workspaces import WorkspaceService
    from chalicelib.services.audit.log import AuditLogService
    from chalicelib.services.audit.mail_cap import MailCapService
    from chalicelib.services.audit.personal_events import PersonalEventService
    from chalicelib.services.keys.check import KeyCheckService
    from chalicelib.services.keys.manage import ApiKeyService
    from chalicelib.services.keys.public_api import PublicApiService
    from chalicelib.services.sign_in.email_change import EmailChangeService
    from chalicelib.services.sign_in.email_confirmation import EmailConfirmationService
    from chalicelib.services.sign_in.password import SignInService
    from chalicelib.services.sign_in.password_reset import PasswordResetService
    from chalicelib.services.sign_in.profile import ProfileService
    from chalicelib.services.sign_in.sessions import SessionService
    from chalicelib.services.sign_in.sign_up import SignUpService
    from chalicelib.services.sign_in.unlock import UnlockService
    from chalicelib.services.sso.domains import SsoDomainService, SsoWatchService
    from chalicelib.services.sso.settings import SsoSettingsService
    from chalicelib.services.sso.sign_in import SsoSignInService


@dataclass(frozen=True)
class Services:
    """Every flow of the product, ready to be called."""

    settings: Settings
    clock: Clock
    sign_in: SignInService
    sign_up: SignUpService
    email_confirmation: EmailConfirmationService
    email_change: EmailChangeService
    account_unlock: UnlockService
    password_reset: PasswordResetService
    profile: ProfileService
    sessions: SessionService
    api_keys: ApiKeyService
    accounts: AccountService
    workspaces: WorkspaceService
    invitations: InvitationService
    joining: JoiningService
    members: MemberService
    handovers: HandoverService
    key_check: KeyCheckService
    public_api: PublicApiService
    mail_cap: MailCapService
    personal_events: PersonalEventService
    audit_log: AuditLogService
    single_sign_on: SsoSignInService
    sso_settings: SsoSettingsService
    sso_domains: SsoDomainService
    sso_watch: SsoWatchService


_lock = threading.Lock()
_built: Services | None = None


def services() -> Services:
    """Return this process's services, built from the environment at the first call."""
    global _built  # noqa: PLW0603 - the one process-wide object
    if _built is None:
        with _lock:
            if _built is None:
                _built = build(_with_secrets(settings()))
                warn_of_short_passwords(_built.settings)
    return _built


def key_check() -> KeyCheckService:
    """Return the check of API keys alone, which is all that the authorizer's function needs."""
    global _key_check  # noqa: PLW0603 - as above, in a function of its own
    if _built is not None:
        return _built.key_check
    if _key_check is None:
        from chalicelib.bootstrap.key_checks import build_key_check
        from chalicelib.domain.clock import utc_now

        _key_check = build_key_check(settings(), utc_now, os.environ)
    return _key_check


_key_check: KeyCheckService | None = None


def use(replacement: Services | None) -> None:
    """Put other services in their place, or none, so that the next call builds anew; for tests."""
    global _built, _settings, _key_check  # noqa: PLW0603
    _built, _key_check = replacement, None
    _settings = replacement.settings if replacement else None


_settings: Settings | None = None


def settings() -> Settings:
    """Return this process's settings; light enough for routes that need no service."""
    global _settings  # noqa: PLW0603
    if _settings is None:
        _settings = Settings.from_environ(os.environ)
        logs.configure(_settings.log_level, _settings.table_prefix)
    return _settings


def build(chosen: Settings, clock: Clock | None = None) -> Services:
    """Put the services together; raises SettingsError where a secret is missing."""
    from chalicelib.bootstrap.key_checks import build_key_check
    from chalicelib.bootstrap.parts import Parts
    from chalicelib.domain.clock import utc_now

    _demand_secrets(chosen)
    parts = Parts(chosen, clock or utc_now)
    return Services(
        settings=chosen,
        clock=parts.clock,
        sign_in=parts.sign_in(),
        sign_up=parts.sign_up(),
        email_confirmation=parts.email_confirmation(),
        email_change=parts.email_change(),
        account_unlock=parts.account_unlock(),
        password_reset=parts.password_reset(),
        profile=parts.profile(),
        sessions=parts.session_service(),
        api_keys=parts.api_keys(),
        accounts=parts.own_accounts(),
        workspaces=parts.workspaces(),
        invitations=parts.invitations(),
        joining=parts.joining(),
        members=parts.members(),
        handovers=parts.handovers(),
        key_check=build_key_check(chosen, parts.clock, os.environ),
        public_api=parts.public_api(),
        mail_cap=parts.mail_cap(),
        personal_events=parts.personal_events(),
        audit_log=parts.audit_log(),
        single_sign_on=parts.single_sign_on(),
        sso_settings=parts.sso_settings(),
        sso_domains=parts.sso_domains(),
        sso_watch=parts.sso_watch(),
    )


def _with_secrets(chosen: Settings) -> Settings:
    """Add what the secrets' path holds; the environment's own win, as a local run wants it.

    Only whole services need them: the authorizer neither pays for it nor may.
    """
    if not chosen.secrets_path:
        return chosen
    from chalicelib.bootstrap.clients import aws_client
    from chalicelib.gateways.parameter_store import read_secrets

    found = read_secrets(aws_client("ssm", chosen), chosen.secrets_path)
    given = {name: value for name, value in os.environ.items() if value}
    return Settings.from_environ(found | given)


def _demand_secrets(chosen: Settings) -> None:
    for name, value in (
        ("PASSWORD_PEPPERS", chosen.password_peppers),
        ("ADDRESS_KEY", chosen.address_key),
        ("COOKIE_KEY", chosen.cookie_keys),
    ):
        if not value:
            message = f"{name} must be set to random bytes in base64."
            raise SettingsError(message)
