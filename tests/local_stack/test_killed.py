"""The local stack is killed, without a warning, in the middle of two hundred journeys.

A local run is two processes: the app with its mail worker, and the emulator that stands in for AWS.
The first is killed as Lambda may drop a function: at any line. The emulator is what remembers; it
keeps no log of what it does, so one that is killed goes back, as a whole, to where it last saved.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.support.patience import PATIENCE
from tests.support.personas.journeys import (
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    ask_sign_up,
    token_of,
)
from tests.support.servers.children import clean_environ, free_port, running
from tests.support.servers.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.http import Reply

_JOURNEYS = 200
_LINKS_OF_A_JOURNEY = 2
_KILLS = 4
_AT_ONCE = 8
# Far longer than a killed worker's mail stays hidden, and a start.
_PATIENCE = 900.0
_GONE = (OSError, http.client.HTTPException, ValueError)
_CONFIRM, _RESET = "email_confirmation", "password_reset"


@dataclass
class _Mortal:
    """A stack that can be killed and started again, over the same data and addresses."""

    scratch: Path
    ports: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port()))

    @property
    def stack(self) -> Stack:
        app, inbox = self.ports
        return Stack(f"http://localhost:{app}", f"http://localhost:{inbox}")

    @contextlib.contextmanager
    def up(self) -> Iterator[subprocess.Popen[bytes]]:
        log, command = self.scratch / "stack.log", [sys.executable, "-m", "infra.local"]
        settings = {
            "PORT": str(self.ports[0]),
            "MAIL_PORT": str(self.ports[1]),
            "LOCAL_DATA": str(self.scratch / "data"),
            "SOURCE_MAILS_PER_HOUR": "5000",
            # The least of the choices that OWASP calls equal.
            "ARGON2_MEMORY_KIB": "7168",
            "ARGON2_TIME": "5",
        }

        def is_up() -> bool:
            return "Ready:" in log.read_text(errors="replace")

        with running(command, {**clean_environ(), **settings}, log, is_up) as child:
            yield child

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Read a whole table of the run."""
        import botocore.session

        place = json.loads((self.scratch / "data" / "running.json").read_text())
        session = botocore.session.Session()
        session.set_credentials("test", "test")
        client = session.create_client(
            "dynamodb", endpoint_url=place["endpoint"], region_name=place["region"]
        )
        pages = client.get_paginator("scan").paginate(TableName=place["table_prefix"] + table)
        return [item for page in pages for item in page["Items"]]


class _StoppedError(Exception):
    """The test is over; nobody waits any longer."""


@dataclass
class _Journeys:
    """People who sign up, confirm and reset, and who try again where nobody answered."""

    stack: Stack
    spent: Counter[str] = field(default_factory=Counter)
    _mailed: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def walked(self, addresses: list[str]) -> Iterator[list[Future[None]]]:
        """Let them walk, and one more read the mails for all of them."""
        with ThreadPoolExecutor(_AT_ONCE + 1) as pool:
            reader = pool.submit(self._read_mails)
            try:
                yield [pool.submit(self._walk, address) for address in addresses]
            finally:
                self._over.set()
                pool.shutdown(cancel_futures=True)
                reader.result()

    def have_spent(self, links: int) -> bool:
        """Whether so many links were spent."""
        return len(self.spent) >= links

    def tokens(self, address: str, flow: str) -> list[str]:
        """Give the tokens that were mailed to an address, the newest first."""
        return self._mailed.get((address, flow), [])

    def spend(self, token: str, flow: str, password: str) -> Reply:
        """Spend a link, and count it if that went well."""
        body = {"token": token, "password": password}
        reply = self.stack.program().post(f"/auth/{flow}", body)
        if reply.status == 200:
            with self._lock:
                self.spent[token] += 1
        return reply

    def _walk(self, address: str) -> None:
        program, request = self.stack.program(), {"email": address}
        self._persist(lambda: ask_sign_up(program, address), {202})
        self._spend_mailed(address, _CONFIRM, PASSWORD)
        self._persist(lambda: program.post(f"/auth/{_RESET}/request", request), {202})
        self._spend_mailed(address, _RESET, OTHER_PASSWORD)

    def _spend_mailed(self, address: str, flow: str, password: str) -> None:
        while not (found := self.tokens(address, flow)):
            self._pause()
        # 410: spent by a request whose answer was cut off.
        self._persist(lambda: self.spend(found[0], flow, password), {200, 410})

    def _persist(self, ask: Callable[[], Reply], answers: set[int]) -> None:
        while True:
            with contextlib.suppress(*_GONE):
                reply = ask()
                # What runs while its emulator saves and ends is told to come again.
                if reply.status < 500:
                    assert reply.status in answers, reply.text
                    return
            self._pause()

    def _read_mails(self) -> None:
        with contextlib.suppress(_StoppedError):
            while True:
                with contextlib.suppress(*_GONE):
                    self._mailed = _tokens(self.stack)
                self._pause(0.4)

    def _pause(self, seconds: float = 0.1) -> None:
        if self._over.wait(seconds):
            raise _StoppedError


