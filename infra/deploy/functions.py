"""Sets what `chalice deploy` can't set on a function, and restarts functions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from infra.errors import CommandError
from infra.package.template import function_of, functions

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.aws import Aws
    from infra.stack.stages import Stage

_SECONDS = 300.0
_POLL_SECONDS = {True: 0.05, False: 1.0}
# Nothing reads it: a changed environment makes Lambda replace every instance.
RESTARTED = "SECRETS_CHANGED_AT"


def set_logs_and_tracing(stage: Stage, aws: Aws, template: dict[str, Any]) -> str:
    """Set logging and tracing as in the template; Chalice turns tracing on but never off."""
    client, changed = aws.client("lambda"), 0
    for logical_id, function in functions(template).items():
        name = function_of(logical_id)
        properties, full_name = function["Properties"], stage.function_name(name)
        wanted = {
            "LoggingConfig": properties["LoggingConfig"] | {"LogGroup": stage.log_group(name)},
            "TracingConfig": {"Mode": properties["Tracing"]},
        }
        has = client.get_function_configuration(FunctionName=full_name)
        if any((has.get(key) or {}) | value != has.get(key) for key, value in wanted.items()):
            client.update_function_configuration(FunctionName=full_name, **wanted)
            _await_update(client, full_name, aws)
            changed += 1
    return f"{changed} functions changed" if changed else "as they should be"


def restart(stage: Stage, aws: Aws, when: str, tell: Callable[[str], None]) -> None:
    """Restart every function that reads secrets; calls in progress finish."""
    client = aws.client("lambda")
    names = [stage.function_name(name) for name in stage.functions if name != "key_check"]
    for name in names:
        tell(f"{name} starts anew")
        variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        client.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables | {RESTARTED: when}}
        )
    for name in names:
        _await_update(client, name, aws)


def _await_update(client: Any, name: str, aws: Aws) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        found = client.get_function_configuration(FunctionName=name)
        if found.get("LastUpdateStatus") == "Successful":
            return
        if found.get("LastUpdateStatus") == "Failed" or time.monotonic() > deadline:
            reason = found.get("LastUpdateStatusReason") or found.get("LastUpdateStatus")
            message = f"{name} didn't take its new settings: {reason}"
            raise CommandError(message)
        time.sleep(_POLL_SECONDS[aws.emulated])
