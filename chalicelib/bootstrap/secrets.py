"""A stage's secrets, for the commands that create and rotate them."""

from __future__ import annotations

from chalicelib.gateways.parameter_store import SECRET_NAMES, read_secrets

__all__ = ["SECRET_NAMES", "read_secrets"]
