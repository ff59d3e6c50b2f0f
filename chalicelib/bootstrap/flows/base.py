"""The base of the flows of each room."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.bootstrap.shared import Shared


class Flows:
    """The flows of one room, built from the parts that all rooms share."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.settings = shared.settings
        self.clock = shared.clock
