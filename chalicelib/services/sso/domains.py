"""The email domains of an account: added, verified by DNS, checked daily, removed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.errors import ConflictError, NotFoundError, UnavailableError
from chalicelib.domain.mail import Mail
from chalicelib.domain.origin import Client, RequestOrigin
from chalicelib.domain.sign_in.session import require_fresh_proof
from chalicelib.domain.sso.connection import CERTIFICATE_WARNINGS, LAPSE_AFTER, AccountDomain
from chalicelib.domain.sso.email_domain import DomainProof, DomainUnprovenError, parse_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.sso.certificate import Certificate
    from chalicelib.domain.sso.connection import SsoConnection
    from chalicelib.domain.user import Account, AccountAdmin
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.storage.accounts.accounts import Accounts
    from chalicelib.storage.sso.connections import SsoConnections
    from chalicelib.storage.sso.domains import AccountDomains
    from chalicelib.storage.sso.refusals import SsoRefusals
    from chalicelib.storage.users.account_admin import AccountAdmins

_log = logging.getLogger(__name__)

_NO_ANSWER = "The DNS didn't answer. Nothing has changed; try again in a minute."
_SYSTEM = Party(PartyType.SYSTEM)
_SCHEDULE = RequestOrigin(Client("", ""), "")


@dataclass(frozen=True)
class SsoDomainService:
    """The domains of the account that an owner or admin has open."""

    domains: AccountDomains
    look_up_txt: Callable[[str], Sequence[str]]
    clock: Clock
    proof: timedelta

    def of(self, account_admin: AccountAdmin) -> list[AccountDomain]:
        """List the account's domains by name."""
        return self.domains.of(account_admin.account_id)

    def find(self, account_admin: AccountAdmin, domain: str) -> AccountDomain:
        """Return one of the account's domains; raises NotFoundError for any other."""
        return self.domains.find(account_admin.account_id, domain.lower())

    def add(self, account_admin: AccountAdmin, text: str) -> AccountDomain:
        """Add a domain and return the DNS record that verifies it.

        Raises ProofRequiredError, InvalidValueError, ConflictError, TooManyDomainsError.
        """
        self._require_proof(account_admin)
        asked = DomainProof.ask_for(parse_domain(text))
        made = AccountDomain(asked.domain, asked.token, self.clock())
        event = account_admin.event(EventName.SSO_DOMAIN_ADDED, made.created_at, _party(made))
        self.domains.add(made, account_admin, event)
        return made

    def verify(self, account_admin: AccountAdmin, account: Account, domain: str) -> AccountDomain:
        """Look the DNS record up and verify the domain.

        Raises ProofRequiredError, NotFoundError, DomainUnprovenError, and ConflictError where
        another account holds the domain.
        """
        self._require_proof(account_admin)
        listed = self.find(account_admin, domain)
        try:
            texts = self.look_up_txt(listed.proof.txt_name)
        except UnavailableError as error:
            raise DomainUnprovenError(_NO_ANSWER) from error
        listed.proof.check(texts)
        now = self.clock()
        event = account_admin.event(EventName.SSO_DOMAIN_VERIFIED, now, _party(listed))
        self.domains.verify(listed, account_admin, account.sso, now, event)
        return AccountDomain(listed.domain, listed.token, listed.created_at, now)

    def remove(self, account_admin: AccountAdmin, account: Account, domain: str) -> None:
        """Remove a domain.

        Raises ProofRequiredError, NotFoundError, and ConflictError where SSO is enforced and this
        is the last verified domain.
        """
        self._require_proof(account_admin)
        listed = self.find(account_admin, domain)
        others = [d for d in self.of(account_admin) if d.is_verified and d.domain != domain]
        if account.sso.enforced and listed.is_verified and not others:
            words = "Stop enforcing single sign-on first: this is the last domain it works for."
            raise ConflictError(words)
        event = account_admin.event(EventName.SSO_DOMAIN_REMOVED, self.clock(), _party(listed))
        self.domains.remove(listed, account_admin, account.sso, event)

    def _require_proof(self, account_admin: AccountAdmin) -> None:
        require_fresh_proof(account_admin.proved_at, self.clock(), self.proof)


