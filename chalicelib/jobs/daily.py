"""Daily work: checks the domains and certificates of SSO, and carries out deletions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice import Blueprint
from chalice.app import Rate

from chalicelib.bootstrap import services

if TYPE_CHECKING:
    from chalice.app import CloudWatchEvent

scheduled_work = Blueprint(__name__)


@scheduled_work.schedule(Rate(1, unit=Rate.DAYS), name="sso_watch")
def watch_single_sign_on(event: CloudWatchEvent) -> None:
    """Check whether domains are still verified, and which certificates expire soon."""
    del event
    services().sso_watch.look()


@scheduled_work.schedule(Rate(1, unit=Rate.DAYS), name="deletions")
def carry_on_deletions(event: CloudWatchEvent) -> None:
    """Delete the accounts whose owners asked for it seven days ago, and continue deletions."""
    del event
    services().deletion.carry_on()
