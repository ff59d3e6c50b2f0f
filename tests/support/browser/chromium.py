"""A real browser for tests, or the reason why there is none."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Root in a container has no sandbox; the other switches stop the browser's own requests.
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--disable-client-side-phishing-detection",
    "--metrics-recording-only",
)


class ChromiumMissingError(Exception):
    """This machine has no Chromium; the message lists where it was searched."""


@dataclass
class Complaints:
    """Messages in the browser's console that a clean page doesn't cause."""

    lines: list[str] = field(default_factory=list)

    def note(self, message: ConsoleMessage) -> None:
        """Record errors and warnings; a page's own refusal (4xx) is not an error of the page."""
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.lines.append(message.text)


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """Run a Chromium; raises ChromiumMissingError."""
    from playwright.sync_api import sync_playwright

    executable = _executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=list(_OPTIONS), timeout=PATIENCE * 1_000
        )
        yield browser
        browser.close()


@contextlib.contextmanager
def open_tab(browser: Browser, origin: str, *, javascript: bool = True) -> Iterator[Page]:
    """Open a tab without history or cookies; fails if the console has errors, such as CSP's."""
    context = browser.new_context(base_url=origin, java_script_enabled=javascript)
    context.set_default_timeout(PATIENCE * 1_000)
    tab = context.new_page()
    complaints = Complaints()
    tab.on("console", complaints.note)
    yield tab
    context.close()
    assert complaints.lines == []


def _executable() -> str:
    named = os.environ.get("CHROMIUM")
    found = [named] if named else [path for name in _NAMES if (path := shutil.which(name))]
    if not found:
        message = f"no Chromium: CHROMIUM is not set, and none of {', '.join(_NAMES)} on the PATH"
        raise ChromiumMissingError(message)
    return found[0]
