"""The email domains of an account: listed, proved by DNS, looked at again, taken off."""

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

    def of(self, manager: AccountAdmin) -> list[AccountDomain]:
        """List the account's domains by name."""
        return self.domains.of(manager.account_id)

    def find(self, manager: AccountAdmin, domain: str) -> AccountDomain:
        """Look at one of the account's domains; raises NotFoundError for any other."""
        return self.domains.find(manager.account_id, domain.lower())

    def add(self, manager: AccountAdmin, text: str) -> AccountDomain:
        """List a domain, and say which record proves it.

        Raises ProofRequiredError, InvalidValueError, ConflictError, TooManyDomainsError.
        """
        self._require_proof(manager)
        asked = DomainProof.ask_for(parse_domain(text))
        made = AccountDomain(asked.domain, asked.token, self.clock())
        event = manager.event(EventName.SSO_DOMAIN_ADDED, made.created_at, _party(made))
        self.domains.add(made, manager, event)
        return made

    def verify(self, manager: AccountAdmin, account: Account, domain: str) -> AccountDomain:
        """Look for the record, and let the domain count for the account.

        Raises ProofRequiredError, NotFoundError, DomainUnprovenError, and ConflictError where
        another account holds the domain.
        """
        self._require_proof(manager)
        listed = self.find(manager, domain)
        try:
            texts = self.look_up_txt(listed.proof.txt_name)
        except UnavailableError as error:
            raise DomainUnprovenError(_NO_ANSWER) from error
        listed.proof.check(texts)
        now = self.clock()
        event = manager.event(EventName.SSO_DOMAIN_VERIFIED, now, _party(listed))
        self.domains.verify(listed, manager, account.sso, now, event)
        return AccountDomain(listed.domain, listed.token, listed.created_at, now)

    def remove(self, manager: AccountAdmin, account: Account, domain: str) -> None:
        """Take a domain off the list.

        Raises ProofRequiredError, NotFoundError, and ConflictError where single sign-on is
        enforced and this is the last domain that it works for.
        """
        self._require_proof(manager)
        listed = self.find(manager, domain)
        others = [d for d in self.of(manager) if d.is_verified and d.domain != domain]
        if account.sso.enforced and listed.is_verified and not others:
            words = "Stop enforcing single sign-on first: this is the last domain it works for."
            raise ConflictError(words)
        event = manager.event(EventName.SSO_DOMAIN_REMOVED, self.clock(), _party(listed))
        self.domains.remove(listed, manager, account.sso, event)

    def _require_proof(self, manager: AccountAdmin) -> None:
        require_fresh_proof(manager.proved_at, self.clock(), self.proof)


@dataclass(frozen=True)
class SsoWatchService:
    """What is looked at once a day: whether proofs still stand, and which certificates end."""

    domains: AccountDomains
    connections: SsoConnections
    refusals: SsoRefusals
    accounts: Accounts
    managers: AccountAdmins
    mailer: Mailer
    look_up_txt: Callable[[str], Sequence[str]]
    clock: Clock

    def look(self) -> None:
        """Look at every domain and connection; one that fails doesn't keep the others waiting.

        Refused responses that were counted and not listed are summed up as well.
        """
        for account_id, domain in self.domains.all_proved():
            try:
                self._look_at_domain(account_id, domain)
            except Exception:  # noqa: BLE001 - whatever it is, the next one is looked at
                _log.exception("sso_domain_not_checked", extra={"account_id": account_id})
        for connection in self.connections.all():
            try:
                self._look_at_certificates(connection)
            except Exception:  # noqa: BLE001 - as above
                _log.exception("sso_certificates_not_checked", extra={"id": connection.id})
            try:
                self._sum_up_refusals(connection)
            except Exception:  # noqa: BLE001 - as above
                _log.exception("sso_refusals_not_summed_up", extra={"id": connection.id})

    def _look_at_domain(self, account_id: str, domain: AccountDomain) -> None:
        now = self.clock()
        try:
            domain.proof.check(self.look_up_txt(domain.proof.txt_name))
        except UnavailableError:
            # A server that doesn't answer proves nothing, either way.
            return
        except DomainUnprovenError:
            self._note_missing(account_id, domain, now)
        else:
            if domain.failing_since is not None:
                self.domains.note_failing(account_id, domain, None)

    def _note_missing(self, account_id: str, domain: AccountDomain, now: datetime) -> None:
        if domain.failing_since is None:
            # Told first: where a mail fails, the next day tries again.
            self._tell(account_id, "sso_domain_failing", _missing(domain, now + LAPSE_AFTER))
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
        self._tell(account_id, "sso_domain_lapsed", _missing(domain, now))

    def _look_at_certificates(self, connection: SsoConnection) -> None:
        told, now = self.connections.told_of(connection.id), self.clock()
        for certificate in connection.identity_provider.certificates:
            days = _warning_due(certificate, now)
            if days is None or told.get(certificate.fingerprint, days + 1) <= days:
                continue
            ends = {
                "ends_at": certificate.not_after,
                "fingerprint": certificate.fingerprint,
            }
            self._tell(connection.account_id, "sso_certificate_ending", ends)
            told[certificate.fingerprint] = days
            self.connections.note_told(connection.id, told)

    def _sum_up_refusals(self, connection: SsoConnection) -> None:
        name, account_id = EventName.SSO_RESPONSES_COUNTED, connection.account_id
        self.refusals.sum_up(AuditEvent(name, account_id, self.clock(), _SYSTEM, _SCHEDULE))

    def _tell(self, account_id: str, template: str, told: Mapping[str, object]) -> None:
        account = self.accounts.get(account_id)
        nobody = {"asked_at": self.clock(), "address": "", "client": ""}
        context = {"account_name": account.name, **nobody, **told}
        self.mailer.send_each(
            Mail(user.email.value, template, {"name": user.name, **context})
            for user in self.managers.of(account_id)
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
    """Say how many days ahead its account should have been told by now; None if not yet."""
    left = certificate.not_after - now
    due = [warning.days for warning in CERTIFICATE_WARNINGS if left <= warning]
    return min(due) if due else None


def _party(domain: AccountDomain) -> Party:
    return Party(PartyType.SSO_DOMAIN, domain.domain, domain.domain)
