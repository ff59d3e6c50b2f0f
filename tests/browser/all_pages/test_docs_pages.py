"""The developers' pages: what they print runs as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import playwright
import pytest

from tests.support.keys import make_key
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.personas.personas import Cast

pytestmark = [pytest.mark.browser, pytest.mark.stack]

# Playwright brings the one that its driver runs on.
_NODE = str(Path(playwright.__file__).parent / "driver" / "node")


@dataclass(frozen=True)
class _Ran:
    code: int
    said: str


def _copied(tab: Page, cast: Cast, name: str) -> str:
    """Press Copy, as a reader does, and give what is then on the clipboard."""
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=cast.stack.origin)
    tab.goto(f"{cast.stack.origin}/docs")
    listing = tab.locator(".listing", has=tab.locator(f"#{name}"))
    listing.get_by_role("button", name="Copy").click()
    listing.get_by_role("status").filter(has_text="Copied").wait_for(state="attached")
    return str(tab.evaluate("navigator.clipboard.readText()"))


def _run(command: list[str], key: str = "") -> _Ran:
    environ = {"PATH": os.environ["PATH"], "THUB_KEY": key}
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    return _Ran(done.returncode, done.stdout + done.stderr)


_COMMANDS = {
    "account-sh": ["bash", "-c"],
    "records-py": [sys.executable, "-c"],
    "records-mjs": [_NODE, "--input-type=module", "--eval"],
}


@pytest.mark.parametrize("name", _COMMANDS)
def test_a_quickstart_runs_as_printed(tab: Page, cast: Cast, name: str) -> None:
    key = make_key(cast.sam, f"Quickstart {name}")["key"]
    code = _copied(tab, cast, name)
    assert key not in code
    ran = _run([*_COMMANDS[name], code], key)
    assert ran.code == 0, ran.said
    assert "Borealis" in ran.said
    refused = _run([*_COMMANDS[name], code], key[:-1] + ("0" if key[-1] != "0" else "1"))
    assert refused.code != 0
    assert "Invalid API key" in refused.said


def test_a_keys_form_is_told_without_us(tab: Page, cast: Cast) -> None:
    """`F2`."""
    code = _copied(tab, cast, "check_key-py")
    key = make_key(cast.sam, "Form")["key"]
    for text, told in (
        (key, "True"),
        (key[:-1] + "!", "False"),
        (key[:5] + key[5:][::-1], "False"),
    ):
        assert _run([sys.executable, "-c", code, text]).said.strip() == told


def test_the_reference_has_every_call_and_links_that_lead_somewhere(tab: Page, cast: Cast) -> None:
    tab.goto(f"{cast.stack.origin}/docs/reference")
    document = cast.stack.program().get("/api/v1/openapi.json").json
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            shown = tab.locator(f"#{described['operationId']}").inner_text()
            assert f"{method.upper()} {path}" in shown
    anchors = tab.eval_on_selector_all(
        'main a[href^="#"]', "links => links.map(link => link.hash.slice(1))"
    )
    assert anchors
    assert all(tab.locator(f"[id='{anchor}']").count() == 1 for anchor in set(anchors))
