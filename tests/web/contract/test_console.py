"""The console: its content policy, and Swagger UI as it was published."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from tests.support.servers.children import ROOT

if TYPE_CHECKING:
    from tests.support.service import Service

_FOLDER = ROOT / "chalicelib/web/vendored/swagger_ui"
_POLICY = "Content-Security-Policy"


def test_the_consoles_content_policy_only_adds_calls_to_us(service: Service) -> None:
    """`H7`."""
    program = service.program()
    others = program.get("/docs").header(_POLICY)
    assert program.get("/docs/console").header(_POLICY) == f"{others}; connect-src 'self'"


def test_swagger_ui_is_the_published_file_and_has_its_licence() -> None:
    said = (_FOLDER / "README.md").read_text("utf-8")
    for name, digest in re.findall(r"^\| `(\S+)` \| `([0-9a-f]{64})` \|$", said, re.MULTILINE):
        assert hashlib.sha256((_FOLDER / name).read_bytes()).hexdigest() == digest, name
    assert {path.name for path in _FOLDER.iterdir()} == {
        "README.md",
        *re.findall(r"^\| `(\S+)`", said, re.MULTILINE),
    }


def test_swagger_ui_is_cached_forever_under_a_url_of_its_content(service: Service) -> None:
    program = service.program()
    (path,) = re.findall(r'src="(\S+swagger-ui-bundle\.js\S+)"', program.get("/docs/console").text)
    reply = program.get(path)
    digest = hashlib.sha256((_FOLDER / "swagger-ui-bundle.js").read_bytes()).hexdigest()
    assert path.endswith(f"?v={digest[:12]}")
    assert reply.text == (_FOLDER / "swagger-ui-bundle.js").read_text("utf-8")
    assert "immutable" in (reply.header("Cache-Control") or "")
