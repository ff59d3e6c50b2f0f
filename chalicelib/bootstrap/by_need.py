"""Parts that are built when they are first asked for."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# One for all parts, since a part asks for others. It is reentrant for the same reason.
_lock = threading.RLock()


class _BuiltOnce(cached_property[T]):
    # Since Python 3.12 a cached_property holds no lock. Two threads of the local server would each
    # build a part, and each make its own AWS client. The lock is left once the part is built:
    # a second read finds it in the object and doesn't come here.
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Any:
        with _lock:
            return super().__get__(instance, owner)


def by_need(build: Callable[[Any], T]) -> cached_property[T]:
    """Make a property that builds its part once, whichever thread asks first.

    The import of what it builds stands inside it, so that a process pays for what it uses.
    """
    return _BuiltOnce(build)
