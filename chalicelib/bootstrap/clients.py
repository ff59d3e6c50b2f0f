"""The clients of AWS, and the check of API keys, which is one call of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.services.key_check import KeyCheck
    from chalicelib.settings import Settings

# A check is asked again once at most: a connection that died while the function slept deserves it,
# a table that is down doesn't. The request is ours alone, so botocore needn't look it over.
_QUICK: dict[str, Any] = {
    "read_timeout": 2,
    "retries": {"total_max_attempts": 2, "mode": "standard"},
    "parameter_validation": False,
    "max_pool_connections": 50,
}


def aws_client(service: str, chosen: Settings, **options: Any) -> Any:
    """Make a client that gives up before the function's own time is over."""
    from botocore.config import Config
    from botocore.session import get_session

    retries = {"total_max_attempts": 3, "mode": "standard"}
    usual = {"connect_timeout": 1, "read_timeout": 5, "retries": retries}
    config = Config(**(usual | options))
    return get_session().create_client(service, region_name=chosen.region or None, config=config)


def build_key_check(chosen: Settings, clock: Clock) -> KeyCheck:
    """Put the check of API keys together: all that the authorizer's function needs."""
    from chalicelib.services.key_check import KeyCheck
    from chalicelib.storage.key_checks import KeyChecks

    checks = KeyChecks(
        aws_client("dynamodb", chosen, **_QUICK),
        f"{chosen.table_prefix}api_keys",
        chosen.api_key_requests_per_minute,
    )
    return KeyCheck(checks, clock)
