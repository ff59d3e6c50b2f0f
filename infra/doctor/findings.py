"""What an examination comes to: sentences for the person who runs the command."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """What a sentence is about."""

    FINE = "fine"
    TROUBLE = "trouble"
    # Neither: nobody could look. It is never told as fine.
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class Finding:
    """One sentence, and the check that it comes from."""

    title: str
    outcome: Outcome
    words: str


# A check gives its troubles one by one, and returns what it says where there are none.
Checking = Generator[str, None, str]


def together(troubles: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Say of all that have the same trouble in one sentence; each is a name and its trouble."""
    names: dict[str, list[str]] = {}
    for name, trouble in troubles:
        names.setdefault(trouble, []).append(name)
    for trouble, those in names.items():
        yield f"{', '.join(those)}: {trouble}"


class UncheckedError(Exception):
    """A check can't be made; the message says why, and what it would take."""
