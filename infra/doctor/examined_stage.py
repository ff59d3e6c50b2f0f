"""The stage that is examined, in the account and region that the environment names."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws import client, code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from infra.stack.stages import Stage


@dataclass(frozen=True)
class ExaminedStage:
    """A stage and read-only access to it."""

    stage: Stage
    session: Any
    clock: Callable[[], datetime]
    # None uses the system's resolver.
    dns_server: tuple[str, int] | None = None
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        if service not in self._clients:
            self._clients[service] = client(service, self.session)
        return self._clients[service]

    def pages(self, service: str, operation: str, **wanted: Any) -> Iterator[dict[str, Any]]:
        """Read a listing to its end."""
        yield from self.client(service).get_paginator(operation).paginate(**wanted)

    @cached_property
    def functions(self) -> dict[str, dict[str, Any]]:
        """The configuration of each existing function, by its name in the stage."""
        functions, found = self.client("lambda"), {}
        for function in self.stage.functions:
            name = self.stage.function_name(function)
            try:
                found[function] = functions.get_function_configuration(FunctionName=name)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
        return found

    def variables(self, function: str) -> dict[str, str]:
        """Return a function's environment; the stage's own if there is no such function."""
        if function not in self.functions:
            return self.stage.environment
        found: dict[str, str] = self.functions[function].get("Environment", {}).get("Variables", {})
        return found
