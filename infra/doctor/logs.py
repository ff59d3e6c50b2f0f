"""The functions' logs: there, and not kept for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.doctor.findings import Checking
    from infra.doctor.subject import Subject


def check(subject: Subject) -> Checking:
    """Look at each function's log group."""
    beginning = subject.stage.log_group("api")
    pages = subject.pages("logs", "describe_log_groups", logGroupNamePrefix=beginning)
    groups = {group["logGroupName"]: group for page in pages for group in page["logGroups"]}
    days = set()
    for function in subject.stage.functions:
        name = subject.stage.log_group(function)
        if name not in groups:
            yield f"Log group {name} is missing; Lambda makes one that is kept for ever. Deploy."
        elif "retentionInDays" not in groups[name]:
            yield f"Log group {name} is kept for ever, and so is what it costs. Set its retention."
        else:
            days.add(groups[name]["retentionInDays"])
    kept = " or ".join(str(number) for number in sorted(days))
    return f"Each function's is kept for {kept} days."
