"""The names of a stage's parts in AWS."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import CommandError
from infra.stack.resources import table_definitions

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / ".chalice" / "config.json"


@dataclass(frozen=True)
class Stage:
    """One stage, as .chalice/config.json has it, and the names of its parts."""

    name: str
    app: str
    architecture: str
    functions: tuple[str, ...]
    gateway_stage: str
    environment: dict[str, str]

    def function_name(self, function: str) -> str:
        """Return a function's name, the same as that of `chalice deploy`."""
        suffix = "" if function == "api" else f"-{function}"
        return f"{self.app}-{self.name}{suffix}"

    def log_group(self, function: str) -> str:
        """Name the log group that Lambda writes a function's log to."""
        return f"/aws/lambda/{self.function_name(function)}"

    @property
    def prefix(self) -> str:
        """The prefix of each table and queue."""
        return self.environment["TABLE_PREFIX"]

    @property
    def stack(self) -> str:
        """The CloudFormation stack of infra/stack/resources.yaml that `make deploy` keeps."""
        return self.prefix.rstrip("-")

    @property
    def names(self) -> dict[str, str]:
        """The parameters of resources.yaml for the names of the stage's parts."""
        return {
            "TablePrefix": self.prefix,
            "FunctionPrefix": self.function_name("api"),
            "ApiName": self.app,
        }

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables."""
        return tuple(table["TableName"] for table in table_definitions(self.prefix))

    @property
    def mail_queue(self) -> str:
        """The queue between requests and the mail worker."""
        return self.environment["MAIL_QUEUE_NAME"]

    @property
    def dead_letters(self) -> str:
        """The queue of the mails that failed every attempt."""
        return f"{self.mail_queue}-dead-letters"

    @property
    def secrets_path(self) -> str:
        """The path in Parameter Store under which each secret has the name of its setting."""
        return self.environment["SECRETS_PATH"]

    @property
    def record_parameter(self) -> str:
        """The parameter that holds Chalice's record of the last deployment."""
        return f"/{self.stack}/deployed"

    @property
    def lock_parameter(self) -> str:
        """The parameter that exists while a command changes the stage."""
        return f"/{self.stack}/at-work"


def read_stage(name: str) -> Stage:
    """Read a stage; raises CommandError for one that isn't configured."""
    config: dict[str, Any] = json.loads(CONFIG.read_text(encoding="utf-8"))
    if name not in config["stages"]:
        known = ", ".join(sorted(config["stages"]))
        message = f"There is no stage {name!r} in .chalice/config.json; it has {known}."
        raise CommandError(message)
    stage = config["stages"][name]
    return Stage(
        name=name,
        app=config["app_name"],
        architecture=config["lambda_architecture"],
        functions=("api", *stage["lambda_functions"]),
        gateway_stage=stage["api_gateway_stage"],
        environment=stage["environment_variables"],
    )
