"""Compares our package's size and cold starts with the plain Chalice package of the same code."""

from __future__ import annotations

import base64
import json
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks.figures import Figure, paired_ratio
from benchmarks.plain_package import packed_bytes_without_saml, plain_zip
from infra.package.build import build

_PROBE = Path(__file__).with_name("cold_start_probe.py")
_ROUNDS = 7
# A plain Chalice package would check a key with the SDK.
_TRANSPORTS = ("direct", "sdk")
_MEGABYTE = 1_000_000
_NO_SAML = "the SAML libraries: compiled code, the same in both, only loaded for a SAML response."
_NO_DISK = (
    "how long Lambda takes to fetch and unpack the zip and to start Python; and the first"
    " connection, for which both read the system's certificates and ours also loads Python's ssl."
)


def figures() -> list[Figure]:
    """Build both packages, and start each function from both in turn."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        ours = build("prod", work / "ours", for_this_machine=True).archive
        plain_zip(plain := work / "plain.zip")
        sizes = [packed_bytes_without_saml(archive) for archive in (ours, plain)]
        places = [_unpack(ours, work / "a"), _unpack(plain, work / "b")]
        return [
            Figure(
                "MB of the zip, without SAML's libraries / plain Chalice package",
                round(sizes[0] / _MEGABYTE, 1),
                round(sizes[1] / _MEGABYTE, 1),
                round(sizes[0] / sizes[1], 2),
                0,
                0.35,
                _NO_SAML,
            ),
            *_cold_start("authorizer", "key_check", places, 0.15),
            *_cold_start("app", "api", places, 0.40),
            *_cold_start("worker", "mail", places, 0.40),
            *_cold_start("daily function", "sso_watch", places, 0.40),
        ]


def cold_start(directory: Path, function: str, **settings: str) -> dict[str, object]:
    """Start a function from an unpacked zip in a fresh interpreter without other packages."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-I", "-S", "-B", str(_PROBE), str(directory), function],
        capture_output=True,
        text=True,
        check=False,
        env={**_environ(), **settings},
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    printed: dict[str, object] = json.loads(done.stdout)
    return printed


def _cold_start(words: str, function: str, places: list[Path], goal: float) -> list[Figure]:
    taken: list[list[float]] = [[], []]
    modules = [0.0, 0.0]
    for _ in range(_ROUNDS):
        for at, (place, transport) in enumerate(zip(places, _TRANSPORTS, strict=True)):
            started = cold_start(place, function, KEY_CHECK_TRANSPORT=transport)
            taken[at].append(float(str(started["milliseconds"])))
            modules[at] = float(str(started["modules"]))
    return [
        Figure(
            f"CPU of the {words}'s start / plain Chalice package",
            round(statistics.median(taken[0]), 1),
            round(statistics.median(taken[1]), 1),
            round(paired_ratio(*taken), 2),
            0,
            goal,
            _NO_DISK,
        ),
        Figure(
            f"modules loaded by the {words}'s start / plain Chalice package",
            modules[0],
            modules[1],
            round(modules[0] / modules[1], 2),
            0,
            # The compiled package has one or two loaders of its own.
            1.05,
            "what the first call of each kind loads afterwards.",
        ),
    ]


def _environ() -> dict[str, str]:
    key = base64.b64encode(bytes(32)).decode("ascii")
    return {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "MAIL_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/mail",
        "PASSWORD_PEPPERS": f"1:{key}",
        "ADDRESS_KEY": key,
        "COOKIE_KEY": key,
    }


def _unpack(archive: Path, target: Path) -> Path:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(target)
    return target
