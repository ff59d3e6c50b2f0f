"""What shapes of several rooms share.

msgspec reads annotations when a class is made, so the modules of shapes don't defer them. A class
that ends in `Body` is a request's body, one that ends in `Answer` an answer; the OpenAPI document
names both without that ending.
"""

from typing import Annotated, Generic, TypeVar

import msgspec

from chalicelib.domain.names import NAME_MAX_LENGTH

T = TypeVar("T")

Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Id = Annotated[str, msgspec.Meta(description="An opaque id.")]
# The lengths are for readers of the OpenAPI document. `parse_name` checks, with a better message.
Name = Annotated[
    str,
    msgspec.Meta(
        description="Readable text: no control or invisible characters, no web address.",
        extra_json_schema={"minLength": 1, "maxLength": NAME_MAX_LENGTH},
    ),
]


class Page(msgspec.Struct, Generic[T]):
    """One page of a list."""

    items: list[T]
    has_more: bool
    total_count: Annotated[int, msgspec.Meta(ge=0)]


class EmptyAnswer(msgspec.Struct):
    """Nothing to tell."""


class ErrorDetails(msgspec.Struct):
    """What went wrong."""

    type: str
    code: str | None
    message: str
    param: str | None
    path: str | None


class ErrorAnswer(msgspec.Struct):
    """The envelope of every answer that isn't a success."""

    error: ErrorDetails
