"""Pages of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

LIMIT_DEFAULT = 100
LIMIT_MAX = 10_000
PAGE_MAX = 1_000_000_000


@dataclass(frozen=True)
class PageRequest:
    """The number of a page, counted from 1, and how many items a page has."""

    number: int = 1
    limit: int = LIMIT_DEFAULT

    @property
    def offset(self) -> int:
        """Return the number of items on the pages before it."""
        return (self.number - 1) * self.limit


@dataclass(frozen=True)
class Slice(Generic[T]):
    """The items of one page, and the number of items in all."""

    items: tuple[T, ...]
    has_more: bool
    total_count: int

    @classmethod
    def of(cls, items: tuple[T, ...], asked: PageRequest, total: int) -> Slice[T]:
        """Make a page of items that were already selected."""
        return cls(items, asked.offset + len(items) < total, total)

    @classmethod
    def cut(cls, everything: tuple[T, ...], asked: PageRequest) -> Slice[T]:
        """Select a page of a complete list."""
        items = everything[asked.offset : asked.offset + asked.limit]
        return cls.of(items, asked, len(everything))
