"""Lists: which page is asked for, and how one is shown."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeVar

from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.lists import LIMIT_DEFAULT, LIMIT_MAX, PAGE_MAX, PageRequest
from chalicelib.web.contract import answers
from chalicelib.web.kit.blueprints import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice import Response
    from chalice.app import Request

    from chalicelib.domain.lists import Slice

T = TypeVar("T")
Shown = TypeVar("Shown")

# A Lambda's answer ends at 6 MB. The body is in it as a JSON text, with its quotes escaped.
ANSWER_MAX_BYTES = 5_500_000
_BYTES_OF_A_CHARACTER = 12
_NUMBER = re.compile(r"[0-9]{1,10}\Z", re.ASCII)


def read_query(request: Request, *filters: str) -> tuple[PageRequest, dict[str, str]]:
    """Read which page is asked for, and the filters that are given.

    Raises InvalidValueError for what is out of range, given twice, or not taken here: a filter
    that is misspelt must not quietly answer with everything.
    """
    values = request.query_params
    given = {name: values.getlist(name) for name in values} if values else {}
    for name, texts in given.items():
        if name not in ("page", "limit", *filters):
            raise InvalidValueError("There is no such parameter.", param=name[:100])
        if len(texts) != 1:
            raise InvalidValueError("Give it once.", param=name)
    single = {name: texts[0] for name, texts in given.items()}
    page = PageRequest(
        number=_number(single.pop("page", "1"), "page", PAGE_MAX),
        limit=_number(single.pop("limit", str(LIMIT_DEFAULT)), "limit", LIMIT_MAX),
    )
    return page, single


def list_view(found: Slice[T], view: Callable[[T], Shown]) -> answers.Page[Shown]:
    """Show a page in the envelope of all lists."""
    items = [view(item) for item in found.items]
    return answers.Page(items, found.has_more, found.total_count)


def list_answer(found: Slice[T], view: Callable[[T], Shown]) -> Response:
    """Answer with a page in the envelope of all lists; raises InvalidValueError if too large.

    A page is whole or refused, never cut: page numbers then lead to every item exactly once.
    """
    return bounded(json_answer(list_view(found, view)))


def bounded(answer: Response) -> Response:
    """Give an answer that a Lambda can carry; raises InvalidValueError for a page too large."""
    body: str = answer.body
    if len(body) * _BYTES_OF_A_CHARACTER > ANSWER_MAX_BYTES and _size(body) > ANSWER_MAX_BYTES:
        message = "This page would be larger than 5.5 MB. Ask for fewer at once."
        raise InvalidValueError(message, param="limit")
    return answer


def _size(body: str) -> int:
    """Say how large a body becomes on its way: what isn't ASCII can be escaped as well."""
    return len(json.dumps(body))


def _number(text: str, param: str, maximum: int) -> int:
    if not _NUMBER.match(text) or not 1 <= int(text) <= maximum:
        message = f"Give a whole number from 1 to {maximum:,}."
        raise InvalidValueError(message, param=param)
    return int(text)
