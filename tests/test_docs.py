"""What the documents say of the code is true."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName, RefusalReason
from chalicelib.domain.sso.assertion import Refusal
from chalicelib.settings import PORT, Settings
from chalicelib.settings.rows import rows
from tests.support.docs import conformance

if TYPE_CHECKING:
    from pathlib import Path

DOCS = conformance.ROOT / "docs"
_THREAT = re.compile(r"^### (T[0-9]+)\b", re.MULTILINE)
_NAMED_TEST = re.compile(r"`tests/([\w/]+\.py)::(test_\w+)`")
_DECISION = re.compile(r"# ([0-9]{4})\. (.+)\n\n[0-9-]{10} · (accepted|superseded)\n")
_BLOCKS = re.MULTILINE | re.DOTALL
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


def test_the_conformance_page_is_up_to_date() -> None:
    """`python -m tests.support.docs.conformance` writes it."""
    assert conformance.PAGE.read_text(encoding="utf-8") == conformance.page()


def test_tests_quote_only_requirements_that_exist() -> None:
    assert set(conformance.quotations()) <= set(conformance.requirements())


def test_each_threat_names_tests_that_exist_or_says_that_it_has_none() -> None:
    threats = _THREAT.split((DOCS / "threat-model.md").read_text(encoding="utf-8"))[1:]
    known = conformance.all_tests()
    for number, text in zip(threats[::2], threats[1::2], strict=True):
        named = {"::".join(match) for match in _NAMED_TEST.findall(text)}
        assert named or "Not tested yet" in text, number
        assert named <= known, (number, named - known)


def test_each_decision_has_one_form_and_a_line_in_the_index() -> None:
    folder = DOCS / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for record in sorted(folder.glob("0*.md")):
        text = record.read_text(encoding="utf-8")
        head = _DECISION.match(text)
        assert head, record.name
        number, title, status = head.groups()
        assert record.name.startswith(f"{number}-")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
        ], record.name
        assert f"| [{number}]({record.name}) | {title} | {status} |" in index


def test_links_between_documents_lead_somewhere() -> None:
    pages = [*DOCS.rglob("*.md"), *conformance.ROOT.glob("*.md")]
    broken = [
        f"{page.relative_to(conformance.ROOT)}: {target}"
        for page in pages
        for target in _LINK.findall(page.read_text(encoding="utf-8"))
        if not _resolves(page, target)
    ]
    assert broken == []


def test_whatever_documents_tell_to_make_can_be_made() -> None:
    makefile = (conformance.ROOT / "Makefile").read_text(encoding="utf-8")
    rules = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    phony = " ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)).split()
    pages = [*DOCS.rglob("*.md"), *conformance.ROOT.glob("*.md")]
    told = {
        target
        for page in pages
        for target in re.findall(r"(?:`|^)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE)
    }
    assert told | set(phony) <= rules


def test_every_setting_is_documented_with_its_default_and_its_values() -> None:
    """The first table of `docs/settings.md` agrees with the rows; the second has names alone."""
    first, _, second = (DOCS / "settings.md").read_text("utf-8").partition("What a deployment adds")
    table = {cells[0]: cells[1:3] for cells in _rows_of_settings(first)}
    settings = {row.name: row for row in (PORT, *rows(Settings).values())}
    for name, (default, values) in table.items():
        if name in settings:
            # What follows the default says how it is meant.
            stated = default.partition(";")[0]
            expected = settings[name].default_text({}) or "none"
            assert (stated, values) == (expected, settings[name].allowed), name
    assert table.keys() - settings.keys() == {"MAIL_PORT", "LOCAL_DATA"}
    deployed = {name for cells in _rows_of_settings(second) for name in cells[0].split(", ")}
    assert settings.keys() - table.keys() <= deployed


def test_every_variable_of_a_stage_and_of_a_local_run_is_documented() -> None:
    config = json.loads((conformance.ROOT / ".chalice" / "config.json").read_text("utf-8"))
    named = {name for s in config["stages"].values() for name in s["environment_variables"]}
    documented = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (DOCS / "settings.md").read_text()))
    assert named | {"PORT", "MAIL_PORT", "LOCAL_DATA"} <= documented


def test_commands_to_paste_find_the_packages() -> None:
    """They are installed in `.venv`, so another Python on the path lacks them."""
    pages = [*DOCS.rglob("*.md"), *conformance.ROOT.glob("*.md")]
    pasted = {
        f"{page.name}: {line}"
        for page in pages
        for block in re.findall(r"^```(?:sh|text)\n(.*?)^```", page.read_text("utf-8"), _BLOCKS)
        for line in re.findall(r"^(?:\$ )?python3? .*$", block, re.MULTILINE)
    }
    assert pasted == set()


def test_what_operations_says_of_costs_is_what_was_counted() -> None:
    months = _rows_of_months("costs.md")
    assert len(months) == 3
    expected = {month: [cells[0], cells[2]] for month, cells in months.items()}
    assert _rows_of_months("operations.md") == expected


def test_the_layers_name_every_third_party_that_they_may_import() -> None:
    """Under the name of its package; markupsafe is a part of jinja2."""
    packages = {"dns": "dnspython", "onelogin": "python3-saml", "markupsafe": "jinja2"}
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rows = [row for row in page.splitlines() if row.startswith("| `")]
    config = tomllib.loads((conformance.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for contract in config["tool"]["importlinter"]["contracts"]:
        layer = contract.get("layer", "").rpartition(".")[2]
        for module in contract.get("allowed", ()):
            named = packages.get(module, module.replace("_", "-"))
            assert any(f"`{layer}`" in row and named in row for row in rows), (layer, named)


def test_every_event_and_reason_of_the_audit_trail_is_documented() -> None:
    """`H4`: `docs/audit-log.md` names each, in words, and none that there isn't."""
    page = (DOCS / "audit-log.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z_.]+)` \| [A-Z]", page, re.MULTILINE)
    assert sorted(listed) == sorted([*EventName, *RefusalReason])


def test_every_reason_of_a_refused_sign_in_is_explained() -> None:
    page = (DOCS / "single-sign-on.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`([a-z0-9_]+)`", page.partition("## When a sign-in")[2]))
    assert explained == {refusal.value for refusal in Refusal}


def _rows_of_settings(text: str) -> list[list[str]]:
    """Return the cells of each row, without the backticks around names and values."""
    rows_found = re.findall(r"^\| (`[A-Z].*) \|$", text, re.MULTILINE)
    return [found.replace("`", "").split(" | ") for found in rows_found]


def _rows_of_months(page: str) -> dict[str, list[str]]:
    rows = re.findall(
        r"^\| ([0-9,]+) \| (\$.*) \|$", (DOCS / page).read_text("utf-8"), re.MULTILINE
    )
    return {month: cells.split(" | ") for month, cells in rows}


def _resolves(page: Path, target: str) -> bool:
    return (page.parent / target).exists()
