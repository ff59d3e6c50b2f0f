"""Looks up DNS records that a stage needs."""

from __future__ import annotations

from chalicelib.bootstrap.stage_checks import resolver
from infra.doctor.findings import UncheckedError


def has_cname(name: str, target: str, server: tuple[str, int] | None) -> bool:
    """Return whether a name is an alias of a target; raises UncheckedError without an answer."""
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer

    try:
        answer = resolver(server).resolve(f"{name}.", "CNAME", search=False)
    except (NXDOMAIN, NoAnswer):
        return False
    except (DNSException, OSError, ValueError) as error:
        message = f"the DNS doesn't answer about {name}."
        raise UncheckedError(message) from error
    return any(str(record.target).rstrip(".").lower() == target for record in answer)
