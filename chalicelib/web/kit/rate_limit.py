"""What the authorizer passes on, as the RateLimit header fields (IETF draft, `G1` to `G3`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.keys.api_key import WINDOW_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

_POLICY = '"per-key"'


def limit_headers(told: Mapping[str, str]) -> dict[str, str]:
    """Write the headers of an answer to a good key; none where the check couldn't be made."""
    if "limit" not in told:
        return {}
    limit, seconds = int(told["limit"]), int(told["seconds"])
    return {
        "RateLimit-Policy": f"{_POLICY};q={limit};w={WINDOW_SECONDS}",
        "RateLimit": f"{_POLICY};r={int(told.get('remaining', '0'))};t={seconds}",
    }
