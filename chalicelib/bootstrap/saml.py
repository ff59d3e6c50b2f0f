"""Reads the deployment's SAML key pairs from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap.passwords import named

if TYPE_CHECKING:
    from chalicelib.gateways.saml.requests import SamlKeys
    from chalicelib.settings import Settings


def saml_keys(chosen: Settings) -> SamlKeys | None:
    """Read the pair that signs, and the second one, if any; raises SettingsError."""
    pairs = (
        chosen.saml_private_key,
        chosen.saml_certificate,
        chosen.saml_second_private_key,
        chosen.saml_second_certificate,
    )
    if not any(pairs):
        return None
    from chalicelib.gateways.saml.requests import SamlKeys

    with named("SAML_SECOND_PRIVATE_KEY and SAML_SECOND_CERTIFICATE"):
        second = SamlKeys.parse(chosen.saml_second_private_key, chosen.saml_second_certificate)
    with named("SAML_PRIVATE_KEY and SAML_CERTIFICATE"):
        return SamlKeys.parse(chosen.saml_private_key, chosen.saml_certificate, second)
