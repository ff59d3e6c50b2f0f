"""How the people of a domain sign in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DomainSso:
    """A proved domain's identity provider: which connection of which account, and how firmly."""

    domain: str
    account_id: str
    connection_id: str
    enforced: bool
