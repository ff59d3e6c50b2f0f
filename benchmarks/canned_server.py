"""A server that gives one prepared DynamoDB answer, run as a separate process.

Its own work isn't measured, only the CPU of the process that calls it.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A key check uses the time in DynamoDB's answer.
_DATE = b"%DATE%"
_HEAD_END = b"\r\n\r\n"


def serve(body: bytes, status: str) -> None:
    """Answer every request with one body, on a free port that is printed first."""
    answer = _answer(body, status)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_converse, args=(connection, answer), daemon=True).start()


@contextlib.contextmanager
def canned_dynamodb(content: Mapping[str, Any], status: int = 200) -> Iterator[str]:
    """Run a server beside this process; yields its URL."""
    command = [sys.executable, "-m", "benchmarks.canned_server", str(status)]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None  # noqa: S101 - the pipe was requested above
        assert child.stdout is not None  # noqa: S101 - as above
        child.stdin.write(json.dumps(content).encode())
        child.stdin.close()
        port = int(child.stdout.readline())
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            child.terminate()


def _converse(connection: socket.socket, answer: bytes) -> None:
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
        while (end := received.find(_HEAD_END)) >= 0:
            whole = end + len(_HEAD_END) + _length(received[:end])
            if len(received) < whole:
                break
            received = received[whole:]
            date = formatdate(usegmt=True).encode()
            connection.sendall(answer.replace(_DATE, date))


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _answer(body: bytes, status: str) -> bytes:
    # DynamoDB's headers.
    return (
        f"HTTP/1.1 {status} Words\r\nContent-Length: {len(body)}\r\n".encode()
        + b"Server: Server\r\nDate: "
        + _DATE
        + b"\r\n"
        b"Content-Type: application/x-amz-json-1.0\r\n"
        b"Connection: keep-alive\r\n"
        b"x-amzn-RequestId: 4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG\r\n"
        b"\r\n" + body
    )


if __name__ == "__main__":
    serve(sys.stdin.buffer.read(), sys.argv[1])
