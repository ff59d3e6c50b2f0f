"""API keys and the public API."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from chalicelib.bootstrap.by_need import by_need
from chalicelib.bootstrap.flows.base import Flows

if TYPE_CHECKING:
    from chalicelib.services.keys.check import KeyCheckService
    from chalicelib.services.keys.manage import ApiKeyService
    from chalicelib.services.keys.public_api import PublicApiService


class KeyFlows(Flows):
    """API keys and the public API."""

    @by_need
    def api_keys(self) -> ApiKeyService:
        from chalicelib.services.keys.manage import ApiKeyService

        return ApiKeyService(
            keys=self.shared.api_key_store,
            accounts=self.shared.accounts,
            account_admins=self.shared.account_admins,
            queue=self.shared.queue,
            mailer=self.shared.mailer,
            clock=self.clock,
            proof=self.settings.proof,
        )

    @by_need
    def public_api(self) -> PublicApiService:
        from chalicelib.services.keys.public_api import PublicApiService
        from chalicelib.storage.accounts.records import Records

        return PublicApiService(
            self.shared.accounts, self.shared.api_key_store, Records(self.shared.connection)
        )

    @by_need
    def key_check(self) -> KeyCheckService:
        from chalicelib.bootstrap.key_checks import build_key_check

        return build_key_check(self.settings, self.clock, os.environ)
