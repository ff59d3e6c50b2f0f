"""Names as forms and bodies bring them, judged beside the product's own name."""

from __future__ import annotations

from chalicelib.bootstrap import settings
from chalicelib.domain.chosen_names import parse_thing_name, parse_user_name


def user_name(text: str, param: str) -> str:
    """Check what a user calls themselves or their account; raises InvalidValueError."""
    return parse_user_name(text, param, settings().product_name)


def thing_name(text: str, param: str, kept: str | None = None) -> str:
    """Check what a workspace or key is called; raises InvalidValueError.

    `kept` is the name that it has: one of before today's rules can stay.
    """
    return text if text == kept else parse_thing_name(text, param, settings().product_name)
