"""Takes the pictures in docs/pictures, and tells how far two pictures are apart."""

from __future__ import annotations

import sys
import tempfile
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tests.support.browser.chromium import launched, open_tab
from tests.support.browser.page_states import PAGE_STATES
from tests.support.personas.personas import assemble
from tests.support.servers import dns_server
from tests.support.servers.stack import running_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.support.browser.page_states import PageState
    from tests.support.personas.personas import Cast

PICTURES = Path(__file__).parents[3] / "docs" / "pictures"
# As they mostly look; errors, and pages that only ask before they act, are left to axe.
_PICTURED = (
    *("sign-in", "sign-in, password", "sign-in, wrong password", "sign-in, company"),
    *("sign-up", "check-your-email", "confirmation, elsewhere", "reset, asked", "reset"),
    *("unlock", "invitation, new", "accounts", "account, new", "home", "home, empty", "proof"),
    *("profile", "members", "invite", "member", "workspaces", "keys", "key, delete"),
    *("single sign-on", "audit log", "not found", "docs", "docs, reference"),
)
# The pages that most people meet, which the tests hold to their pictures.
_KEY = (
    *("sign-in", "sign-in, password", "sign-in, company", "sign-up", "reset", "accounts"),
    *("home", "profile", "members", "keys", "single sign-on", "docs"),
)
_VIEWS: tuple[tuple[Literal["light", "dark"], int], ...] = (
    ("light", 1200),
    ("dark", 1200),
    ("light", 400),
)
_HEIGHT = 800
# Both pictures as a coarse grid of greys; what a time, a port or a font changes is lost in it.
_DISTANCE = """async ([one, other, cell]) => {
  const grid = async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(image.width / cell);
    canvas.height = Math.ceil(image.height / cell);
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.filter = "grayscale(1)";
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    return { image, cells: pen.getImageData(0, 0, canvas.width, canvas.height).data };
  };
  const [a, b] = [await grid(one), await grid(other)];
  if (a.image.width !== b.image.width || a.image.height !== b.image.height) return 1;
  // Shares of what isn't bare ground in both, so that a sparse page counts like a full one.
  const grounds = [a, b].map(({ cells }) => {
    const counts = new Map();
    for (let at = 0; at < cells.length; at += 4) {
      counts.set(cells[at], (counts.get(cells[at]) ?? 0) + 1);
    }
    return [...counts].sort((x, y) => y[1] - x[1])[0][0];
  });
  let apart = 0, filled = 0;
  for (let at = 0; at < a.cells.length; at += 4) {
    const [x, y] = [a.cells[at], b.cells[at]];
    const different = Math.abs(x - y) > 24;
    apart += different;
    filled += different || Math.abs(x - grounds[0]) > 4 || Math.abs(y - grounds[1]) > 4;
  }
  return filled ? apart / filled : 0;
}"""
_CELL = 20


def pictured(names: tuple[str, ...] = _PICTURED) -> list[PageState]:
    """Give the states that there are pictures of."""
    by_name = {state.name: state for state in PAGE_STATES}
    return [by_name[name] for name in names]


def key_pages() -> list[PageState]:
    """Give the states that are compared with their pictures."""
    return pictured(_KEY)


def views(tab: Page, cast: Cast, state: PageState) -> Iterator[tuple[str, bytes]]:
    """Take a state's pictures: a file's name, and what belongs into it."""
    tab.emulate_media(color_scheme="light", reduced_motion="reduce")
    tab.set_viewport_size({"width": 1200, "height": _HEIGHT})
    state.show(tab, cast)
    for theme, width in _VIEWS:
        tab.set_viewport_size({"width": width, "height": _HEIGHT})
        tab.emulate_media(color_scheme=theme)
        name = state.name.replace(", ", "--").replace(" ", "-")
        yield f"{name}.{theme}-{width}.png", tab.screenshot(animations="disabled")


def distance(browser: Browser, one: bytes, other: bytes) -> float:
    """Say which part of what two pictures show is different, from 0 to 1."""
    tab = browser.new_page()
    pair: list[Any] = [b64encode(each).decode("ascii") for each in (one, other)]
    apart: float = tab.evaluate(_DISTANCE, [*pair, _CELL])
    tab.close()
    return apart


def main() -> None:
    """Take all of them anew."""
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    with (
        tempfile.TemporaryDirectory() as scratch,
        dns_server.running() as dns,
        running_stack(Path(scratch), DNS_SERVER=dns.setting) as stack,
        launched() as browser,
    ):
        cast = assemble(stack, dns)
        with open_tab(browser, stack.origin) as tab:
            for state in pictured():
                for name, taken in views(tab, cast, state):
                    (PICTURES / name).write_bytes(taken)
    sys.stdout.write(f"{len(list(PICTURES.glob('*.png')))} pictures in {PICTURES}\n")


if __name__ == "__main__":
    main()
