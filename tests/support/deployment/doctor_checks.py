"""Looks at a stage as `make doctor` does, one check at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.doctor.examination import CHECKS, examine
from infra.doctor.findings import Outcome

if TYPE_CHECKING:
    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Finding


def findings(examined: ExaminedStage, title: str) -> list[Finding]:
    """Make one check."""
    return list(examine(examined, {title: CHECKS[title]}))


def troubles(examined: ExaminedStage, title: str) -> list[str]:
    """Make one check that has to find trouble, and nothing else."""
    found = findings(examined, title)
    assert {finding.outcome for finding in found} == {Outcome.TROUBLE}, found
    return [finding.words for finding in found]


def say_verified(parsed: dict[str, Any], **_: Any) -> None:
    """Say of a domain what AWS says once it found its DKIM records; the emulator never looks."""
    if "DkimAttributes" in parsed:
        parsed["DkimAttributes"] |= {"SigningEnabled": True, "Status": "SUCCESS"}
