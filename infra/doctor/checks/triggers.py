"""What starts the functions that no request starts: the mail queue, and the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.doctor.findings import UncheckedError

if TYPE_CHECKING:
    from infra.doctor.findings import Checking
    from infra.doctor.subject import Subject


def check(subject: Subject) -> Checking:
    """See that the worker listens to the queue, and that the daily look has its schedule."""
    missing = {"mail", "sso_watch"} - subject.functions.keys()
    if missing:
        message = f"no function {' and '.join(sorted(missing))}."
        raise UncheckedError(message)
    yield from _of_the_queue(subject)
    yield from _of_the_clock(subject)
    return "The worker takes mails from the queue, and single sign-on is looked at every day."


def _of_the_queue(subject: Subject) -> Checking:
    name, queue = subject.stage.function_name("mail"), subject.stage.mail_queue
    pages = subject.pages("lambda", "list_event_source_mappings", FunctionName=name)
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


def _of_the_clock(subject: Subject) -> Checking:
    arn = subject.functions["sso_watch"]["FunctionArn"]
    client = subject.client("events")
    rules = client.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
    states = [client.describe_rule(Name=rule)["State"] for rule in rules]
    if not any(state.startswith("ENABLED") for state in states):
        name = subject.stage.function_name("sso_watch")
        yield (
            f"Nothing starts function {name}, so proofs of domains and certificates go unwatched."
            + (f" Enable the rule {rules[0]}." if rules else " Deploy the stage.")
        )
    return ""
