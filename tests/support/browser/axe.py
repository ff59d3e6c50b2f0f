"""Runs axe-core in a tab: the accessibility problems that a machine can find."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

# WCAG 2.2 AA, the versions before it, and axe's own best practices.
_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
_RULES = {"type": "tag", "values": list(_TAGS)}
_RUN = """async (rules) => {
  const options = { runOnly: rules, resultTypes: ["violations"], elementRef: false };
  const { violations } = await axe.run(document, options);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}"""


def findings(tab: Page) -> list[str]:
    """List axe's findings on the page as it is; axe is loaded once per page."""
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(_source())
    found: list[str] = tab.evaluate(_RUN, _RULES)
    return found


@cache
def _source() -> str:
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
