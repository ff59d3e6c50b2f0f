"""The findings of an examination: sentences for the operator."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """What a finding means."""

    FINE = "fine"
    TROUBLE = "trouble"
    # The check couldn't run; it never counts as fine.
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class Finding:
    """One sentence and the check that it comes from."""

    title: str
    outcome: Outcome
    words: str


# A check yields each trouble, and returns its sentence for when there is none.
Checking = Generator[str, None, str]


def together(troubles: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Merge pairs of name and trouble into one sentence per trouble."""
    names: dict[str, list[str]] = {}
    for name, trouble in troubles:
        names.setdefault(trouble, []).append(name)
    for trouble, those in names.items():
        yield f"{', '.join(those)}: {trouble}"


class UncheckedError(Exception):
    """A check can't run; the message says why."""
