"""`/health`: whether the app answers at all."""

from __future__ import annotations

from chalicelib.web.kit.blueprints import JsonApi

health_api = JsonApi(__name__)


@health_api.route("/health")
def show_health() -> dict[str, str]:
    """Answer without touching anything."""
    return {"status": "ok"}
