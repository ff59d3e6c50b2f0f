"""The RateLimit header fields, from the authorizer's context (IETF draft; conformance G1 to G3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.keys.api_key import WINDOW_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

_POLICY = '"per-key"'


def limit_headers(check: Mapping[str, str]) -> dict[str, str]:
    """Write the headers of an answer to a valid key; empty if the check wasn't possible."""
    if "limit" not in check:
        return {}
    limit, seconds = int(check["limit"]), int(check["seconds"])
    return {
        "RateLimit-Policy": f"{_POLICY};q={limit};w={WINDOW_SECONDS}",
        "RateLimit": f"{_POLICY};r={int(check.get('remaining', '0'))};t={seconds}",
    }
