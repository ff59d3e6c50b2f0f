"""API keys on a running stack, over its sockets: what no call inside one process can show."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.keys import KEYS, Holder, make_key
from tests.support.patience import PATIENCE
from tests.support.personas.journeys import PASSWORD, ask_sign_in, sign_up
from tests.support.servers.children import ROOT

if TYPE_CHECKING:
    from tests.support.http import Program
    from tests.support.servers.stack import Stack

pytestmark = pytest.mark.stack

_ACCOUNT = "/api/v1/account"
# `KEY_ROUNDS=10000 make test ARGS="-k no_round"` takes some minutes.
_ROUNDS = int(os.environ.get("KEY_ROUNDS", "150"))


@pytest.fixture
def owner(stack: Stack) -> Program:
    """An account of one's own, by form and mail."""
    address = f"robin.{secrets.token_hex(4)}@acme.test"
    browser = stack.browser()
    sign_up(browser, address)
    browser.open(stack.await_link(address))
    browser.press("Confirm email")
    program = stack.program()
    assert ask_sign_in(program, address, PASSWORD).status == 200
    return program


@pytest.mark.timeout(3_600)
def test_no_round_accepts_a_deleted_key(stack: Stack, owner: Program) -> None:
    """`F5`: make, use, delete, use."""
    late = 0
    for _ in range(_ROUNDS):
        made = make_key(owner)
        holder = Holder(stack.program(), made["key"])
        assert holder.get(_ACCOUNT).status == 200
        assert owner.delete(f"{KEYS}/{made['id']}").status == 204
        late += holder.get(_ACCOUNT).status != 401
    assert late == 0


def _exchange(stack: Stack, *headers: str) -> bytes:
    place = urlsplit(stack.origin)
    head = "\r\n".join(
        [f"GET {_ACCOUNT} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    )
    with socket.create_connection((place.hostname, place.port), timeout=PATIENCE) as wire:
        wire.sendall(f"{head}\r\n\r\n".encode("latin-1"))
        wire.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: wire.recv(65_536), b""))
    return re.sub(rb"X-Request-Id: [0-9a-f-]+", b"", re.sub(rb"Date: [^\r]+", b"", answer))


def test_every_bad_header_gets_the_same_bytes(stack: Stack, owner: Program) -> None:
    """`F7`, `F8`: as API Gateway answers before any code of ours."""
    good = make_key(owner)["key"]
    answers = {
        _exchange(stack),
        _exchange(stack, "Authorization:"),
        _exchange(stack, "Authorization: \t "),
        _exchange(stack, "Authorization: Bearer"),
        _exchange(stack, f"Authorization: {good}"),
        _exchange(stack, f"Authorization: Bearer\t{good}"),
        _exchange(stack, f"Authorization: Bearer {good}x"),
        _exchange(stack, f"Authorization: Bearer \xe9{good}"),
        _exchange(stack, "Authorization: Bearer " + "a" * 9_000),
        _exchange(stack, f"Authorization: Bearer {good}", "Authorization: Bearer other"),
    }
    (answer,) = answers
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"WWW-Authenticate: Bearer\r\n" in answer


@pytest.mark.parametrize("header", ["Authorization: Bearer \x00", "Authorization: Bearer\n folded"])
def test_what_is_no_header_reaches_nothing(stack: Stack, header: str) -> None:
    assert _exchange(stack, header).startswith(b"HTTP/1.1 400 ")


def test_a_header_over_the_gateways_limit_is_refused_by_it(stack: Stack) -> None:
    answer = _exchange(stack, "Authorization: Bearer " + "a" * 10_300)
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_of_two_good_headers_the_last_counts(stack: Stack, owner: Program) -> None:
    good = make_key(owner)["key"]
    answer = _exchange(stack, "Authorization: Bearer x", f"Authorization: bearer {good}")
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.skipif(shutil.which("curl") is None, reason="not run: there is no curl here")
def test_the_curl_lines_of_the_readme_work_as_printed(stack: Stack, owner: Program) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^curl .+$", readme, re.MULTILINE)
    assert len(lines) >= 3
    environ = {"KEY": make_key(owner)["key"], "PATH": os.environ["PATH"]}
    for line in lines:
        command = line.replace("http://localhost:8000", stack.origin).replace(
            "curl ", "curl --silent --fail-with-body --noproxy '*' ", 1
        )
        done = subprocess.run(
            ["sh", "-c", command], env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert done.stdout.startswith("{")
