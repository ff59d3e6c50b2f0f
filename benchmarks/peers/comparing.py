"""Compares the shipped key check with other products', called in turn."""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from benchmarks.canned_server import canned_dynamodb
from benchmarks.figures import Figure, on_one_core, paired_ratio
from benchmarks.key_check import KEYS, answer, asking, built
from benchmarks.peers.installing import Peer, PeerMissingError, started
from chalicelib import bootstrap
from chalicelib.domain.keys.api_key import ApiKeySecret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Ask = Callable[[str, int], float]

_PEERS = {
    "djangorestframework-api-key": "django_api_key.py",
    "fastapi-users": "fastapi_users_keys.py",
    "Flask-Security": "flask_security_tokens.py",
    "better-auth": "better_auth_api_key.mjs",
}
_ROUNDS = 40
_CALLS = 20
_WARM = 200
_KINDS = ("valid", "invalid", "malformed")
_GOALS = {"valid": 0.35, "invalid": 1.0, "malformed": 0.03}
_OURS = "ours"
_UNKNOWN = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}
_UNSEEN = (
    "that the peers read a local file and DynamoDB is across a network, and what their databases"
    " cost to operate."
)


def figures() -> list[Figure]:
    """Measure the peers that can be installed; prints a reason for each of the others."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(on_one_core())
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        asked: dict[str, Ask] = {_OURS: stack.enter_context(_ourselves())}
        for name, script in _PEERS.items():
            try:
                peer = stack.enter_context(started(script, scratch))
                _warm(peer)
            except PeerMissingError as reason:
                sys.stderr.write(f"{name} is not measured: {reason}\n")
            else:
                asked[name] = peer.ask
        if len(asked) == 1:
            return []
        taken = _in_turn(asked)
    return [_figure(kind, taken) for kind in _KINDS]


def _figure(kind: str, taken: Mapping[str, Mapping[str, list[float]]]) -> Figure:
    net = {name: _net(costs, kind) for name, costs in taken.items()}
    ours = net.pop(_OURS)
    best = min(net, key=lambda name: statistics.median(net[name]))
    return Figure(
        f"key check, {kind} key / best peer, net ({best})",
        round(statistics.median(ours), 4),
        0,
        round(paired_ratio(ours, net[best]), 3),
        0,
        _GOALS[kind],
        _UNSEEN,
        {name: round(statistics.median(costs), 3) for name, costs in net.items()},
    )


def _net(costs: Mapping[str, list[float]], kind: str) -> list[float]:
    return [whole - bare for whole, bare in zip(costs[kind], costs["bare"], strict=True)]


def _in_turn(asked: Mapping[str, Ask]) -> dict[str, dict[str, list[float]]]:
    kinds = ("bare", *_KINDS)
    taken: dict[str, dict[str, list[float]]] = {
        name: {kind: [] for kind in kinds} for name in asked
    }
    names = list(asked)
    for turn in range(_ROUNDS):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            for kind in kinds:
                taken[name][kind].append(asked[name](kind, _CALLS))
    return taken


def _warm(peer: Peer) -> None:
    for kind in ("bare", *_KINDS):
        peer.ask(kind, _WARM)


@contextlib.contextmanager
def _ourselves() -> Iterator[Ask]:
    """Call the shipped handler, with a canned DynamoDB each for known and unknown keys."""
    good = ApiKeySecret.new().value
    with (
        mock.patch.dict(os.environ, KEYS),
        canned_dynamodb(answer(good)) as knowing,
        canned_dynamodb(_UNKNOWN, 400) as ignorant,
    ):
        checks = {
            url: built({**os.environ, "AWS_ENDPOINT_URL": url}) for url in (knowing, ignorant)
        }
        subjects: Mapping[str, Callable[[], object]] = {
            "bare": lambda: None,
            "valid": asking(good, checks[knowing]),
            "invalid": asking(good, checks[ignorant]),
            "malformed": asking("garbage", checks[knowing]),
        }
        for kind in _KINDS:
            if bool(subjects[kind]()) != (kind == "valid"):
                raise RuntimeError(kind)

        def ask(kind: str, calls: int) -> float:
            subject = subjects[kind]
            began = time.process_time()
            for _ in range(calls):
                subject()
            return (time.process_time() - began) * 1000 / calls

        yield ask
    bootstrap.use(None)
