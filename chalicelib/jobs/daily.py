"""Work that a clock begins: once a day, what single sign-on rests on is looked at again."""

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
