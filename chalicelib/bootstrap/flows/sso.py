"""SSO: its settings, its sign-ins and its daily check."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.bootstrap.by_need import by_need
from chalicelib.bootstrap.flows.base import Flows

if TYPE_CHECKING:
    from chalicelib.services.sso.domains import SsoDomainService, SsoWatchService
    from chalicelib.services.sso.settings import SsoSettingsService
    from chalicelib.services.sso.sign_in.entry import SsoEntry
    from chalicelib.services.sso.sign_in.identities import SsoIdentities
    from chalicelib.services.sso.sign_in.link_notice import LinkNotice
    from chalicelib.services.sso.sign_in.service import SsoSignInService
    from chalicelib.storage.sso.sign_ins import SsoSignIns

_MAIL_WINDOW = timedelta(hours=1)
# Mails about a provider's new link to a user, in that time, from one account.
_SSO_NOTICES = 5


class SsoFlows(Flows):
    """SSO: its settings, its sign-ins and its daily check."""

    @by_need
    def sso_sign_in(self) -> SsoSignInService:
        from chalicelib.gateways.saml.face import Saml
        from chalicelib.services.sso.sign_in.connection_test import ConnectionTest
        from chalicelib.services.sso.sign_in.proof import SsoProof
        from chalicelib.services.sso.sign_in.refusal_log import RefusalLog
        from chalicelib.services.sso.sign_in.service import SsoSignInService

        connections, sign_ins = self.shared.sso_connections, self._sign_ins
        return SsoSignInService(
            connections=connections,
            sign_ins=sign_ins,
            domains=self.shared.domains,
            saml=Saml(self.shared.saml_keys),
            entry=self._entry,
            proof=SsoProof(sign_ins, self._identities, self.shared.users),
            test=ConnectionTest(connections, sign_ins, self.clock),
            refusals=RefusalLog(self.shared.sso_refusals, self.clock),
            clock=self.clock,
            public_url=self.settings.public_url,
        )

    @by_need
    def sso_link_notice(self) -> LinkNotice:
        from chalicelib.services.sso.sign_in.link_notice import LinkNotice
        from chalicelib.storage.audit.hourly_caps import HourlyCaps

        return LinkNotice(
            queue=self.shared.queue,
            mailer=self.shared.mailer,
            notices=HourlyCaps(_SSO_NOTICES, _MAIL_WINDOW, counted="sso_notices"),
            address_keys=self.shared.address_keys,
        )

    @by_need
    def sso_settings(self) -> SsoSettingsService:
        from chalicelib.gateways.saml.metadata_fetch import MetadataFetch
        from chalicelib.services.sso.settings import SsoSettingsService

        return SsoSettingsService(
            connections=self.shared.sso_connections,
            domains=self.shared.account_domains,
            account_admins=self.shared.account_admins,
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
            account_admins=self.shared.account_admins,
            mailer=self.shared.mailer,
            look_up_txt=self.shared.look_up_txt,
            clock=self.clock,
        )

    @by_need
    def _sign_ins(self) -> SsoSignIns:
        from chalicelib.storage.sso.sign_ins import SsoSignIns

        return SsoSignIns(self.shared.connection, self.shared.sessions, self.shared.audit)

    @by_need
    def _identities(self) -> SsoIdentities:
        from chalicelib.services.sso.sign_in.identities import SsoIdentities

        return SsoIdentities(self._sign_ins, self.shared.users)

    @by_need
    def _entry(self) -> SsoEntry:
        from chalicelib.services.sso.sign_in.entry import SsoEntry
        from chalicelib.services.sso.sign_in.joining import SsoJoining

        joining = SsoJoining(
            sign_ins=self._sign_ins,
            connections=self.shared.sso_connections,
            invitations=self.shared.invitation_store,
            old_failures=self.shared.old_failures,
            new_session=self.shared.new_session,
            product_name=self.settings.product_name,
        )
        return SsoEntry(
            sign_ins=self._sign_ins,
            identities=self._identities,
            users=self.shared.users,
            new_session=self.shared.new_session,
            joining=joining,
            link_notice=self.sso_link_notice,
        )
