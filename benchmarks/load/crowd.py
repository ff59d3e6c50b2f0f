"""Users and programs, and what each repeats until the time is over."""

from __future__ import annotations

import http.client
import random
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.support.http import Program, Reply
from tests.support.personas.journeys import PASSWORD, ask_sign_in, sign_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.http import Transport
    from tests.support.servers.stack import Stack

_THINKING = (0.5, 2.5)
# Six calls a minute, so that the crowd and the emulator fit on two cores. The limit of a key is
# tested elsewhere.
_BETWEEN_CALLS = 10.0
_PUBLIC = ("/api/v1/account", "/api/v1/workspaces", "/api/v1/records?limit=20")


@dataclass
class Notes:
    """Duration and errors of all calls; filled by many threads."""

    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def take(self, step: str, expected: int, call: Callable[[], Reply]) -> None:
        """Make a call and record how long it took."""
        began = time.perf_counter()
        try:
            status = call().status
        except (OSError, http.client.HTTPException) as error:
            self.errors.append(f"{step}: {type(error).__name__}")
            return
        self.milliseconds.setdefault(step, []).append((time.perf_counter() - began) * 1000)
        if status != expected:
            self.errors.append(f"{step}: {status}")


@dataclass(frozen=True)
class Crowd:
    """Users with an account each, and their accounts' keys."""

    stack: Stack
    users: tuple[str, ...]
    keys: tuple[str, ...]

    def stay(self, seconds: float) -> Notes:
        """Run all users and programs at once, and return when the last one is done."""
        notes, end = Notes(), threading.Event()
        chance = random.Random(8)  # noqa: S311 - nothing secret
        seeds = [chance.randrange(1 << 30) for _ in (*self.users, *self.keys)]
        callers = [
            *((self._person, address) for address in self.users),
            *((self._program, key) for key in self.keys),
        ]
        threads = [
            threading.Thread(target=act, args=(who, random.Random(seed), notes, end))  # noqa: S311 - nothing secret
            for (act, who), seed in zip(callers, seeds, strict=True)
        ]
        for thread in threads:
            thread.start()
        end.wait(seconds)
        end.set()
        for thread in threads:
            thread.join()
        return notes

    def _person(
        self, address: str, chance: random.Random, notes: Notes, end: threading.Event
    ) -> None:
        person = Program(kept(self.stack.origin))
        while not end.wait(chance.uniform(*_THINKING)):
            notes.take("sign in", 200, lambda: ask_sign_in(person, address))
            for step, path in _looked_at(chance):
                if end.wait(chance.uniform(*_THINKING)):
                    return
                notes.take(step, 200, partial(person.get, path))
            notes.take("sign out", 204, lambda: person.delete("/auth/session"))

    def _program(self, key: str, chance: random.Random, notes: Notes, end: threading.Event) -> None:
        program = Program(kept(self.stack.origin))
        # Start at different times, as independent programs do.
        pause = chance.uniform(0, _BETWEEN_CALLS)
        while not end.wait(pause):
            path = chance.choice(_PUBLIC)
            ask = partial(program.get, path, Authorization=f"Bearer {key}")
            notes.take("call with a key", 200, ask)
            pause = _BETWEEN_CALLS * chance.uniform(0.8, 1.2)


def gathered(stack: Stack, users: int, keys: int) -> Crowd:
    """Sign users up, confirm them with their mails, and create the same number of keys for each."""
    addresses = tuple(f"person{number}@load.test" for number in range(users))
    browsers = [stack.browser() for _ in addresses]
    for browser, address in zip(browsers, addresses, strict=True):
        sign_up(browser, address)
    made: list[str] = []
    for browser, address in zip(browsers, addresses, strict=True):
        browser.open(stack.await_link(address))
        browser.press("Confirm email")
        owner = stack.program()
        ask_sign_in(owner, address, PASSWORD)
        for number in range(keys // users):
            reply = owner.post("/api/v1/api_keys", {"name": f"Program {number}"})
            made.append(str(reply.json["key"]))
    return Crowd(stack, addresses, tuple(made))


def kept(origin: str) -> Transport:
    """Reach the service over one open connection, as a browser does."""
    place = urlsplit(origin)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)

    def send(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        try:
            connection.request(method, target, body or None, dict(headers))
            answer = connection.getresponse()
            return Reply(answer.status, tuple(answer.getheaders()), answer.read())
        except BaseException:
            connection.close()
            raise

    return send


def _looked_at(chance: random.Random) -> list[tuple[str, str]]:
    pages = [
        ("home page", "/"),
        ("sessions, as JSON", "/auth/sessions"),
        ("page of API keys", "/settings/api-keys"),
        ("page of members", "/settings/members"),
        ("audit log", "/settings/audit-log"),
    ]
    return chance.sample(pages, 3)