@dataclass(frozen=True)
class SsoWatchService:
    """The daily check of verified domains and of certificates that expire soon."""

    domains: AccountDomains
    connections: SsoConnections
    refusals: SsoRefusals
    accounts: Accounts
    account_admins: AccountAdmins
    mailer: Mailer
    look_up_txt: Callable[[str], Sequence[str]]
    clock: Clock

    def look(self) -> None:
        """Check every domain and connection; an error with one doesn't stop the others.

        It also writes how many refused responses were counted and not listed.
        """
        for account_id, domain in self.domains.all_proved():
            try:
                self._check_domain(account_id, domain)
            except Exception:  # noqa: BLE001 - an error with one must not stop the others
                _log.exception("sso_domain_not_checked", extra={"account_id": account_id})
        for connection in self.connections.all():
            try:
                self._check_certificates(connection)
            except Exception:  # noqa: BLE001 - as above
                _log.exception("sso_certificates_not_checked", extra={"id": connection.id})
            try:
                self._sum_up_refusals(connection)
            except Exception:  # noqa: BLE001 - as above
                _log.exception("sso_refusals_not_summed_up", extra={"id": connection.id})

    def _check_domain(self, account_id: str, domain: AccountDomain) -> None:
        now = self.clock()
        try:
            domain.proof.check(self.look_up_txt(domain.proof.txt_name))
        except UnavailableError:
            # A server that doesn't answer says nothing about the record.
            return
        except DomainUnprovenError:
            self._note_missing(account_id, domain, now)
        else:
            if domain.failing_since is not None:
                self.domains.note_failing(account_id, domain, None)

    def _note_missing(self, account_id: str, domain: AccountDomain, now: datetime) -> None:
        if domain.failing_since is None:
            # Mailed first: if a mail fails, the next day's check tries again.
            self._mail(account_id, "sso_domain_failing", _missing(domain, now + LAPSE_AFTER))
            self.domains.note_failing(account_id, domain, now)
            return
        if now - domain.failing_since < LAPSE_AFTER:
            return
        event = AuditEvent(
            EventName.SSO_DOMAIN_LAPSED, account_id, now, _SYSTEM, _SCHEDULE, _party(domain)
        )
        try:
            self.domains.lapse(account_id, domain, self.accounts.get(account_id).sso, event)
        except (ConflictError, NotFoundError):
            return
        self._mail(account_id, "sso_domain_lapsed", _missing(domain, now))

    def _check_certificates(self, connection: SsoConnection) -> None:
        warned, now = self.connections.warned_of(connection.id), self.clock()
        for certificate in connection.identity_provider.certificates:
            days = _warning_due(certificate, now)
            if days is None or warned.get(certificate.fingerprint, days + 1) <= days:
                continue
            expiry = {
                "ends_at": certificate.not_after,
                "fingerprint": certificate.fingerprint,
            }
            self._mail(connection.account_id, "sso_certificate_ending", expiry)
            warned[certificate.fingerprint] = days
            self.connections.note_warned(connection.id, warned)

    def _sum_up_refusals(self, connection: SsoConnection) -> None:
        name, account_id = EventName.SSO_RESPONSES_COUNTED, connection.account_id
        self.refusals.sum_up(AuditEvent(name, account_id, self.clock(), _SYSTEM, _SCHEDULE))

    def _mail(self, account_id: str, template: str, extra: Mapping[str, object]) -> None:
        account = self.accounts.get(account_id)
        # Every mail has the fields of a request's origin; the schedule has none.
        no_origin = {"asked_at": self.clock(), "address": "", "client": ""}
        context = {"account_name": account.name, **no_origin, **extra}
        self.mailer.send_each(
            Mail(user.email.value, template, {"name": user.name, **context})
            for user in self.account_admins.of(account_id)
        )


def _missing(domain: AccountDomain, at: datetime) -> dict[str, object]:
    proof = domain.proof
    return {
        "domain": domain.domain,
        "txt_name": proof.txt_name,
        "txt_value": proof.txt_value,
        "at": at,
    }


def _warning_due(certificate: Certificate, now: datetime) -> int | None:
    """Return how many days ahead the account should have been warned by now; None if not yet."""
    left = certificate.not_after - now
    due = [warning.days for warning in CERTIFICATE_WARNINGS if left <= warning]
    return min(due) if due else None


def _party(domain: AccountDomain) -> Party:
    return Party(PartyType.SSO_DOMAIN, domain.domain, domain.domain)
