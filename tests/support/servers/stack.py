"""The whole local stack as `make run` starts it, as a child; tests know it by its addresses."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.http import Browser, Program, over_sockets
from tests.support.patience import PATIENCE
from tests.support.servers.children import clean_environ, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Stack:
    """A running stack: black-box tests use nothing but these two addresses."""

    origin: str
    inbox: str

    def browser(self) -> Browser:
        """Give a browser without JavaScript that was never here before."""
        return Browser(over_sockets(self.origin), self.origin)

    def program(self) -> Program:
        """Give a program that was never here before."""
        return Program(over_sockets(self.origin))

    def mails(self) -> list[dict[str, Any]]:
        """Give all mails, newest first."""
        found: list[dict[str, Any]] = over_sockets(self.inbox)(
            "GET", "/messages.json", {}, b""
        ).json
        return found

    def mails_to(self, address: str) -> list[dict[str, Any]]:
        """Give the mails to an address, newest first."""
        return [mail for mail in self.mails() if mail["to"] == address]

    def await_mail(self, address: str, number: int = 1) -> dict[str, Any]:
        """Wait until an address has so many mails, and give the newest."""
        end = time.monotonic() + PATIENCE
        while len(mails := self.mails_to(address)) < number:
            assert time.monotonic() < end, f"{len(mails)} mails to {address}, not {number}"
            time.sleep(0.05)
        return mails[0]

    def await_link(self, address: str, number: int = 1) -> str:
        """Wait for a mail, and give the link that stands on a line of its own."""
        text = self.await_mail(address, number)["text"]
        (link,) = re.findall(rf"^{re.escape(self.origin)}/\S+\?token=\S+$", text, re.MULTILINE)
        return str(link)


@contextlib.contextmanager
def running_stack(scratch: Path, **environ: str) -> Iterator[Stack]:
    """Start a stack with an empty store on free ports."""
    port, mail_port = free_port(), free_port()
    settings = {
        "PORT": str(port),
        "MAIL_PORT": str(mail_port),
        "LOCAL_DATA": str(scratch / "data"),
        # Every test's people sign up from this one machine.
        "SOURCE_MAILS_PER_HOUR": "5000",
        **environ,
    }
    log = scratch / "stack.log"
    with running(
        [sys.executable, "-m", "infra.local"],
        {**clean_environ(), **settings},
        log,
        lambda: "Ready:" in log.read_text(errors="replace"),
    ):
        yield Stack(f"http://localhost:{port}", f"http://localhost:{mail_port}")
