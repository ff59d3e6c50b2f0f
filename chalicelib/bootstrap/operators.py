"""The flows of operators' commands: put together apart, so that no function loads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.bootstrap.parts import Parts

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.services.operator_people import OperatorPeople
    from chalicelib.storage.operator_trail import OperatorTrail


@dataclass(frozen=True)
class OperatorServices:
    """Every flow that operators have beyond those of the product."""

    clock: Clock
    people: OperatorPeople


def operator_services() -> OperatorServices:
    """Put the operators' flows together, on the settings and secrets of this process's services."""
    ready = services()
    parts = Parts(ready.settings, ready.clock)
    trail = _trail(parts)
    return OperatorServices(clock=parts.clock, people=_people(parts, trail))


def _trail(parts: Parts) -> OperatorTrail:
    from chalicelib.storage.operator_trail import OperatorTrail

    return OperatorTrail(parts.connection, parts.trail)


def _people(parts: Parts, trail: OperatorTrail) -> OperatorPeople:
    from chalicelib.services.operator_people import OperatorPeople
    from chalicelib.storage.audit_log import AuditLog
    from chalicelib.storage.operator_changes import OperatorChanges

    return OperatorPeople(
        people=parts.people,
        sessions=parts.sessions,
        attempts=parts.attempts,
        attempt_keys=parts.attempt_keys,
        log=AuditLog(parts.connection, parts.trail),
        changes=OperatorChanges(trail),
        trail=trail,
        queue=parts.queue,
        clock=parts.clock,
    )
