"""The list of blueprints of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.jobs.daily import scheduled_work
from chalicelib.jobs.queue import mail_worker

if TYPE_CHECKING:
    from chalice import Blueprint

BLUEPRINTS: tuple[Blueprint, ...] = (mail_worker, scheduled_work)