def _tokens(stack: Stack) -> dict[tuple[str, str], list[str]]:
    found = defaultdict(list)
    for mail in stack.mails():
        for link in re.findall(r"^http://\S+\?token=\S+$", mail["text"], re.MULTILINE):
            flow = urlsplit(link).path.strip("/").replace("-", "_")
            found[mail["to"], flow].append(token_of(link))
    return found


@pytest.mark.stack
@pytest.mark.timeout(3_600)
def test_a_kill_loses_no_mail_makes_no_half_user_and_lets_no_link_be_spent_twice(
    tmp_path: Path,
) -> None:
    """`C3`, `H13`."""
    mortal = _Mortal(tmp_path)
    journeys = _Journeys(mortal.stack)
    addresses = [f"robin{number}@acme.test" for number in range(_JOURNEYS)]
    moments = sorted(SystemRandom().sample(range(_JOURNEYS * _LINKS_OF_A_JOURNEY), _KILLS))
    with journeys.walked(addresses) as walks:
        for moment in moments:
            with mortal.up() as child:
                _await(walks, partial(journeys.have_spent, moment))
                _kill(child.pid)
                child.wait()
        with mortal.up() as child:
            # None waits for a mail that was lost: each was asked for, and came.
            _await(walks, lambda: all(walk.done() for walk in walks))
            _no_link_counts_twice(journeys, addresses)
            _all_are_whole(mortal, len(addresses))
            for address in addresses[::4]:
                assert ask_sign_in(journeys.stack.program(), address, OTHER_PASSWORD).status == 200
            _kill(_emulator_of(child))
            assert child.wait(PATIENCE) == 1
        with mortal.up():
            # Back where it was saved last, and whole there too.
            _all_are_whole(mortal, len(mortal.rows("users")))


def _await(walks: list[Future[None]], reached: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not reached():
        for walk in walks:
            if walk.done():
                walk.result()
        assert time.monotonic() < end, "the journeys don't go on"
        time.sleep(0.01)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _emulator_of(child: subprocess.Popen[bytes]) -> int:
    command = ["pgrep", "-P", str(child.pid)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _no_link_counts_twice(journeys: _Journeys, addresses: list[str]) -> None:
    assert set(journeys.spent.values()) == {1}
    # One whose answer was cut off was spent all the same.
    assert len(journeys.spent) >= len(addresses) * _LINKS_OF_A_JOURNEY - _KILLS * _AT_ONCE
    for address in addresses[::10]:
        for flow in (_CONFIRM, _RESET):
            for token in journeys.tokens(address, flow):
                assert journeys.spend(token, flow, PASSWORD).status == 410


def _all_are_whole(mortal: _Mortal, people: int) -> None:
    users = Counter(row["user_id"]["S"] for row in mortal.rows("users"))
    assert len(users) == people
    assert Counter(row["user_id"]["S"] for row in mortal.rows("emails")) == users
    parts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in mortal.rows("accounts"):
        part, _, member = row["part"]["S"].partition("#")
        # A member is told by the person, everything else by the account.
        parts[part][member or row["account_id"]["S"]] += 1
    assert parts["member"] == users
    assert parts["account"] == parts["workspaces"]
    assert len(parts["account"]) == people
