"""Email domains that an account proves: what may be one, and which addresses are in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from chalicelib.domain.email_address import EmailAddress


def is_in_domains(email: EmailAddress, domains: Collection[str]) -> bool:
    """Whether an address is in one of these domains: exactly in it, not in one under it (`E9`)."""
    return email.domain in domains
