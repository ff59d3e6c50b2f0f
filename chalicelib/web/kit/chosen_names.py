"""Checks of names from forms and bodies, which also may not resemble the product's name."""

from __future__ import annotations

from chalicelib.bootstrap import settings
from chalicelib.domain.chosen_names import parse_thing_name, parse_user_name


def user_name(text: str, param: str) -> str:
    """Check the name of a user or an account; raises InvalidValueError."""
    return parse_user_name(text, param, settings().product_name)


def thing_name(text: str, param: str, kept: str | None = None) -> str:
    """Check the name of a workspace or key; raises InvalidValueError.

    `kept` is its current name, which may stay even if it is older than today's rules.
    """
    return text if text == kept else parse_thing_name(text, param, settings().product_name)
