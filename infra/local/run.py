"""Starts the parts of a local run, and stops them however it ends."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from infra.errors import CommandError
from infra.local import environment, running
from infra.local.data import DataDirectory

if TYPE_CHECKING:
    from types import FrameType

    from chalice import Chalice

    from chalicelib.settings import Settings
    from infra.local.emulator import Emulator
    from infra.local.wire.server import LoopbackServer

ROOT = Path(__file__).resolve().parents[2]
_REGION = "us-east-1"
_STACK = "terminus-hub-authentication"
# Short, so that a mail interrupted by a stop is sent soon after the next start.
_MAIL_VISIBILITY_SECONDS = "10"
_WATCH_SECONDS = 0.5


class StopRequested(BaseException):
    """The run was asked to end; not an Exception, so that no error handler catches it."""


def run() -> int:
    """Start everything, wait, stop everything, and return the exit status."""
    _catch_signals()
    try:
        with contextlib.ExitStack() as stack:
            try:
                _run(stack)
            finally:
                _ignore_signals()
    except StopRequested:
        _say("Stopped. The data is kept; the next start goes on from there.")
        return 0
    except CommandError as problem:
        print(problem, file=sys.stderr)
        return 1


def _run(stack: contextlib.ExitStack) -> NoReturn:
    """Start one part after the other; the stack stops them in reverse."""
    from infra.local.inbox import Inbox
    from infra.local.mails import SentMails
    from infra.local.wire.gateway import Gateway

    ports = environment.ports(os.environ)
    os.environ.setdefault("PUBLIC_URL", f"http://localhost:{ports.app}")
    settings = _settings()
    data = DataDirectory(Path(os.environ.get("LOCAL_DATA") or ROOT / ".local"))
    stack.callback(data.unlock)
    data.lock()
    environment.add_secrets(os.environ, data.path / "secrets.json")
    failure = _Failure()
    app_server = _listen(stack, "PORT", ports.app)
    inbox_server = _listen(stack, "MAIL_PORT", ports.mail)
    emulator = _start_emulator(stack, data, failure)
    # The emulator starts meanwhile.
    app = _load_app()
    endpoint = _await_aws(emulator)
    _start_mail(stack, app, endpoint, settings)
    stack.callback(running.forget, data.path)
    region, prefix = os.environ["AWS_REGION"], settings.table_prefix
    running.note(data.path, running.Running(endpoint, region, prefix))
    app_server.start(Gateway(app, https=settings.public_url.startswith("https:")))
    inbox_server.start(Inbox(SentMails(endpoint)))
    _greet(ports)
    failure.wait()


class _Failure:
    """A failure that ends the run."""

    def __init__(self) -> None:
        self._happened = threading.Event()
        self._reason = ""

    def report(self, reason: str) -> None:
        """End the run with a sentence, from any thread."""
        self._reason = reason
        self._happened.set()

    def wait(self) -> NoReturn:
        """Wait for a report; raises CommandError, or StopRequested if the parent has ended."""
        parent = os.getppid() if os.environ.get("STOP_WITH_PARENT") else None
        while not self._happened.wait(_WATCH_SECONDS):
            if parent is not None and os.getppid() != parent:
                raise StopRequested
        raise CommandError(self._reason)


def _settings() -> Settings:
    from chalicelib.settings import Settings, SettingsError

    try:
        return Settings.from_environ(os.environ)
    except SettingsError as error:
        raise CommandError(str(error)) from error


def _load_app() -> Chalice:
    import app
    import infra.local.wire.protocol  # noqa: F401 - loads hypercorn

    return app.app


def _listen(stack: contextlib.ExitStack, setting: str, port: int) -> LoopbackServer:
    from infra.local.wire.server import LoopbackServer

    try:
        server = LoopbackServer(port)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken" if taken else f"can't be used ({error.strerror})"
        message = f"Port {port} {reason}; stop what listens there, or choose another by {setting}."
        raise CommandError(message) from error
    stack.callback(server.stop)
    return server


def _start_emulator(
    stack: contextlib.ExitStack, data: DataDirectory, failure: _Failure
) -> Emulator | None:
    """Start the emulator, unless the environment names an endpoint."""
    named = os.environ.get("AWS_ENDPOINT_URL")
    if named:
        if urlsplit(named).scheme not in ("http", "https"):
            message = f"AWS_ENDPOINT_URL must be an http or https address; it is {named!r}."
            raise CommandError(message)
        environment.point_at_endpoint(os.environ, _REGION)
        return None
    from infra.local.emulator import Emulator

    _say("Starting the AWS emulator ...")
    emulator = Emulator(data, _REGION)
    stack.callback(emulator.stop)
    emulator.watch(failure.report)
    environment.point_at_emulator(os.environ, emulator.endpoint, _REGION)
    return emulator


def _await_aws(emulator: Emulator | None) -> str:
    if emulator is None:
        return os.environ["AWS_ENDPOINT_URL"]
    emulator.await_ready()
    return emulator.endpoint


def _start_mail(
    stack: contextlib.ExitStack, app: Chalice, endpoint: str, settings: Settings
) -> None:
    from infra.aws import client
    from infra.local.provisioning import make_ready
    from infra.local.worker import Worker, mail_handler

    _say("Making the tables and the mail queue ...")
    queue = make_ready(
        endpoint,
        _STACK,
        {
            "TablePrefix": settings.table_prefix,
            "MailVisibilitySeconds": _MAIL_VISIBILITY_SECONDS,
            "DeletionProtection": "false",
        },
        settings.mail_from,
    )
    os.environ["MAIL_QUEUE_URL"] = queue.url
    os.environ["MAIL_CONFIGURATION_SET"] = f"{settings.table_prefix}mail"
    _say("Starting the app ...")
    _warm_up()
    worker = Worker(client("sqs", endpoint=endpoint), queue, mail_handler(app))
    stack.callback(worker.stop)
    worker.start()


def _warm_up() -> None:
    """Build the services now, so that a bad setting stops the start, not a sign-in."""
    from chalicelib.bootstrap import services

    try:
        services()
    except ValueError as error:
        message = f"A setting can't be used: {error}"
        raise CommandError(message) from error


def _greet(ports: environment.Ports) -> None:
    app = f"http://localhost:{ports.app}"
    _say(
        f"Ready: {app}\n"
        f"  Sign up at {app}/sign-up\n"
        f"  Mails arrive at http://localhost:{ports.mail}\n"
        "  Ctrl-C stops everything and keeps the data."
    )


def _say(words: str) -> None:
    # The reader of our output may have ended already.
    with contextlib.suppress(OSError):
        print(words, flush=True)


def _catch_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup ignores SIGHUP; leave that so.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _on_signal)


def _on_signal(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    _ignore_signals()
    raise StopRequested


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
