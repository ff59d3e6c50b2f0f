"""Checks that the functions' log groups exist and have a retention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.doctor.findings import together

if TYPE_CHECKING:
    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Checking

_MISSING = "missing; Lambda makes one that is kept for ever. Deploy the stage."
_FOR_EVER = "kept for ever, and so is what it costs. Set the retention."


def check(examined: ExaminedStage) -> Checking:
    """Check each function's log group."""
    beginning = examined.stage.log_group("api")
    pages = examined.pages("logs", "describe_log_groups", logGroupNamePrefix=beginning)
    groups = {group["logGroupName"]: group for page in pages for group in page["logGroups"]}
    names = [examined.stage.log_group(function) for function in examined.stage.functions]
    yield from together((name, _MISSING) for name in names if name not in groups)
    there = [groups[name] for name in names if name in groups]
    yield from together(
        (group["logGroupName"], _FOR_EVER) for group in there if "retentionInDays" not in group
    )
    days = sorted({group["retentionInDays"] for group in there if "retentionInDays" in group})
    kept = " or ".join(map(str, days))
    return f"Each function's is kept for {kept} days."
