"""Sets up the environment of a local run: ports, secrets and the AWS endpoint."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.errors import CommandError
from infra.tools.new_secrets import new_secrets
from infra.tools.private_files import private_file

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path

_PORTS = (1, 65_535)


@dataclass(frozen=True)
class Ports:
    """The ports of a local run."""

    app: int
    mail: int


def ports(environ: MutableMapping[str, str]) -> Ports:
    """Read both ports; raises CommandError."""
    found = Ports(app=_port(environ, "PORT", 8000), mail=_port(environ, "MAIL_PORT", 8025))
    if found.app == found.mail:
        message = f"PORT and MAIL_PORT must differ; both are {found.app}."
        raise CommandError(message)
    return found


def _port(environ: MutableMapping[str, str], name: str, default: int) -> int:
    raw = environ.get(name) or str(default)
    low, high = _PORTS
    if not (raw.isascii() and raw.isdigit() and low <= int(raw) <= high):
        message = f"{name} must be a port number from {low} to {high}; it is {raw!r}."
        raise CommandError(message)
    return int(raw)


def add_secrets(environ: MutableMapping[str, str], path: Path) -> None:
    """Add the secrets of the first run, unless the environment has its own."""
    if not path.exists():
        with private_file(path) as file:
            file.write(json.dumps(new_secrets(), indent=2))
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        for name, value in kept.items():
            environ.setdefault(name, str(value))
    except (OSError, ValueError, AttributeError) as error:
        message = f"The secrets in {path} can't be read; `make clean` starts afresh."
        raise CommandError(message) from error


def point_at_emulator(environ: MutableMapping[str, str], endpoint: str, region: str) -> None:
    """Send every AWS call to our emulator, and use no real credentials."""
    for name in [name for name in environ if name.startswith("AWS_")]:
        del environ[name]
    environ.update(
        {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    )
    _bypass_proxies(environ)


def point_at_endpoint(environ: MutableMapping[str, str], region: str) -> None:
    """Complete the environment for an endpoint that the user named."""
    chosen = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or region
    environ["AWS_REGION"] = environ["AWS_DEFAULT_REGION"] = chosen
    if not environ.get("AWS_PROFILE"):
        environ.setdefault("AWS_ACCESS_KEY_ID", "test")
        environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    _bypass_proxies(environ)


def _bypass_proxies(environ: MutableMapping[str, str]) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in (environ.get(name), "127.0.0.1", "localhost", "::1") if host]
        environ[name] = ",".join(hosts)
