"""What starts the functions that no request starts: the mail queue, and the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.doctor.findings import UncheckedError

if TYPE_CHECKING:
    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Checking

# The functions that run every day, and what isn't done if one doesn't run.
_DAILY = {
    "sso_watch": "proofs of domains and certificates go unwatched",
    "deletions": "deletions that are due or half done wait",
}


def check(examined: ExaminedStage) -> Checking:
    """See that the worker listens to the queue, and that the daily look has its schedule."""
    missing = {"mail", *_DAILY} - examined.functions.keys()
    if missing:
        message = f"no function {' and '.join(sorted(missing))}."
        raise UncheckedError(message)
    yield from _of_the_queue(examined)
    for function, loss in _DAILY.items():
        yield from _of_the_clock(examined, function, loss)
    return "The worker takes mails from the queue, and the daily work starts every day."


def _of_the_queue(examined: ExaminedStage) -> Checking:
    name, queue = examined.stage.function_name("mail"), examined.stage.mail_queue
    pages = examined.pages("lambda", "list_event_source_mappings", FunctionName=name)
    states = [
        source["State"]
        for page in pages
        for source in page["EventSourceMappings"]
        if source.get("EventSourceArn", "").endswith(f":{queue}")
    ]
    if not states:
        yield f"Function {name} doesn't listen to the queue {queue}, so no mail goes out. Deploy."
    elif "Enabled" not in states:
        yield (
            f"Function {name} has stopped listening to {queue} ({states[0]}), so no mail goes out."
            " Enable its event source mapping."
        )
    return ""


def _of_the_clock(examined: ExaminedStage, function: str, loss: str) -> Checking:
    arn = examined.functions[function]["FunctionArn"]
    client = examined.client("events")
    rules = client.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
    states = [client.describe_rule(Name=rule)["State"] for rule in rules]
    if not any(state.startswith("ENABLED") for state in states):
        name = examined.stage.function_name(function)
        yield (
            f"Nothing starts function {name}, so {loss}."
            + (f" Enable the rule {rules[0]}." if rules else " Deploy the stage.")
        )
    return ""
