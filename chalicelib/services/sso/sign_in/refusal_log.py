"""Refused responses: logged for the operator, and in the account's audit log."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.sign_in.sso_answer import connection_party

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sso.assertion import SamlRefusedError
    from chalicelib.domain.sso.connection import SsoConnection
    from chalicelib.storage.sso.refusals import SsoRefusals

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RefusalLog:
    """Records why a response was refused; the browser only learns that it was."""

    refusals: SsoRefusals
    clock: Clock

    def report(
        self, connection: SsoConnection, error: SamlRefusedError, origin: RequestOrigin
    ) -> None:
        """Write the log line and the account's audit event."""
        claims = error.claims
        details = {
            "reason": error.refusal.value,
            "response_id": claims.response_id,
            "assertion_id": claims.assertion_id,
            "in_response_to": claims.in_response_to,
            "issuer": claims.issuer,
            "certificate": claims.certificate_fingerprint,
            **claims.provider_words,
        }
        _log.warning(
            "sso_response_refused",
            extra={"connection_id": connection.id, "request_id": origin.request_id, **details},
        )
        event = AuditEvent(
            EventName.SSO_RESPONSE_REFUSED,
            connection.account_id,
            self.clock(),
            Party(PartyType.ANONYMOUS),
            origin,
            connection_party(connection),
            details,
        )
        self.refusals.record(event)
