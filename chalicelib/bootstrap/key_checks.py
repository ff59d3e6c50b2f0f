"""Builds the check of API keys, and chooses how its one request reaches DynamoDB."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.clock import Clock
    from chalicelib.services.keys.check import KeyCheckService
    from chalicelib.settings import Settings
    from chalicelib.storage.keys.transport.signing import AwsCredentials
    from chalicelib.storage.keys.transport.transport import Updates

# One retry: enough for a socket that closed while the function was frozen, and no more load on a
# table that is down. The request is always valid, so botocore needn't validate it.
_QUICK: dict[str, Any] = {
    "read_timeout": 2,
    "retries": {"total_max_attempts": 2, "mode": "standard"},
    "parameter_validation": False,
    "max_pool_connections": 50,
}

# Settings that only the SDK supports; our own transport would silently ignore them.
_WISHES = (
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "ALL_PROXY",
    "HTTPS_PROXY",
    "all_proxy",
    "https_proxy",
)
# The same settings in AWS's own files, in any profile; only the SDK reads profiles correctly.
_WISHES_IN_FILES = re.compile(
    rb"account_id_endpoint_mode|ca_bundle|endpoint_url|use_dualstack_endpoint|use_fips_endpoint"
)
_FILES = {
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
}
_USUAL_REGION = re.compile(r"(?:af|ap|ca|eu|il|me|mx|sa|us|us-gov|cn)-[a-z]+-[0-9]+")


def build_key_check(chosen: Settings, clock: Clock, environ: Mapping[str, str]) -> KeyCheckService:
    """Build the check of API keys, which is all that the authorizer's function needs."""
    from chalicelib.services.keys.check import KeyCheckService
    from chalicelib.storage.keys.check import KeyChecks

    checks = KeyChecks(
        _updates(chosen, environ),
        f"{chosen.table_prefix}api_keys",
        chosen.api_key_requests_per_minute,
    )
    return KeyCheckService(checks, clock)


def endpoint_url(region: str, environ: Mapping[str, str]) -> str | None:
    """Return DynamoDB's URL from the SDK's own variables; None if only the SDK can find it."""
    if any(environ.get(name, "").lower() not in ("", "false") for name in _WISHES):
        return None
    named = environ.get("AWS_ENDPOINT_URL_DYNAMODB") or environ.get("AWS_ENDPOINT_URL")
    if named and region:
        return named
    if not _USUAL_REGION.fullmatch(region):
        return None
    suffix = ".cn" if region.startswith("cn-") else ""
    return f"https://dynamodb.{region}.amazonaws.com{suffix}"


def _updates(chosen: Settings, environ: Mapping[str, str]) -> Updates:
    url = endpoint_url(chosen.region, environ)
    # Lambda sets them. Elsewhere a profile or a metadata service may have them, which the SDK
    # reads.
    has_keys = environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY")
    is_asked_for = chosen.key_check_transport == "sdk" or _files_have_wishes(environ)
    if is_asked_for or url is None or not has_keys:
        return _by_sdk(chosen)
    return _direct(chosen.region, url, environ)


def _files_have_wishes(environ: Mapping[str, str]) -> bool:
    """Check whether AWS's own files have settings that only the SDK supports; never in Lambda."""
    for name, usual in _FILES.items():
        try:
            content = Path(environ.get(name) or usual).expanduser().read_bytes()
        except (OSError, RuntimeError):
            # The file is missing or unreadable, or there is no home directory. The SDK ignores it
            # too.
            continue
        if _WISHES_IN_FILES.search(content):
            return True
    return False


def _by_sdk(chosen: Settings) -> Updates:
    from chalicelib.bootstrap.clients import aws_client
    from chalicelib.storage.keys.transport.by_sdk import SdkUpdates

    return SdkUpdates(aws_client("dynamodb", chosen, **_QUICK))


def _direct(region: str, url: str, environ: Mapping[str, str]) -> Updates:
    from chalicelib.storage.keys.transport.by_socket import DirectUpdates
    from chalicelib.storage.keys.transport.connections import Endpoint, KeptConnections
    from chalicelib.storage.keys.transport.signing import Signer

    endpoint = Endpoint.parse(url)
    bundle = environ.get("AWS_CA_BUNDLE") or None
    connections = KeptConnections(endpoint, cache(lambda: _tls(bundle)))
    signer = Signer(endpoint.host_header, region)
    return DirectUpdates(connections, signer, lambda: _credentials(environ))


def _credentials(environ: Mapping[str, str]) -> AwsCredentials:
    from chalicelib.storage.keys.transport.signing import AwsCredentials

    return AwsCredentials(
        environ["AWS_ACCESS_KEY_ID"],
        environ["AWS_SECRET_ACCESS_KEY"],
        environ.get("AWS_SESSION_TOKEN", ""),
    )


def _tls(bundle: str | None) -> Any:
    # At the first connection: reading the system's certificates takes as long as half of a start,
    # and a malformed key needs none.
    import ssl

    context = ssl.create_default_context(cafile=bundle)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
