"""Compares a whole sign-in with other products', with their hashers and with ours, in turn."""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, paired_ratio
from benchmarks.peers.installing import Peer, PeerMissingError, started
from benchmarks.sign_in import right_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PEERS = {
    "Django": "django_sign_in.py",
    "fastapi-users": "fastapi_users_sign_in.py",
    "Flask-Security": "flask_security_sign_in.py",
}
_ROUNDS = 12
_OURS = "ours"
_UNSEEN = (
    "that the peers read a local file and count no failed attempts, and that two of them include"
    " their HTTP layer. Ours is the service without HTTP, and counts each attempt before it hashes."
)


def figures() -> list[Figure]:
    """Measure the peers that can be installed; prints a reason for each of the others."""
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        asked = _started(stack, scratch)
        if not asked:
            return []
        taken = _in_turn({_OURS: _ourselves(right_sign_in()), **asked})
    ours = taken.pop(_OURS)
    with_ours = {name: costs for name, costs in taken.items() if name.endswith(_SAME)}
    own = {name: costs for name, costs in taken.items() if name not in with_ours}
    # In the first of these, all but one or two milliseconds is the same hash. So the ratio only
    # varies by the noise of the machine.
    return [
        _figure("sign-in, correct password / best peer, our hasher", ours, with_ours, 1.1),
        _figure("sign-in, correct password / best peer, its own hasher", ours, own, 1.0),
    ]


_SAME = ", our hasher"


def _started(stack: contextlib.ExitStack, scratch: Path) -> dict[str, Callable[[], float]]:
    asked: dict[str, Callable[[], float]] = {}
    subjects = [
        *((f"{name}{_SAME}", script, ("ours",)) for name, script in _PEERS.items()),
        *((name, script, ("own",)) for name, script in _PEERS.items()),
        # node needs another package for argon2, so this one is only measured with its own hasher.
        ("better-auth", "better_auth_sign_in.mjs", ()),
    ]
    for name, script, arguments in subjects:
        try:
            peer = stack.enter_context(started(script, scratch, *arguments))
            peer.ask("right", 1)
        except PeerMissingError as reason:
            sys.stderr.write(f"{name} is not measured: {reason}\n")
        else:
            asked[name] = _asking(peer)
    return asked


def _asking(peer: Peer) -> Callable[[], float]:
    return lambda: peer.ask("right", 1)


def _ourselves(right: Callable[[], object]) -> Callable[[], float]:
    def ask() -> float:
        began = time.process_time()
        right()
        return (time.process_time() - began) * 1000

    return ask


def _in_turn(asked: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in asked}
    names = list(asked)
    for turn in range(_ROUNDS):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            taken[name].append(asked[name]())
    return taken


def _figure(
    metric: str, ours: list[float], peers: Mapping[str, list[float]], most: float
) -> Figure:
    medians = {name: round(statistics.median(costs), 2) for name, costs in peers.items()}
    best = min(medians, key=lambda name: medians[name])
    ratio = round(paired_ratio(ours, peers[best]), 3)
    own = round(statistics.median(ours), 2)
    return Figure(f"{metric} ({best})", own, 0, ratio, 0, most, _UNSEEN, medians)
