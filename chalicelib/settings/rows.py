"""A setting as one row: its name, default, range and reader, declared as a field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from chalicelib.settings.readers import choice, whole_number

_T = TypeVar("_T")
# A fixed text, or a function whose text replaces an empty value as well as a missing one.
_Default = str | Callable[[Mapping[str, str]], str]

_SECONDS = (1, 31_536_000)
_COUNT = (1, 1_000_000)
_ROW = "row"


@dataclass(frozen=True)
class Setting:
    """An environment variable; `allowed` is its range as in docs/settings.md."""

    name: str
    default: _Default
    allowed: str
    read: Callable[[str, str], Any]

    def value(self, environ: Mapping[str, str]) -> Any:
        """Read and check it; raises SettingsError."""
        if isinstance(self.default, str):
            return self.read(self.name, environ.get(self.name, self.default))
        return self.read(self.name, environ.get(self.name) or self.default_text(environ))

    def default_text(self, environ: Mapping[str, str]) -> str:
        """Return the text that is read if the environment has none."""
        return self.default if isinstance(self.default, str) else self.default(environ)


def rows(settings: type) -> dict[str, Setting]:
    """Return the rows by the names of their fields, in the order in which they are read."""
    return {one.name: one.metadata[_ROW] for one in fields(settings)}


def row(
    name: str,
    default: _Default,
    allowed: str,
    read: Callable[[str, str], _T],
    *,
    secret: bool = False,
) -> _T:
    """Declare a setting of any kind; a secret is hidden in `repr`."""
    setting = Setting(name, default, allowed, read)
    initial: _T = setting.value({})
    return field(default=initial, metadata={_ROW: setting}, repr=not secret)


def number(name: str, default: int, limits: tuple[int, int] = _COUNT, unit: str = "") -> int:
    """Declare a whole number."""
    return row(name, str(default), _range(limits, unit), partial(whole_number, limits=limits))


def seconds(name: str, default: int) -> timedelta:
    """Declare a duration in seconds."""
    return _duration(name, default, _SECONDS, "seconds")


def days(name: str, default: int, limits: tuple[int, int]) -> timedelta:
    """Declare a duration in days."""
    return _duration(name, default, limits, "days")


def one_of(
    name: str, default: str, choices: tuple[str, ...], fold: Callable[[str], str] = str
) -> str:
    """Declare one of a few words; `fold` is applied to the given text."""
    return row(name, default, ", ".join(choices), partial(choice, choices=choices, fold=fold))


def unchecked(name: str, default: _Default = "", *, secret: bool = False) -> str:
    """Declare a text that is checked where it is used, or that Lambda sets."""
    return row(name, default, "", lambda _, raw: raw, secret=secret)


def _duration(name: str, default: int, limits: tuple[int, int], unit: str) -> timedelta:
    def read(name: str, raw: str) -> timedelta:
        return timedelta(**{unit: whole_number(name, raw, limits)})

    return row(name, str(default), _range(limits, unit), read)


def _range(limits: tuple[int, int], unit: str) -> str:
    low, high = limits
    return f"{low:,} to {high:,} {unit}".rstrip()
