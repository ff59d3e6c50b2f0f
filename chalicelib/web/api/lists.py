"""Lists: the requested page, and the answer's envelope."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeVar

from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.lists import LIMIT_DEFAULT, LIMIT_MAX, PAGE_MAX, PageRequest
from chalicelib.web.contract.shapes.common import Page
from chalicelib.web.kit.routing.json_api import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice import Response
    from chalice.app import Request

    from chalicelib.domain.lists import Slice

T = TypeVar("T")
Shown = TypeVar("Shown")

# A Lambda response is limited to 6 MB, in which the body is a JSON string with escaped quotes.
ANSWER_MAX_BYTES = 5_500_000
_BYTES_OF_A_CHARACTER = 12
_NUMBER = re.compile(r"[0-9]{1,10}\Z", re.ASCII)


def read_query(request: Request, *filters: str) -> tuple[PageRequest, dict[str, str]]:
    """Read the requested page and the given filters.

    Raises InvalidValueError for values out of range, duplicates and unknown parameters: a misspelt
    filter must not return everything.
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


def list_view(found: Slice[T], view: Callable[[T], Shown]) -> Page[Shown]:
    """Convert a page to the envelope of all lists."""
    items = [view(item) for item in found.items]
    return Page(items, found.has_more, found.total_count)


def list_answer(found: Slice[T], view: Callable[[T], Shown]) -> Response:
    """Answer with a page in the envelope of all lists; raises InvalidValueError if too large.

    A page is refused, not shortened, so that the page numbers cover every item exactly once.
    """
    return bounded(json_answer(list_view(found, view)))


def bounded(answer: Response) -> Response:
    """Return an answer if a Lambda can send it; raises InvalidValueError."""
    body: str = answer.body
    if len(body) * _BYTES_OF_A_CHARACTER > ANSWER_MAX_BYTES and _size(body) > ANSWER_MAX_BYTES:
        message = "This page would be larger than 5.5 MB. Ask for fewer at once."
        raise InvalidValueError(message, param="limit")
    return answer


def _size(body: str) -> int:
    """Return a body's size inside the response, where other characters than ASCII are escaped."""
    return len(json.dumps(body))


def _number(text: str, param: str, maximum: int) -> int:
    if not _NUMBER.match(text) or not 1 <= int(text) <= maximum:
        message = f"Give a whole number from 1 to {maximum:,}."
        raise InvalidValueError(message, param=param)
    return int(text)
