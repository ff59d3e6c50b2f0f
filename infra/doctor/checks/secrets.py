"""The stage's secrets: kept, encrypted, and not too old. None is read but the certificate."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.bootstrap.secrets import SECRET_NAMES
from infra.aws import code_of

if TYPE_CHECKING:
    from datetime import datetime

    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Checking

# Only people who were imported from Devise need the one; the other two come with the first change
# of the SAML pair.
_OPTIONAL = frozenset({"DEVISE_PEPPER", "SAML_SECOND_PRIVATE_KEY", "SAML_SECOND_CERTIFICATE"})
# What a rotation changes without signing anyone out. A new address key forgets every count; the
# SAML pair goes by its certificate's end.
_ROTATED = {"PASSWORD_PEPPERS": "pepper", "COOKIE_KEY": "cookie_key"}
_OLDEST = timedelta(days=365)
# Both or neither: half a pair stops every start.
_SAML_PAIR = {"SAML_PRIVATE_KEY", "SAML_CERTIFICATE"}
_CERTIFICATE_LEFT = timedelta(days=60)


def check(examined: ExaminedStage) -> Checking:
    """Look at each secret's kind and age, without reading it."""
    path = examined.stage.secrets_path
    wanted = [{"Key": "Path", "Values": [path]}]
    pages = examined.pages("ssm", "describe_parameters", ParameterFilters=wanted)
    kept = {
        parameter["Name"].rpartition("/")[2]: parameter
        for page in pages
        for parameter in page["Parameters"]
    }
    needed = [name for name in SECRET_NAMES if name not in _OPTIONAL]
    missing = [name for name in needed if name not in kept]
    if missing_pair := {*missing} >= _SAML_PAIR:
        yield f"There is no SAML pair under {path}: requests go unsigned. Restore or deploy."
    for name in missing:
        if not (missing_pair and name in _SAML_PAIR):
            yield f"{name} is missing under {path}, and functions can't start. Restore or deploy."
    now, ages = examined.clock(), {}
    for name in [name for name in SECRET_NAMES if name in kept]:
        if kept[name]["Type"] != "SecureString":
            yield f"{path}/{name} isn't encrypted. Make it a SecureString, and rotate it."
        ages[name] = _age(kept[name]["LastModifiedDate"], now)
        if name in _ROTATED and ages[name] > _OLDEST:
            days = ages[name].days
            what = _ROTATED[name]
            yield f"{name} is {days} days old. Rotate it once a year: make rotate WHAT={what}."
    oldest = max(ages, key=lambda name: ages[name], default="")
    age = f"the oldest, {oldest}, is {ages[oldest].days} days old" if ages else "there is none"
    return f"All {len(needed)} are kept and encrypted; {age}."


def check_certificate(examined: ExaminedStage) -> Checking:
    """Look at the end of the certificate that identity providers know us by."""
    from cryptography.x509 import load_pem_x509_certificate

    name = f"{examined.stage.secrets_path}/SAML_CERTIFICATE"
    try:
        parameter = examined.client("ssm").get_parameter(Name=name, WithDecryption=True)
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        yield "There is no certificate: requests go unsigned, and nothing is decrypted. Deploy."
        return ""
    try:
        certificate = load_pem_x509_certificate(parameter["Parameter"]["Value"].encode())
    except ValueError:
        yield f"{name} isn't a certificate in PEM, so no function starts. Put it right."
        return ""
    end = certificate.not_valid_after_utc
    if end - examined.clock() < _CERTIFICATE_LEFT:
        yield (
            f"Our SAML certificate ends on {end:%d %B %Y}. Rotate the pair (make rotate WHAT=saml),"
            " and let every account's identity provider read our metadata anew."
        )
    return f"Our certificate is good until {end:%d %B %Y}."


def _age(made: datetime, now: datetime) -> timedelta:
    return max(now - made, timedelta())
