"""Composes a local run, and takes it apart again whatever ends it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from infra.local import environment, running
from infra.local.data import DataDirectory
from infra.local.problems import LocalRunError, StopRequested

if TYPE_CHECKING:
    from types import FrameType

    from chalice import Chalice

    from chalicelib.settings import Settings
    from infra.local.wire.http_server import LoopbackServer, Site

ROOT = Path(__file__).resolve().parents[2]
_REGION = "us-east-1"
_STACK = "terminus-hub-authentication"
# Short, so that a mail cut off by a stopped run comes soon after the next start.
_MAIL_VISIBILITY_SECONDS = "10"
_WATCH_SECONDS = 0.5


def run() -> int:
    """Start everything, wait, stop everything; gives the exit status."""
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
    except LocalRunError as problem:
        print(problem, file=sys.stderr)
        return 1


def _run(stack: contextlib.ExitStack) -> NoReturn:
    """Start one part after the other; what the stack holds at the end is stopped in reverse."""
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
    app = _load_app()
    gateway = Gateway(app, https=settings.public_url.startswith("https:"))
    site = _serve(stack, gateway, "PORT", ports.app)
    endpoint = _endpoint(stack, data, failure)
    inbox = _serve(stack, Inbox(SentMails(endpoint)), "MAIL_PORT", ports.mail)
    _start_mail(stack, app, endpoint, settings)
    stack.callback(running.forget, data.path)
    region, prefix = os.environ["AWS_REGION"], settings.table_prefix
    running.note(data.path, running.Running(endpoint, region, prefix))
    site.start()
    inbox.start()
    _greet(ports)
    failure.wait()


class _Failure:
    """Something that ends the run by itself."""

    def __init__(self) -> None:
        self._happened = threading.Event()
        self._reason = ""

    def report(self, reason: str) -> None:
        """End the run with a sentence; any thread may."""
        self._reason = reason
        self._happened.set()

    def wait(self) -> NoReturn:
        """Wait for a report; raises LocalRunError, or StopRequested when our parent is gone."""
        parent = os.getppid() if os.environ.get("STOP_WITH_PARENT") else None
        while not self._happened.wait(_WATCH_SECONDS):
            if parent is not None and os.getppid() != parent:
                raise StopRequested
        raise LocalRunError(self._reason)


def _settings() -> Settings:
    from chalicelib.settings import Settings, SettingsError

    try:
        return Settings.from_environ(os.environ)
    except SettingsError as error:
        raise LocalRunError(str(error)) from error


def _load_app() -> Chalice:
    import app

    return app.app


def _serve(stack: contextlib.ExitStack, site: Site, setting: str, port: int) -> LoopbackServer:
    from infra.local.wire.http_server import LoopbackServer, PortError

    try:
        server = LoopbackServer(site, port)
    except PortError as error:
        message = f"Port {port} {error}; stop what listens there, or choose another by {setting}."
        raise LocalRunError(message) from error
    stack.callback(server.stop)
    return server


def _endpoint(stack: contextlib.ExitStack, data: DataDirectory, failure: _Failure) -> str:
    named = os.environ.get("AWS_ENDPOINT_URL")
    if named:
        if urlsplit(named).scheme not in ("http", "https"):
            message = f"AWS_ENDPOINT_URL must be an http or https address; it is {named!r}."
            raise LocalRunError(message)
        environment.point_at_endpoint(os.environ, _REGION)
        return named
    from infra.local.emulator import Emulator

    _say("Starting the AWS emulator ...")
    emulator = Emulator(data, _REGION)
    stack.callback(emulator.stop)
    emulator.watch(failure.report)
    environment.point_at_emulator(os.environ, emulator.endpoint, _REGION)
    emulator.await_ready()
    return emulator.endpoint


def _start_mail(
    stack: contextlib.ExitStack, app: Chalice, endpoint: str, settings: Settings
) -> None:
    from infra.local import aws
    from infra.local.worker import Worker, mail_handler

    _say("Making the tables and the mail queue ...")
    queue = aws.make_ready(
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
    worker = Worker(aws.client("sqs", endpoint), queue, mail_handler(app))
    stack.callback(worker.stop)
    worker.start()


def _warm_up() -> None:
    """Build the services now: a setting they refuse stops the start, not a person's sign-in."""
    from chalicelib.bootstrap import services

    try:
        services()
    except ValueError as error:
        message = f"A setting can't be used: {error}"
        raise LocalRunError(message) from error


def _greet(ports: environment.Ports) -> None:
    app = f"http://localhost:{ports.app}"
    _say(
        f"Ready: {app}\n"
        f"  Sign up at {app}/sign-up\n"
        f"  Mails arrive at http://localhost:{ports.mail}\n"
        "  Ctrl-C stops everything and keeps the data."
    )


def _say(words: str) -> None:
    # Whoever reads our output may have left before us.
    with contextlib.suppress(OSError):
        print(words, flush=True)


def _catch_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup a hang-up is ignored, and stays so.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _on_signal)


def _on_signal(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    _ignore_signals()
    raise StopRequested


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
