"""Parts that are built when they are first used."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# One lock for all parts, and reentrant, because building a part can need another one.
_lock = threading.RLock()


class _BuiltOnce(cached_property[T]):
    # Since Python 3.12 a cached_property holds no lock: two threads of the local server would each
    # build a part, with an AWS client each. Once a part is built, a read finds it in the object and
    # takes no lock.
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Any:
        with _lock:
            return super().__get__(instance, owner)


def by_need(build: Callable[[Any], T]) -> cached_property[T]:
    """Make a property that builds its part once, whichever thread asks first.

    The property imports what it builds, so that a process loads only what it uses.
    """
    return _BuiltOnce(build)
