"""Checks that the functions exist, can run, are alike and have the stage's settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalicelib.bootstrap.secrets import SECRET_NAMES
from infra.doctor.findings import UncheckedError, together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Checking

_OLDEST = (3, 11)
_OF_THE_STAGE = ("TABLE_PREFIX", "MAIL_QUEUE_NAME", "SECRETS_PATH")
# The certificates are public and have a check of their own.
_SECRET = frozenset(SECRET_NAMES) - {"SAML_CERTIFICATE", "SAML_SECOND_CERTIFICATE"}


def check(examined: ExaminedStage) -> Checking:
    """Check each function, and that all were deployed together."""
    stage, found = examined.stage, examined.functions
    yield from together(_standing(examined))
    for what, words in (("Runtime", "runtimes"), ("CodeSha256", "packages")):
        if len({configuration[what] for configuration in found.values()}) > 1:
            yield f"Functions run on different {words}: a deployment broke off. Deploy again."
    runtimes = " and ".join(sorted({c["Runtime"] for c in found.values()}))
    return f"All {len(found)} can run, with one package on {runtimes} and {stage.architecture}."


def check_settings(examined: ExaminedStage) -> Checking:
    """Check each function's environment, which must hold no secret (`H12`)."""
    yield from together(
        (examined.stage.function_name(function), trouble)
        for function in examined.functions
        for trouble in _settings(examined, examined.variables(function))
    )
    yield from _addresses(examined)
    if missing := [name for name in examined.stage.functions if name not in examined.functions]:
        message = f"no function {' and '.join(missing)}."
        raise UncheckedError(message)
    return f"Each function has the stage's, with {examined.variables('api').get('PUBLIC_URL')}."


def _standing(examined: ExaminedStage) -> Iterator[tuple[str, str]]:
    stage, found = examined.stage, examined.functions
    for function in stage.functions:
        name = stage.function_name(function)
        if function not in found:
            yield name, "missing. Deploy the stage."
        else:
            for trouble in _troubles(found[function], stage.architecture):
                yield name, trouble


def _troubles(configuration: dict[str, Any], architecture: str) -> Iterator[str]:
    if "Failed" in (configuration.get("State"), configuration.get("LastUpdateStatus")):
        reason = configuration.get("StateReason") or configuration.get("LastUpdateStatusReason")
        why = str(reason or "Lambda doesn't say why").rstrip(".")
        yield f"could not be deployed: {why}. Deploy again."
    version = re.fullmatch(r"python(\d+)\.(\d+)", configuration["Runtime"])
    if version is None or tuple(map(int, version.groups())) < _OLDEST:
        yield f"runs on {configuration['Runtime']}. Deploy with Python 3.11 or later."
    if configuration.get("Architectures", ["x86_64"]) != [architecture]:
        yield f"not for {architecture}, as its package is. Deploy again."


def _settings(examined: ExaminedStage, variables: dict[str, str]) -> Iterator[str]:
    for variable in _OF_THE_STAGE:
        wanted = examined.stage.environment[variable]
        if variables.get(variable) != wanted:
            yield f"another {variable} than {wanted}. Deploy the stage."
    if shown := sorted(_SECRET & variables.keys()):
        yield (
            f"shows {' and '.join(shown)} to whoever may see its settings. Keep secrets under"
            f" {examined.stage.secrets_path} alone, and rotate what was shown."
        )
    if "AWS_ENDPOINT_URL" in variables:
        yield "sends its calls to AWS_ENDPOINT_URL. Remove that variable."
    if variables.get("LOG_LEVEL") == "DEBUG":
        yield "logs at DEBUG. Set LOG_LEVEL to INFO."


def _addresses(examined: ExaminedStage) -> Iterator[str]:
    variables = examined.variables("api")
    queue = examined.stage.mail_queue
    if not variables.get("MAIL_QUEUE_URL", "").endswith(f"/{queue}"):
        yield f"The API doesn't put mails on the queue {queue}: look at its MAIL_QUEUE_URL."
    if urlsplit(variables.get("PUBLIC_URL", "")).scheme != "https":
        yield "PUBLIC_URL isn't an https address, so cookies and links don't work. Set it."
    for name in ("PUBLIC_URL", "MAIL_FROM"):
        if re.search(r"\bexample\.com\b", variables.get(name, "")):
            yield f"{name} is still the example's, {variables[name]}. Set your own, and deploy."
