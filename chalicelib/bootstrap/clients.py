"""AWS clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.settings import Settings


def aws_client(service: str, chosen: Settings, **options: Any) -> Any:
    """Make a client whose timeouts are shorter than the function's."""
    from botocore.config import Config
    from botocore.session import get_session

    retries = {"total_max_attempts": 3, "mode": "standard"}
    usual = {"connect_timeout": 1, "read_timeout": 5, "retries": retries}
    config = Config(**(usual | options))
    return get_session().create_client(service, region_name=chosen.region or None, config=config)
