"""Makes a deployment's secrets, by the names of their settings."""

from __future__ import annotations

import base64
import secrets

from infra.tools.saml_keys import saml_pair

_SECRET_BYTES = 32


def new_key() -> str:
    """Make a random key, in base64."""
    return base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def new_secrets() -> dict[str, str]:
    """Make every secret that a deployment needs."""
    return {
        "PASSWORD_PEPPERS": f"1:{new_key()}",
        "ADDRESS_KEY": new_key(),
        "COOKIE_KEY": new_key(),
        **saml_pair(),
    }
