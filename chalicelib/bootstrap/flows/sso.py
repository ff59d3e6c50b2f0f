"""SSO: its settings, its sign-ins and its daily check."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.bootstrap.by_need import by_need
from chalicelib.bootstrap.flows.base import Flows

if TYPE_CHECKING:
    from chalicelib.services.sso.domains import SsoDomainService, SsoWatchService
    from chalicelib.services.sso.settings import SsoSettingsService
    from chalicelib.services.sso.sign_in import SsoSignInService

_MAIL_WINDOW = timedelta(hours=1)
# Of a provider's new link to a user, in that time, from one account.
_SSO_NOTICES = 5


class SsoFlows(Flows):
    """SSO: its settings, its sign-ins and its daily check."""

    @by_need
    def sso_sign_in(self) -> SsoSignInService:
        from chalicelib.gateways.saml.face import Saml
        from chalicelib.services.sso.sign_in import SsoSignInService
        from chalicelib.storage.audit.hourly_caps import HourlyCaps
        from chalicelib.storage.sso.sign_ins import SsoSignIns

        return SsoSignInService(
            connections=self.shared.sso_connections,
            sign_ins=SsoSignIns(self.shared.connection, self.shared.sessions, self.shared.trail),
            old_failures=self.shared.old_failures,
            users=self.shared.users,
            domains=self.shared.domains,
            invitations=self.shared.invitation_store,
            refusals=self.shared.sso_refusals,
            queue=self.shared.queue,
            mailer=self.shared.mailer,
            notices=HourlyCaps(_SSO_NOTICES, _MAIL_WINDOW, counted="sso_notices"),
            address_keys=self.shared.address_keys,
            saml=Saml(self.shared.saml_keys),
            clock=self.clock,
            public_url=self.settings.public_url,
            product_name=self.settings.product_name,
        )

    @by_need
    def sso_settings(self) -> SsoSettingsService:
        from chalicelib.gateways.saml.metadata_fetch import MetadataFetch
        from chalicelib.services.sso.settings import SsoSettingsService

        return SsoSettingsService(
            connections=self.shared.sso_connections,
            domains=self.shared.account_domains,
            managers=self.shared.managers,
            fetch_metadata=MetadataFetch(),
            clock=self.clock,
            proof=self.settings.proof,
            public_url=self.settings.public_url,
        )

    @by_need
    def sso_domains(self) -> SsoDomainService:
        from chalicelib.services.sso.domains import SsoDomainService

        return SsoDomainService(
            self.shared.account_domains, self.shared.look_up_txt, self.clock, self.settings.proof
        )

    @by_need
    def sso_watch(self) -> SsoWatchService:
        from chalicelib.services.sso.domains import SsoWatchService

        return SsoWatchService(
            domains=self.shared.account_domains,
            connections=self.shared.sso_connections,
            refusals=self.shared.sso_refusals,
            accounts=self.shared.accounts,
            managers=self.shared.managers,
            mailer=self.shared.mailer,
            look_up_txt=self.shared.look_up_txt,
            clock=self.clock,
        )
