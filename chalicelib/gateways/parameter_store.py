"""The deployment's secrets: stored in SSM Parameter Store, read once at a cold start."""

from __future__ import annotations

from typing import Any

SECRET_NAMES = (
    "PASSWORD_PEPPERS",
    "ADDRESS_KEY",
    "COOKIE_KEY",
    "DEVISE_PEPPER",
    "SAML_PRIVATE_KEY",
    "SAML_CERTIFICATE",
    "SAML_SECOND_PRIVATE_KEY",
    "SAML_SECOND_CERTIFICATE",
)


def read_secrets(ssm: Any, path: str) -> dict[str, str]:
    """Read every secret under a path, by the name of its setting, in one request.

    Parameters with other names are ignored, so that the path can't set anything else.
    """
    answer = ssm.get_parameters_by_path(Path=path, WithDecryption=True)
    parameters = list(answer["Parameters"])
    while token := answer.get("NextToken"):
        answer = ssm.get_parameters_by_path(Path=path, WithDecryption=True, NextToken=token)
        parameters += answer["Parameters"]
    found = {str(p["Name"]).rpartition("/")[2]: str(p["Value"]) for p in parameters}
    return {name: found[name] for name in SECRET_NAMES if name in found}
