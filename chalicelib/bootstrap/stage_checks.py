"""What the doctor needs of the product to examine a stage other than this process's own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.gateways.dns import TxtLookup, resolver

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.sso.connection import AccountDomain

__all__ = ["TxtLookup", "proved_domains", "resolver"]


def proved_domains(table_prefix: str, region: str) -> Iterable[tuple[str, AccountDomain]]:
    """Read each proved domain of a stage with its account's id."""
    from chalicelib.storage.audit.trail import AuditWriter
    from chalicelib.storage.dynamo.connection import open_tables
    from chalicelib.storage.sso.domains import AccountDomains

    # Nothing is written, so how long audit events are kept doesn't matter.
    writer = AuditWriter(timedelta(days=1))
    return AccountDomains(open_tables(table_prefix, region), writer).all_proved()
