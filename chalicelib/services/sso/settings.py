"""An account's single sign-on, set up by its owner or admins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import InvalidValueError, NotFoundError
from chalicelib.domain.roles import Role
from chalicelib.domain.sign_in.session import require_fresh_proof
from chalicelib.domain.sign_in.sso_answer import connection_party
from chalicelib.domain.sso.connection import (
    NoPasswordLeftError,
    SsoConnection,
    connection_id_of,
)
from chalicelib.domain.sso.email_domain import DomainUnprovenError
from chalicelib.domain.sso.provider import IdentityProvider, ServiceProvider
from chalicelib.gateways.saml.metadata import read_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.sso.connection import AccountDomain
    from chalicelib.domain.user import Account, AccountAdmin
    from chalicelib.storage.sso.connections import SsoConnections
    from chalicelib.storage.sso.domains import AccountDomains
    from chalicelib.storage.users.account_admin import AccountAdmins

# The roles that a user who joins through the provider can get.
_DEFAULT_ROLES = {Role.MEMBER.value: Role.MEMBER, Role.ADMIN.value: Role.ADMIN}


@dataclass(frozen=True)
class SsoForm:
    """The submitted settings; None keeps a value, or means the default in a new connection.

    The provider is given as metadata, as the metadata's URL, or as three fields.
    """

    metadata_xml: str | None = None
    metadata_url: str | None = None
    entity_id: str | None = None
    sso_url: str | None = None
    certificates: Sequence[str] | None = None
    email_attribute: str | None = None
    enforced: bool | None = None
    default_role: str | None = None


@dataclass(frozen=True)
class SsoState:
    """The SSO settings of an account."""

    connection: SsoConnection
    ours: ServiceProvider
    domains: Sequence[AccountDomain]


@dataclass(frozen=True)
class SsoSettingsService:
    """The connection of the account that an owner or admin has open."""

    connections: SsoConnections
    domains: AccountDomains
    account_admins: AccountAdmins
    fetch_metadata: Callable[[str], bytes]
    clock: Clock
    proof: timedelta
    public_url: str

    def show(self, account: Account) -> SsoState:
        """Return the connection with the account's domains; raises NotFoundError without one."""
        if account.sso.connection_id is None:
            raise NotFoundError
        connection = self.connections.find(account.sso.connection_id)
        ours = connection.service_provider(self.public_url)
        return SsoState(connection, ours, self.domains.of(account.id))

    def ours(self, account: Account) -> ServiceProvider:
        """Return our side of the account's connection, which is known before it is set up."""
        return ServiceProvider.of(self.public_url, connection_id_of(account.id))

    def configure(self, account_admin: AccountAdmin, account: Account, form: SsoForm) -> SsoState:
        """Create the connection or change it.

        Raises ProofRequiredError, InvalidValueError, ConflictError, NotAllowedError, and where SSO
        can't be enforced yet DomainUnprovenError or NoPasswordLeftError.
        """
        require_fresh_proof(account_admin.proved_at, self.clock(), self.proof)
        was = (
            self.connections.find(account.sso.connection_id) if account.sso.connection_id else None
        )
        changed = self._changed(form, was) if was else self._made(account.id, form)
        domains = self.domains.of(account.id)
        proved = _proved(domains)
        way_in = self._way_in(account_admin, proved) if changed.enforced else None
        name = _what_happened(was, changed)
        event = account_admin.event(
            name, self.clock(), connection_party(changed), **_details(changed)
        )
        write = self.connections.change if was else self.connections.add
        write(changed, account_admin, account.sso, proved, event, way_in)
        return SsoState(changed, changed.service_provider(self.public_url), domains)

    def remove(self, account_admin: AccountAdmin, account: Account) -> None:
        """Delete the connection; its users need passwords again, and its sessions go on.

        Raises ProofRequiredError, NotFoundError, ConflictError, NotAllowedError.
        """
        require_fresh_proof(account_admin.proved_at, self.clock(), self.proof)
        state = self.show(account)
        gone = state.connection
        event = account_admin.event(EventName.SSO_DELETED, self.clock(), connection_party(gone))
        self.connections.remove(gone, account_admin, account.sso, _proved(state.domains), event)

    def _made(self, account_id: str, form: SsoForm) -> SsoConnection:
        provider = self._provider(form, None)
        if provider is None:
            words = "Give the identity provider's metadata, its address, or the three fields."
            raise InvalidValueError(words, param="idp_metadata_xml")
        return SsoConnection(
            id=connection_id_of(account_id),
            account_id=account_id,
            identity_provider=provider,
            default_role=_role(form.default_role, Role.MEMBER),
            enforced=bool(form.enforced),
            created_at=self.clock(),
        )

    def _changed(self, form: SsoForm, was: SsoConnection) -> SsoConnection:
        # A new certificate doesn't change the attribute in which the provider sends the email.
        provider = self._provider(form, was.identity_provider.email_attribute)
        if provider is None:
            provider = was.identity_provider
            if form.email_attribute is not None:
                provider = provider.reading(form.email_attribute)
        return replace(
            was,
            identity_provider=provider,
            default_role=_role(form.default_role, was.default_role),
            enforced=was.enforced if form.enforced is None else form.enforced,
        )

    def _provider(self, form: SsoForm, known: str | None) -> IdentityProvider | None:
        fields = (form.entity_id, form.sso_url, form.certificates)
        given = [form.metadata_xml is not None, form.metadata_url is not None, any(fields)]
        if sum(given) > 1:
            words = "Give metadata, its address, or the three fields: one of them."
            raise InvalidValueError(words, param="idp_metadata_xml")
        attribute = known if form.email_attribute is None else form.email_attribute or None
        now = self.clock()
        if form.metadata_xml is not None:
            xml = form.metadata_xml.encode("utf-8", "surrogatepass")
            return read_metadata(xml, now, email_attribute=attribute)
        if form.metadata_url is not None:
            xml = self.fetch_metadata(form.metadata_url)
            return read_metadata(xml, now, "idp_metadata_url", attribute)
        if any(fields):
            return IdentityProvider.parse(
                form.entity_id or "", form.sso_url or "", form.certificates or (), attribute
            )
        return None

    def _way_in(self, account_admin: AccountAdmin, proved: Sequence[str]) -> str:
        """Return an owner or admin with a password, who could still sign in if the provider broke.

        The one who enforces SSO comes first.
        """
        if not proved:
            raise DomainUnprovenError(_PROVE_FIRST, param="enforced")
        users = [
            user for user in self.account_admins.of(account_admin.account_id) if user.password_hash
        ]
        if not users:
            raise NoPasswordLeftError(param="enforced")
        return min(users, key=lambda user: user.id != account_admin.user_id).id


_PROVE_FIRST = "Prove a domain first: add its TXT record to the DNS, then verify it."


def _proved(domains: Sequence[AccountDomain]) -> list[str]:
    return [domain.domain for domain in domains if domain.is_verified]


def _role(text: str | None, otherwise: Role) -> Role:
    if text is None:
        return otherwise
    if text not in _DEFAULT_ROLES:
        raise InvalidValueError("Choose member or admin.", param="default_role")
    return _DEFAULT_ROLES[text]


def _what_happened(was: SsoConnection | None, changed: SsoConnection) -> EventName:
    if changed.enforced == (was is not None and was.enforced):
        return EventName.SSO_CONFIGURED
    return EventName.SSO_ENFORCED if changed.enforced else EventName.SSO_RELAXED


def _details(connection: SsoConnection) -> dict[str, object]:
    provider = connection.identity_provider
    return {
        "sso_url": provider.sso_url,
        "certificates": [certificate.fingerprint for certificate in provider.certificates],
        "email_attribute": provider.email_attribute,
        "default_role": connection.default_role.value,
        "enforced": connection.enforced,
    }
