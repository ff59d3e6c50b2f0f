"""What people do before the part that a test is about, done once and then only put back.

A remembered journey is made through forms and mails the first time. Where another test of the same
process makes it from the same beginning, the store and the mails are put in the state that it led
to. A test that changed anything before, or replaced a part, makes the journey in full.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from chalicelib import bootstrap
from chalicelib.domain.passwords import hashing
from tests.support.personas.users import NOON
from tests.support.servers.engines import REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers.moto_state import MotoState
    from tests.support.service import Service

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class _Memory:
    """Where a journey led: the state of moto, what the journey gave, and who it belonged to."""

    state: MotoState
    result: Any
    service: Service


_memories: dict[tuple[Any, ...], _Memory] = {}


def remembered(
    journey: Callable[Concatenate[Service, _Given], _Result],
) -> Callable[Concatenate[Service, _Given], _Result]:
    """Let a journey be made once; its other arguments are plain values."""

    @wraps(journey)
    def made(service: Service, /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        if not _is_repeatable(service):
            return journey(service, *args, **kwargs)
        step = (journey.__qualname__, args, tuple(sorted(kwargs.items())))
        # A state has hashes, which only the function that made them can check.
        key = (*service.beginning, hashing.hash_secret_raw.__qualname__, step)
        if key not in _memories:
            result = journey(service, *args, **kwargs)
            if _is_complete(service):
                _memories[key] = _taken(service, result)
                service.arrived_at(key)
            return result
        _memories[key].state.restore()
        service.arrived_at(key)
        given: _Result = _given_again(_memories[key], service)
        return given

    return made


def _is_repeatable(service: Service) -> bool:
    """Whether nothing but remembered journeys happened to a service so far."""
    return (
        bool(service.beginning)
        and service.clock() == NOON
        and bootstrap.services() is service.built
        and not service.was_written_to
    )


def _is_complete(service: Service) -> bool:
    """Whether the state of moto is all that a journey left behind."""
    from tests.support.servers.moto_state import has_messages_in_flight

    return service.clock() == NOON and not has_messages_in_flight(REGION)


def _taken(service: Service, result: Any) -> _Memory:
    from tests.support.servers.moto_state import MotoState

    kept = copy.deepcopy(result, {id(service): service})
    return _Memory(MotoState.taken(REGION), kept, service)


def _given_again(memory: _Memory, service: Service) -> Any:
    return copy.deepcopy(memory.result, {id(memory.service): service})
