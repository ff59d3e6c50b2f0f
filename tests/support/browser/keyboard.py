"""A user with a keyboard and no pointer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Page

_MOST_STEPS = 60
_NAME = """() => {
  const it = document.activeElement;
  const name = it.labels?.[0]?.textContent ?? it.getAttribute("aria-label") ?? it.textContent;
  return it === document.body ? "" : name.trim().replace(/\\s+/g, " ");
}"""
_SHOWN = """() => {
  const it = document.activeElement, box = it.getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const ring = getComputedStyle(it);
  return inside && (it.matches("input") || parseFloat(ring.outlineWidth) >= 2);
}"""


@dataclass(frozen=True)
class Keyboard:
    """Moves through a page with Tab, and uses the focused element."""

    tab: Page

    @property
    def focused(self) -> str:
        """Return the name of the focused element."""
        name: str = self.tab.evaluate(_NAME)
        return name

    def await_focus(self, words: str) -> None:
        """Wait for the focus that a page sets by itself, shortly after it is shown."""
        end = time.monotonic() + PATIENCE
        while words not in self.focused:
            assert time.monotonic() < end, f"{self.focused!r} has the focus, not {words!r}"
            self.tab.wait_for_timeout(20)

    def go_to(self, name: str) -> None:
        """Press Tab until the element with this name has the focus; it must show (2.4.7)."""
        passed = []
        while self.focused != name:
            passed.append(self.focused)
            assert len(passed) < _MOST_STEPS, f"no way to {name!r} by Tab; passed {passed}"
            self.tab.keyboard.press("Tab")
        assert self.tab.evaluate(_SHOWN), f"{name!r} has the focus and doesn't show it"

    def type(self, label: str, text: str) -> None:
        """Fill in a field."""
        self.go_to(label)
        self.tab.keyboard.press("Control+A")
        self.tab.keyboard.insert_text(text)

    def press(self, name: str) -> None:
        """Press a button or follow a link."""
        self.go_to(name)
        self.tab.keyboard.press("Enter")

    def await_heading(self, words: str) -> None:
        """Wait for the page with this heading."""
        self.tab.get_by_role("heading", level=1, name=words, exact=True).wait_for()
