"""Answers that have the fields of a domain object."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from chalicelib.domain.clock import rfc3339

AnswerT = TypeVar("AnswerT", bound=msgspec.Struct)


def answer_from(shape: type[AnswerT], source: object, **more: Any) -> AnswerT:
    """Fill an answer's fields from the attributes of the same names; times become RFC 3339.

    `more` holds the fields that the object doesn't have.
    """
    names = [name for name in shape.__struct_fields__ if name not in more]
    return shape(**{name: _shown(getattr(source, name)) for name in names}, **more)


def _shown(value: Any) -> Any:
    return rfc3339(value) if isinstance(value, datetime) else value
