"""The steps that deploy or update a stage."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.deploy.app import deploy_app
from infra.deploy.checks import preflight
from infra.deploy.checks.smoke import smoke_test
from infra.deploy.functions import set_logs_and_tracing
from infra.deploy.gateway import put_gateway_responses
from infra.deploy.mail_identity import make_identity
from infra.deploy.rotation.secrets import make_secrets
from infra.deploy.stack import Stack
from infra.deploy.steps import Step
from infra.errors import CommandError
from infra.package.build import Package, build
from infra.stack.resources import template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

    from infra.aws import Aws
    from infra.stack.stages import Stage

_ALLOWED = (
    "Does your role in this account allow it? docs/operations.md, Deploy, lists what is needed."
)


@dataclass(frozen=True)
class DeployOptions:
    """The options of one deployment."""

    package: Package
    already_built: bool
    for_this_machine: bool
    parameters: dict[str, str]
    new_secrets: bool


def steps(stage: Stage, aws: Aws, options: DeployOptions, console: Console) -> list[Step]:
    """Return the steps in their order."""
    made = _Deployment(stage, aws, options)
    return [
        Step("Before anything", lambda _: preflight.check(stage, aws)),
        Step("The package", lambda _: made.package()),
        Step(
            "Secrets",
            lambda _: make_secrets(stage, aws, anew=options.new_secrets),
            hint=_ALLOWED,
        ),
        Step("Tables, queues and alarms", lambda _: made.stack(), hint=_ALLOWED),
        Step("The app", made.app, hint=_ALLOWED),
        Step(
            "The gateway's own answers",
            lambda tell: put_gateway_responses(stage, aws, tell),
            hint=_ALLOWED,
        ),
        Step(
            "Logs and tracing",
            lambda _: set_logs_and_tracing(stage, aws, made.template()),
            hint=_ALLOWED,
        ),
        Step("The mails' sender", lambda _: make_identity(stage, aws, console), hint=_ALLOWED),
        Step("A look at it", lambda tell: smoke_test(stage, aws, tell)),
    ]


@dataclass(frozen=True)
class _Deployment:
    stage: Stage
    aws: Aws
    options: DeployOptions

    def template(self) -> dict[str, Any]:
        whole: dict[str, Any] = json.loads(self.options.package.template.read_text("utf-8"))
        return whole

    def package(self) -> str:
        archive = self.options.package.archive
        if not self.options.already_built:
            build(
                self.stage.name,
                archive.parent,
                for_this_machine=self.options.for_this_machine,
            )
        elif not archive.exists():
            message = f"There is no {archive}; make package STAGE={self.stage.name} writes it."
            raise CommandError(message)
        return f"{archive.name}, {archive.stat().st_size / 1_000_000:.1f} MB"

    def stack(self) -> str:
        whole, ours = self.template(), template()
        # The stage's own values, as in the template for pipelines.
        defaults = {name: str(whole["Parameters"][name]["Default"]) for name in ours["Parameters"]}
        chosen = self.options.parameters
        return Stack(self.aws, self.stage.stack).apply(ours, defaults, chosen)

    def app(self, tell: Callable[[str], None]) -> str:
        queue = Stack(self.aws, self.stage.stack).outputs()["MailQueueUrl"]
        added = {"MAIL_QUEUE_URL": queue}
        return deploy_app(self.stage, self.aws, self.options.package.archive, added, tell)


def package_in(directory: Path) -> Package:
    """Return the two files of a package."""
    return Package(directory / "template.json", directory / "deployment.zip")
