"""Work that a clock begins: once a day single sign-on is looked at, and deletions are due."""

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
    """Look whether domains are still proved, and which certificates end soon."""
    del event
    services().sso_watch.look()


@scheduled_work.schedule(Rate(1, unit=Rate.DAYS), name="deletions")
def carry_on_deletions(event: CloudWatchEvent) -> None:
    """Delete the accounts whose owners asked for it seven days ago, and finish what was begun."""
    del event
    services().deletion.carry_on()
