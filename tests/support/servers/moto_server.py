"""moto behind a socket, for what doesn't ask by way of botocore."""

from __future__ import annotations

import contextlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSRequest

from tests.support.servers.engines import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # All callers of a race connect at once.
    request_queue_size = 512


class _Dynamo(BaseHTTPRequestHandler):
    """Hands each request to moto as botocore would, and answers in DynamoDB's form."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        from moto.core.models import botocore_stubber

        body = self.rfile.read(int(self.headers["content-length"]))
        # moto knows the service and the region by these.
        url = f"https://dynamodb.{REGION}.amazonaws.com/"
        request = AWSRequest("POST", url, dict(self.headers.items()), body).prepare()
        decided = botocore_stubber.process_request(request)
        assert decided is not None, "moto is off"
        status, _, said = decided
        answer = said.encode() if isinstance(said, str) else said
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        return


@contextlib.contextmanager
def moto_server() -> Iterator[str]:
    """Serve the moto of this process, and give its address."""
    server = _Server(("127.0.0.1", 0), _Dynamo)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
