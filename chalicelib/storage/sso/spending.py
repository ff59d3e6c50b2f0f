"""The transaction that a sign-in through a provider ends with: its request is spent once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.tokens import digest
from chalicelib.storage.dynamo.tables import (
    DomainRow,
    SsoAssertionRow,
    SsoConnectionRow,
    SsoRequestRow,
)
from chalicelib.storage.dynamo.transaction import Transaction

if TYPE_CHECKING:
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.sign_in.sso_answer import SsoCompletion
    from chalicelib.domain.sso.connection import SsoRequest
    from chalicelib.storage.audit.trail import AuditWriter


class SpentError(Exception):
    """The request or the assertion has been used already, or the request is too old."""


class MovedOnError(Exception):
    """The user or the connection changed meanwhile; read again and decide again."""


def spending(connection: Connection, audit: AuditWriter, finish: SsoCompletion) -> Transaction:
    """Return a transaction that spends a request while its response is still trusted.

    It raises SpentError, and MovedOnError for every other part that fails.
    """
    request, assertion = finish.request, finish.assertion
    seen = assertion_key(request.connection_id, assertion.id)
    tx = Transaction(connection, MovedOnError)
    # First, because a spent request can't be decided again.
    tx.delete(SsoRequestRow(request.id), _usable(request, finish.now), SpentError)
    tx.put_new(SsoAssertionRow(seen, ttl=assertion.remember_until), SpentError)
    _still_trusted(tx, finish)
    for event in finish.events:
        audit.add(tx, event)
    return tx


def assertion_key(connection_id: str, assertion_id: str) -> str:
    """Return the key of an assertion among those of all connections."""
    return f"{connection_id}#{digest(assertion_id)}"


def _still_trusted(tx: Transaction, finish: SsoCompletion) -> None:
    """Require that the provider and the domain that the response was checked with are unchanged."""
    provider = finish.connection.identity_provider
    tx.check(
        SsoConnectionRow,
        finish.connection.id,
        condition=(SsoConnectionRow.entity_id == provider.entity_id)
        & (SsoConnectionRow.certificates == [c.base64 for c in provider.certificates]),
    )
    tx.check(
        DomainRow,
        finish.assertion.email.domain,
        condition=DomainRow.connection_id == finish.connection.id,
    )


def _usable(request: SsoRequest, now: datetime) -> Condition:
    condition: Condition = (
        (SsoRequestRow.connection_id == request.connection_id)
        & (SsoRequestRow.browser_digest == request.browser_digest)
        & (SsoRequestRow.purpose == request.purpose.value)
        & (SsoRequestRow.expires_at > now)
    )
    return condition
