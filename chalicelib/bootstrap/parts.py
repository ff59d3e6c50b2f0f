"""What the flows are made of: every part once, and each flow out of them.

Imports of storage and gateways stand inside functions: they bring pynamodb, botocore and argon2,
which `import app` and the routes that don't need them must not pay for.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.clients import aws_client
from chalicelib.bootstrap.passwords import password_hasher, password_policy
from chalicelib.bootstrap.saml import saml_keys

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.gateways.dns import TxtLookup
    from chalicelib.services.accounts.accounts import AccountService
    from chalicelib.services.accounts.handovers import HandoverService
    from chalicelib.services.accounts.invitations import InvitationService
    from chalicelib.services.accounts.joining import JoiningService
    from chalicelib.services.accounts.members import MemberService
    from chalicelib.services.accounts.workspaces import WorkspaceService
    from chalicelib.services.audit.log import AuditLogService
    from chalicelib.services.audit.mail_cap import MailCapService
    from chalicelib.services.audit.personal_events import PersonalEventService
    from chalicelib.services.keys.manage import ApiKeyService
    from chalicelib.services.keys.public_api import PublicApiService
    from chalicelib.services.sign_in.email_change import EmailChangeService
    from chalicelib.services.sign_in.email_confirmation import EmailConfirmationService
    from chalicelib.services.sign_in.password import SignInService
    from chalicelib.services.sign_in.password_check import PasswordCheck
    from chalicelib.services.sign_in.password_reset import PasswordResetService
    from chalicelib.services.sign_in.profile import ProfileService
    from chalicelib.services.sign_in.sessions import SessionService
    from chalicelib.services.sign_in.sign_up import SignUpService
    from chalicelib.services.sign_in.unlock import UnlockService
    from chalicelib.services.sso.domains import SsoDomainService, SsoWatchService
    from chalicelib.services.sso.settings import SsoSettingsService
    from chalicelib.services.sso.sign_in import SsoSignInService
    from chalicelib.settings import Settings
    from chalicelib.storage.joining.email_changes import EmailChanges
    from chalicelib.storage.sso.connections import SsoConnections
    from chalicelib.storage.sso.domains import AccountDomains
    from chalicelib.storage.sso.refusals import SsoRefusals
    from chalicelib.storage.users.account_admin import AccountAdmins

_MAIL_WINDOW = timedelta(hours=1)
# To an address that signs in here already, a day: a stranger's sign-ups must not fill its mailbox.
_TAKEN_MAILS = 1
# Of sign-ins in new browsers, in that time, to one person.
_SIGN_IN_NOTICES = 1
# Of a provider's new link to a user, in that time, from one account.
_SSO_NOTICES = 5
# Of refused responses of a company's sign-in, an hour, for one account: the rest are counted.
_SSO_REFUSALS_LISTED = 60
# Of the attempts that a lock refuses, an hour, for one person: a flood must not fill their trails.
_REFUSALS_TOLD = 60
# The count of consecutive failures has no time of its own (`B4`); untouched for so long, it goes,
# unless it is a person's and full.
_ATTEMPTS_KEPT = timedelta(days=400)


class Parts:
    """What the flows share, made once; imports stand here because this is where they cost."""

    def __init__(self, chosen: Settings, clock: Clock) -> None:
        from chalicelib.domain.sign_in.counter_keys import AddressKeys
        from chalicelib.domain.sign_in.known_browser import DeviceCookies
        from chalicelib.domain.sign_in.lockout import AttemptRules
        from chalicelib.domain.sign_in.session import SessionLimits
        from chalicelib.domain.sign_in.sign_up import SIGN_UP_WAITS
        from chalicelib.gateways.mail.mailer import Mailer
        from chalicelib.gateways.mail.queue import JobQueue
        from chalicelib.gateways.mail.ses import Ses
        from chalicelib.storage.accounts.accounts import Accounts
        from chalicelib.storage.accounts.invitations import Invitations
        from chalicelib.storage.audit.trail import AuditWriter
        from chalicelib.storage.dynamo.connection import open_tables
        from chalicelib.storage.joining.sign_ups import SignUps
        from chalicelib.storage.keys.api_keys import ApiKeys
        from chalicelib.storage.sessions.sessions import Sessions
        from chalicelib.storage.users.credentials import Credentials
        from chalicelib.storage.users.links import Links
        from chalicelib.storage.users.lockout import AttemptKeyMaker, Attempts
        from chalicelib.storage.users.old_failures import OldFailures
        from chalicelib.storage.users.users import SsoDomainLookup, Users

        rules = AttemptRules(
            attempts=chosen.lockout_attempts,
            window=chosen.lockout_window,
            lockout=chosen.lockout,
            consecutive=chosen.consecutive_failures_max,
            source_failures=chosen.source_failures,
            source_window=chosen.source_window,
        )
        connection = open_tables(chosen.table_prefix, chosen.region)
        self.settings = chosen
        self.clock = clock
        self.accounts = Accounts(connection)
        self.address_keys = AddressKeys(chosen.address_key)
        self.trail = AuditWriter(chosen.audit_kept)
        self.api_key_store = ApiKeys(connection, self.trail)
        self.attempt_keys = AttemptKeyMaker(self.address_keys)
        self.connection = connection
        self.old_failures = OldFailures(self.attempt_keys)
        self.attempts = Attempts(connection, rules, _ATTEMPTS_KEPT)
        self.credentials = Credentials(connection)
        self.devices = DeviceCookies(chosen.cookie_keys)
        self.domains = SsoDomainLookup()
        self.invitation_store = Invitations(connection, self.trail)
        self.links = Links()
        self.users = Users(connection)
        self.sessions = Sessions(
            connection, SessionLimits(chosen.session_idle, chosen.session_max), self.trail
        )
        self.sign_ups = SignUps(connection, SIGN_UP_WAITS + chosen.confirm_link, self.trail)
        self.queue = JobQueue(aws_client("sqs", chosen), chosen.mail_queue_url)
        self.mailer = Mailer(
            Ses(aws_client("ses", chosen)),
            chosen.mail_from,
            chosen.product_name,
            chosen.brand_accent,
            chosen.mail_language,
        )
        self.policy = password_policy(chosen)
        self.hasher = password_hasher(chosen)
        self.saml_keys = saml_keys(chosen)

    @cached_property
    def password_check(self) -> PasswordCheck:
        from chalicelib.services.sign_in.password_check import PasswordCheck

        return PasswordCheck(
            self.attempts, self.attempt_keys, self.devices, self.queue, self.hasher
        )

    def sign_in(self) -> SignInService:
        from chalicelib.services.sign_in.password import SignInService
        from chalicelib.storage.audit.hourly_caps import HourlyCaps

        return SignInService(
            users=self.users,
            domains=self.domains,
            sessions=self.sessions,
            check=self.password_check,
            devices=self.devices,
            queue=self.queue,
            mailer=self.mailer,
            hasher=self.hasher,
            clock=self.clock,
            notices=HourlyCaps(_SIGN_IN_NOTICES, _MAIL_WINDOW, counted="sign_in_notices"),
            address_keys=self.address_keys,
        )

    def sign_up(self) -> SignUpService:
        from chalicelib.services.sign_in.sign_up import SignUpService
        from chalicelib.storage.audit.hourly_caps import HourlyCaps

        return SignUpService(
            sign_ups=self.sign_ups,
            users=self.users,
            links=self.links,
            attempt_keys=self.attempt_keys,
            devices=self.devices,
            taken_mails=HourlyCaps(_TAKEN_MAILS, timedelta(days=1), counted="taken_mails"),
            queue=self.queue,
            mailer=self.mailer,
            hasher=self.hasher,
            policy=self.policy,
            clock=self.clock,
            product_name=self.settings.product_name,
            public_url=self.settings.public_url,
            link_lifetime=self.settings.confirm_link,
        )

    def email_confirmation(self) -> EmailConfirmationService:
        from chalicelib.services.sign_in.email_confirmation import EmailConfirmationService

        return EmailConfirmationService(
            links=self.links,
            sign_ups=self.sign_ups,
            users=self.users,
            domains=self.domains,
            changes=self.email_changes,
            old_failures=self.old_failures,
            check=self.password_check,
            devices=self.devices,
            queue=self.queue,
            clock=self.clock,
            undo_lifetime=self.settings.email_change_undo,
        )

    @cached_property
    def email_changes(self) -> EmailChanges:
        from chalicelib.storage.joining.email_changes import EmailChanges

        return EmailChanges(self.connection)

    def email_change(self) -> EmailChangeService:
        from chalicelib.services.sign_in.email_change import EmailChangeService

        return EmailChangeService(
            users=self.users,
            links=self.links,
            changes=self.email_changes,
            check=self.password_check,
            queue=self.queue,
            mailer=self.mailer,
            clock=self.clock,
            public_url=self.settings.public_url,
            link_lifetime=self.settings.email_change_link,
            undo_lifetime=self.settings.email_change_undo,
        )

    def account_unlock(self) -> UnlockService:
        from chalicelib.services.sign_in.unlock import UnlockService

        return UnlockService(
            users=self.users,
            links=self.links,
            credentials=self.credentials,
            attempts=self.attempts,
            attempt_keys=self.attempt_keys,
            devices=self.devices,
            queue=self.queue,
            mailer=self.mailer,
            clock=self.clock,
            public_url=self.settings.public_url,
            link_lifetime=self.settings.unlock_link,
        )

    def password_reset(self) -> PasswordResetService:
        from chalicelib.services.sign_in.password_reset import PasswordResetService

        return PasswordResetService(
            users=self.users,
            links=self.links,
            credentials=self.credentials,
            attempt_keys=self.attempt_keys,
            devices=self.devices,
            queue=self.queue,
            mailer=self.mailer,
            hasher=self.hasher,
            policy=self.policy,
            clock=self.clock,
            product_name=self.settings.product_name,
            public_url=self.settings.public_url,
            link_lifetime=self.settings.reset_link,
        )

    def profile(self) -> ProfileService:
        from chalicelib.services.sign_in.profile import ProfileService

        return ProfileService(
            users=self.users,
            sessions=self.sessions,
            credentials=self.credentials,
            check=self.password_check,
            devices=self.devices,
            queue=self.queue,
            hasher=self.hasher,
            policy=self.policy,
            clock=self.clock,
            product_name=self.settings.product_name,
        )

    def session_service(self) -> SessionService:
        from chalicelib.services.sign_in.sessions import SessionService

        return SessionService(
            sessions=self.sessions,
            users=self.users,
            devices=self.devices,
            queue=self.queue,
            clock=self.clock,
            proof=self.settings.proof,
            public_url=self.settings.public_url,
        )

    def api_keys(self) -> ApiKeyService:
        from chalicelib.services.keys.manage import ApiKeyService

        return ApiKeyService(
            keys=self.api_key_store,
            accounts=self.accounts,
            managers=self.managers,
            queue=self.queue,
            mailer=self.mailer,
            clock=self.clock,
            proof=self.settings.proof,
        )

    def own_accounts(self) -> AccountService:
        from chalicelib.services.accounts.accounts import AccountService
        from chalicelib.storage.accounts.new_accounts import NewAccounts

        made = NewAccounts(self.connection, self.sessions, self.trail)
        return AccountService(made, self.clock)

    def workspaces(self) -> WorkspaceService:
        from chalicelib.services.accounts.workspaces import WorkspaceService
        from chalicelib.storage.accounts.workspaces import Workspaces

        store = Workspaces(self.connection, self.trail)
        return WorkspaceService(store, self.clock, self.settings.proof)

    def invitations(self) -> InvitationService:
        from chalicelib.services.accounts.invitations import InvitationService

        return InvitationService(
            invitations=self.invitation_store,
            users=self.users,
            links=self.links,
            queue=self.queue,
            mailer=self.mailer,
            clock=self.clock,
            proof=self.settings.proof,
            public_url=self.settings.public_url,
            link_lifetime=self.settings.invitation,
        )

    def joining(self) -> JoiningService:
        from chalicelib.services.accounts.joining import JoiningService
        from chalicelib.storage.joining.invitation_acceptance import Joins

        return JoiningService(
            links=self.links,
            invitations=self.invitation_store,
            domains=self.domains,
            joins=Joins(self.connection, self.trail),
            old_failures=self.old_failures,
            hasher=self.hasher,
            policy=self.policy,
            clock=self.clock,
            product_name=self.settings.product_name,
        )

    def members(self) -> MemberService:
        from chalicelib.services.accounts.members import MemberService
        from chalicelib.storage.accounts.members import Members

        return MemberService(
            members=Members(self.connection, self.trail),
            sessions=self.sessions,
            queue=self.queue,
            mailer=self.mailer,
            clock=self.clock,
            proof=self.settings.proof,
        )

    def handovers(self) -> HandoverService:
        from chalicelib.services.accounts.handovers import HandoverService
        from chalicelib.storage.operators.handovers import Handovers

        return HandoverService(
            handovers=Handovers(self.connection, self.trail),
            managers=self.managers,
            queue=self.queue,
            mailer=self.mailer,
            clock=self.clock,
            proof=self.settings.proof,
            public_url=self.settings.public_url,
        )

    def public_api(self) -> PublicApiService:
        from chalicelib.services.keys.public_api import PublicApiService
        from chalicelib.storage.accounts.records import Records

        return PublicApiService(self.accounts, self.api_key_store, Records(self.connection))

    @cached_property
    def managers(self) -> AccountAdmins:
        from chalicelib.storage.users.account_admin import AccountAdmins

        return AccountAdmins(self.connection)

    @cached_property
    def sso_connections(self) -> SsoConnections:
        from chalicelib.storage.sso.connections import SsoConnections

        return SsoConnections(self.connection, self.trail)

    @cached_property
    def sso_refusals(self) -> SsoRefusals:
        from chalicelib.storage.audit.hourly_caps import HourlyCaps
        from chalicelib.storage.sso.refusals import SsoRefusals

        listed = HourlyCaps(_SSO_REFUSALS_LISTED, timedelta(hours=1), counted="sso_refusals")
        return SsoRefusals(self.connection, self.trail, listed)

    @cached_property
    def account_domains(self) -> AccountDomains:
        from chalicelib.storage.sso.domains import AccountDomains

        return AccountDomains(self.connection, self.trail)

    @cached_property
    def look_up_txt(self) -> TxtLookup:
        from chalicelib.gateways.dns import TxtLookup

        return TxtLookup(self.settings.dns_server)

    def single_sign_on(self) -> SsoSignInService:
        from chalicelib.gateways.saml.face import Saml
        from chalicelib.services.sso.sign_in import SsoSignInService
        from chalicelib.storage.audit.hourly_caps import HourlyCaps
        from chalicelib.storage.sso.sign_ins import SsoSignIns

        return SsoSignInService(
            connections=self.sso_connections,
            sign_ins=SsoSignIns(self.connection, self.sessions, self.trail),
            old_failures=self.old_failures,
            users=self.users,
            domains=self.domains,
            invitations=self.invitation_store,
            refusals=self.sso_refusals,
            queue=self.queue,
            mailer=self.mailer,
            notices=HourlyCaps(_SSO_NOTICES, _MAIL_WINDOW, counted="sso_notices"),
            address_keys=self.address_keys,
            saml=Saml(self.saml_keys),
            clock=self.clock,
            public_url=self.settings.public_url,
            product_name=self.settings.product_name,
        )

    def sso_settings(self) -> SsoSettingsService:
        from chalicelib.gateways.saml.metadata_fetch import MetadataFetch
        from chalicelib.services.sso.settings import SsoSettingsService

        return SsoSettingsService(
            connections=self.sso_connections,
            domains=self.account_domains,
            managers=self.managers,
            fetch_metadata=MetadataFetch(),
            clock=self.clock,
            proof=self.settings.proof,
            public_url=self.settings.public_url,
        )

    def sso_domains(self) -> SsoDomainService:
        from chalicelib.services.sso.domains import SsoDomainService

        return SsoDomainService(
            self.account_domains, self.look_up_txt, self.clock, self.settings.proof
        )

    def sso_watch(self) -> SsoWatchService:
        from chalicelib.services.sso.domains import SsoWatchService

        return SsoWatchService(
            domains=self.account_domains,
            connections=self.sso_connections,
            refusals=self.sso_refusals,
            accounts=self.accounts,
            managers=self.managers,
            mailer=self.mailer,
            look_up_txt=self.look_up_txt,
            clock=self.clock,
        )

    def mail_cap(self) -> MailCapService:
        from chalicelib.services.audit.mail_cap import MailCapService
        from chalicelib.storage.audit.hourly_caps import HourlyCaps

        maximum = self.settings.mails_per_hour
        share = (maximum + 1) // 2
        return MailCapService(
            counts=HourlyCaps(maximum, _MAIL_WINDOW),
            shares=HourlyCaps(share, _MAIL_WINDOW, counted="mail_shares"),
            extras=HourlyCaps(maximum - share, _MAIL_WINDOW, counted="mail_extras"),
            sources=HourlyCaps(
                self.settings.source_mails_per_hour, _MAIL_WINDOW, counted="source_mails"
            ),
            users=self.users,
            keys=self.address_keys,
            clock=self.clock,
        )

    def audit_log(self) -> AuditLogService:
        from chalicelib.services.audit.log import AuditLogService
        from chalicelib.storage.audit.log import AuditLog

        log = AuditLog(self.connection, self.trail)
        return AuditLogService(log, self.users, self.clock)

    def personal_events(self) -> PersonalEventService:
        from chalicelib.services.audit.personal_events import PersonalEventService
        from chalicelib.storage.audit.hourly_caps import HourlyCaps

        told = HourlyCaps(_REFUSALS_TOLD, timedelta(hours=1), counted="refusals")
        return PersonalEventService(self.users, self.trail, told)
