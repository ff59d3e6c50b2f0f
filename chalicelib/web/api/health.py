"""`/health`: that the app answers."""

from __future__ import annotations

from chalicelib.web.kit.access import Access
from chalicelib.web.kit.routing.json_api import JsonApi

health_api = JsonApi(__name__)


@health_api.view("GET /health", access=Access.ANYONE)
def show_health() -> dict[str, str]:
    """Answer without any call to another service."""
    return {"status": "ok"}
