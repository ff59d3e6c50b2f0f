"""What the app's routes declare, for tests that go through all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import app
from chalicelib.web.kit.declarations import declared_routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.web.kit.access import Access

ACCESS: Mapping[str, Access] = {route.call: route.access for route in declared_routes(app)}
