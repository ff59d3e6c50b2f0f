"""Parts that the flows share: stores, gateways and password rules, built by need."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.bootstrap.by_need import by_need
from chalicelib.bootstrap.clients import aws_client
from chalicelib.bootstrap.passwords import password_hasher, password_policy
from chalicelib.bootstrap.saml import saml_keys

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.passwords.policy import PasswordPolicy
    from chalicelib.domain.sign_in.attempt_keys import AttemptKeyMaker
    from chalicelib.domain.sign_in.counter_keys import AddressKeys
    from chalicelib.domain.sign_in.known_browser import DeviceCookies
    from chalicelib.gateways.dns import TxtLookup
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.services.sign_in.new_session import NewSession
    from chalicelib.services.sign_in.password_check import PasswordCheck
    from chalicelib.settings import Settings
    from chalicelib.storage.accounts.accounts import Accounts
    from chalicelib.storage.accounts.invitations import Invitations
    from chalicelib.storage.audit.hourly_caps import HourlyCaps
    from chalicelib.storage.audit.trail import AuditWriter
    from chalicelib.storage.joining.email_changes import EmailChanges
    from chalicelib.storage.joining.sign_ups import SignUps
    from chalicelib.storage.keys.api_keys import ApiKeys
    from chalicelib.storage.mail.suppressions import Suppressions
    from chalicelib.storage.operators.deletion_records import Deletions
    from chalicelib.storage.sessions.sessions import Sessions
    from chalicelib.storage.sso.connections import SsoConnections
    from chalicelib.storage.sso.domains import AccountDomains
    from chalicelib.storage.sso.refusals import SsoRefusals
    from chalicelib.storage.users.account_admin import AccountAdmins
    from chalicelib.storage.users.credentials import Credentials
    from chalicelib.storage.users.links import Links
    from chalicelib.storage.users.lockout import Attempts
    from chalicelib.storage.users.old_failures import OldFailures
    from chalicelib.storage.users.users import SsoDomainLookup, Users

# Of refused SSO responses, so many an hour are listed for one account; the rest are counted.
_SSO_REFUSALS_LISTED = 60
# So many notices of a sign-in in a new browser one user gets in an hour.
_SIGN_IN_NOTICES = 1
# The count of consecutive failures doesn't expire by rule (`B4`). Untouched for so long, its row is
# deleted, unless it is a user's and full.
_ATTEMPTS_KEPT = timedelta(days=400)


class Shared:
    """The parts of one process; raises SettingsError for an invalid setting."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        from chalicelib.storage.dynamo.connection import open_tables

        self.settings = settings
        self.clock = clock
        # Built now: an invalid pepper, cost or key pair must stop the start, not a later sign-in.
        # None of these loads argon2 or the XML libraries.
        self.hasher = password_hasher(settings)
        self.saml_keys = saml_keys(settings)
        # Opened now: it sets the models' tables, also for stores that don't get the connection.
        self.connection = open_tables(settings.table_prefix, settings.region)

    @by_need
    def accounts(self) -> Accounts:
        from chalicelib.storage.accounts.accounts import Accounts

        return Accounts(self.connection)

    @by_need
    def address_keys(self) -> AddressKeys:
        from chalicelib.domain.sign_in.counter_keys import AddressKeys

        return AddressKeys(self.settings.address_key)

    @by_need
    def audit(self) -> AuditWriter:
        from chalicelib.storage.audit.trail import AuditWriter

        return AuditWriter(self.settings.audit_kept)

    @by_need
    def api_key_store(self) -> ApiKeys:
        from chalicelib.storage.keys.api_keys import ApiKeys

        return ApiKeys(self.connection, self.audit)

    @by_need
    def attempt_keys(self) -> AttemptKeyMaker:
        from chalicelib.domain.sign_in.attempt_keys import AttemptKeyMaker

        return AttemptKeyMaker(self.address_keys)

    @by_need
    def old_failures(self) -> OldFailures:
        from chalicelib.storage.users.old_failures import OldFailures

        return OldFailures(self.attempt_keys)

    @by_need
    def attempts(self) -> Attempts:
        from chalicelib.domain.sign_in.lockout import AttemptRules
        from chalicelib.storage.users.lockout import Attempts

        chosen = self.settings
        rules = AttemptRules(
            attempts=chosen.lockout_attempts,
            window=chosen.lockout_window,
            lockout=chosen.lockout,
            consecutive=chosen.consecutive_failures_max,
            source_failures=chosen.source_failures,
            source_window=chosen.source_window,
        )
        return Attempts(self.connection, rules, _ATTEMPTS_KEPT)

    @by_need
    def credentials(self) -> Credentials:
        from chalicelib.storage.users.credentials import Credentials

        return Credentials(self.connection)

    @by_need
    def devices(self) -> DeviceCookies:
        from chalicelib.domain.sign_in.known_browser import DeviceCookies

        return DeviceCookies(self.settings.cookie_keys)

    @by_need
    def domains(self) -> SsoDomainLookup:
        from chalicelib.storage.users.users import SsoDomainLookup

        return SsoDomainLookup()

    @by_need
    def invitation_store(self) -> Invitations:
        from chalicelib.storage.accounts.invitations import Invitations

        return Invitations(self.connection, self.audit)

    @by_need
    def links(self) -> Links:
        from chalicelib.storage.users.links import Links

        return Links()

    @by_need
    def users(self) -> Users:
        from chalicelib.storage.users.users import Users

        return Users(self.connection)

    @by_need
    def sessions(self) -> Sessions:
        from chalicelib.domain.sign_in.session import SessionLimits
        from chalicelib.storage.sessions.sessions import Sessions

        limits = SessionLimits(self.settings.session_idle, self.settings.session_max)
        return Sessions(self.connection, limits, self.audit)

    @by_need
    def sign_ups(self) -> SignUps:
        from chalicelib.domain.sign_in.sign_up import SIGN_UP_WAITS
        from chalicelib.storage.joining.sign_ups import SignUps

        lifetime = SIGN_UP_WAITS + self.settings.confirm_link
        return SignUps(self.connection, lifetime, self.audit)

    @by_need
    def queue(self) -> JobQueue:
        from chalicelib.gateways.mail.queue import JobQueue

        return JobQueue(aws_client("sqs", self.settings), self.settings.mail_queue_url)

    @by_need
    def mailer(self) -> Mailer:
        from chalicelib.gateways.mail.mailer import Mailer
        from chalicelib.gateways.mail.ses import Ses
        from chalicelib.services.mail.gate import MailGate

        chosen = self.settings
        return Mailer(
            Ses(aws_client("ses", chosen), chosen.mail_configuration_set),
            chosen.mail_from,
            chosen.product_name,
            chosen.brand_accent,
            chosen.mail_language,
            MailGate(self.suppressions, self.clock).reason_to_stop,
        )

    @by_need
    def suppressions(self) -> Suppressions:
        from chalicelib.storage.mail.suppressions import Suppressions

        return Suppressions()

    @by_need
    def source_mails(self) -> HourlyCaps:
        from chalicelib.storage.audit.hourly_caps import HourlyCaps

        maximum = self.settings.source_mails_per_hour
        return HourlyCaps(maximum, timedelta(hours=1), counted="source_mails")

    @by_need
    def policy(self) -> PasswordPolicy:
        return password_policy(self.settings)

    @by_need
    def password_check(self) -> PasswordCheck:
        from chalicelib.services.sign_in.password_check import PasswordCheck

        return PasswordCheck(
            self.attempts, self.attempt_keys, self.devices, self.queue, self.hasher
        )

    @by_need
    def new_session(self) -> NewSession:
        from chalicelib.services.sign_in.new_session import NewSession
        from chalicelib.storage.audit.hourly_caps import HourlyCaps

        return NewSession(
            sessions=self.sessions,
            devices=self.devices,
            queue=self.queue,
            mailer=self.mailer,
            notices=HourlyCaps(_SIGN_IN_NOTICES, timedelta(hours=1), counted="sign_in_notices"),
            address_keys=self.address_keys,
            many_failures=self.settings.lockout_attempts,
        )

    @by_need
    def email_changes(self) -> EmailChanges:
        from chalicelib.storage.joining.email_changes import EmailChanges

        return EmailChanges(self.connection)

    @by_need
    def account_admins(self) -> AccountAdmins:
        from chalicelib.storage.users.account_admin import AccountAdmins

        return AccountAdmins(self.connection)

    @by_need
    def deletions(self) -> Deletions:
        from chalicelib.storage.operators.deletion_records import Deletions

        return Deletions(self.connection, self.audit, self.address_keys)

    @by_need
    def sso_connections(self) -> SsoConnections:
        from chalicelib.storage.sso.connections import SsoConnections

        return SsoConnections(self.connection, self.audit)

    @by_need
    def sso_refusals(self) -> SsoRefusals:
        from chalicelib.storage.audit.hourly_caps import HourlyCaps
        from chalicelib.storage.sso.refusals import SsoRefusals

        listed = HourlyCaps(_SSO_REFUSALS_LISTED, timedelta(hours=1), counted="sso_refusals")
        return SsoRefusals(self.connection, self.audit, listed)

    @by_need
    def account_domains(self) -> AccountDomains:
        from chalicelib.storage.sso.domains import AccountDomains

        return AccountDomains(self.connection, self.audit)

    @by_need
    def look_up_txt(self) -> TxtLookup:
        from chalicelib.gateways.dns import TxtLookup

        return TxtLookup(self.settings.dns_server)
