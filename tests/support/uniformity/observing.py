"""Sends one request and records everything that can be observed of its answer and its work."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from tests.support.http import CookieJar
from tests.support.uniformity.states import Kind
from tests.support.uniformity.world import BLOCKED_SOURCE, NEW_SOURCE, SOURCE, cold_process

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.http import Reply
    from tests.support.uniformity.states import History, Password, State
    from tests.support.uniformity.steps import Step
    from tests.support.uniformity.world import World

# Headers that differ between any two answers.
_OF_ONE_REQUEST = frozenset(("x-request-id", "date"))
# Ids, digests, tokens and signed values: random in every answer, but always of one length.
_RANDOM = re.compile(r"[A-Za-z0-9_=-]{24,}")
_FLAG = re.compile(r'(?<="unconfirmed": )"(yes|)"')
_NO_TICKET: Mapping[str, str] = MappingProxyType({})


class Moment(StrEnum):
    """When a request is sent."""

    WARM = "warm"
    COLD = "cold: the first of its process and of its source"
    BLOCKED = "from a source over its limit"


@dataclass(frozen=True)
class Asked:
    """One request and its subject."""

    step: Step
    state: State
    password: Password
    moment: Moment

    def __str__(self) -> str:
        """Return its name."""
        return f"{self.step.name} [{self.state}; password {self.password.name}; {self.moment.name}]"


@dataclass(frozen=True)
class Seen:
    """The observations, each by its name; random values are masked by their length."""

    status: str
    headers: str
    body: str
    # Kinds and numbers of calls, in order, and each hash with its cost.
    calls: str
    hashes: str
    # With conditions and updates, and the queue's messages: equal for equal histories.
    shapes: str
    messages: str


SOURCES = {Moment.WARM: SOURCE, Moment.COLD: NEW_SOURCE, Moment.BLOCKED: BLOCKED_SOURCE}


def observe(world: World, asked: Asked) -> Seen:
    """Send, observe, and restore the store."""
    ticket = _go_before(world, asked)
    world.book.clear()
    world.messages.clear()
    with contextlib.ExitStack() as stack:
        if asked.moment is Moment.COLD:
            stack.enter_context(cold_process(world.service))
        reply = send(world, asked, ticket)
    seen = _seen(world, asked.state.address, reply)
    world.restore()
    return seen


def send(world: World, asked: Asked, ticket: Mapping[str, str] = _NO_TICKET) -> Reply:
    """Send one request through the gateway, from a browser with or without a ticket."""
    step = asked.step
    reach = world.service.transport(SOURCES[asked.moment])
    body = step.body(asked.state, asked.password)
    answer: Reply = reach("POST", step.path, {**step.headers, **ticket}, body)
    return answer


def _go_before(world: World, asked: Asked) -> Mapping[str, str]:
    """Send what comes first; returns the header of that browser, if the step continues in it."""
    jar = CookieJar()
    for step in asked.step.before:
        jar.keep(send(world, replace(asked, step=step), jar.header))
    if asked.step.confirmed_since and asked.state.kind is Kind.USER:
        world.forget_latest(asked.state.address)
    return jar.header if asked.step.keeps_ticket else _NO_TICKET


def history_of(asked: Asked) -> tuple[History, Moment]:
    """Name the requests that have the same failures behind them."""
    return asked.state.history, asked.moment


def _seen(world: World, address: str, reply: Reply) -> Seen:
    headers = [
        f"{name}: {_masked(value) if name.lower() == 'set-cookie' else value}"
        for name, value in reply.headers
        if name.lower() not in _OF_ONE_REQUEST
    ]
    return Seen(
        status=str(reply.status),
        headers="\n".join(headers).replace(address, "<address>"),
        body=reply.text.replace(address, "<address>"),
        calls="; ".join(str(call) for call in world.book.calls),
        hashes="; ".join(f"{memory} KiB, t = {time}" for memory, time in world.book.hashes),
        shapes="; ".join(f"{call}: {call.shape}" for call in world.book.calls),
        messages="\n".join(_message(m.replace(address, "<address>")) for m in world.messages),
    )


def _message(text: str) -> str:
    # Whether the worker mails a link for the right password of a waiting sign-up; every message has
    # the flag.
    return _FLAG.sub("<flag>", _masked(text))


def _masked(text: str) -> str:
    return _RANDOM.sub(lambda found: f"<{len(found[0])}>", text)
