"""A test of a connection: a response is verified and shown, and nobody is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import Party, PartyType
from chalicelib.domain.sso.connection import SsoTest

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.sign_in.sso_answer import Answer
    from chalicelib.domain.sso.assertion import SamlRefusedError
    from chalicelib.domain.sso.connection import SsoConnection
    from chalicelib.storage.sso.connections import SsoConnections
    from chalicelib.storage.sso.sign_ins import SsoSignIns


@dataclass(frozen=True)
class ConnectionTest:
    """Stores the result of the last test for the admin who set the connection up."""

    connections: SsoConnections
    sign_ins: SsoSignIns
    clock: Clock

    def accept(self, answer: Answer) -> None:
        """Spend the request and store what the provider said; raises SpentError, MovedOnError."""
        connection, assertion = answer.connection, answer.assertion
        tester = Party(PartyType.USER, answer.request.user_id)
        self.sign_ins.spend(answer.finish(tester))
        details = {
            "email": assertion.email.value,
            "name_id": assertion.name_id,
            "name_id_format": assertion.name_id_format,
            "name": assertion.display_name or "",
            "certificate": assertion.certificate_fingerprint,
        }
        self.connections.note_test(connection.id, SsoTest(answer.now, "accepted", details))

    def refuse(self, connection: SsoConnection, error: SamlRefusedError) -> None:
        """Store why the response was refused."""
        claims = error.claims
        details = {"response_id": claims.response_id or "", **claims.provider_words}
        self.connections.note_test(
            connection.id, SsoTest(self.clock(), error.refusal.value, details)
        )
