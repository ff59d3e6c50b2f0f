"""Removes a stage, with or without its tables and secrets."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws import code_of
from infra.deploy.app import delete_app
from infra.deploy.export import export_tables
from infra.deploy.rotation.secrets import delete_secrets
from infra.deploy.stack import Stack
from infra.deploy.steps import Step
from infra.stack.resources import template

if TYPE_CHECKING:
    from pathlib import Path

    from infra.aws import Aws
    from infra.stack.stages import Stage

Template = dict[str, Any]


def steps(stage: Stage, aws: Aws, *, export_to: Path | None, tables_too: bool) -> list[Step]:
    """Return the steps; secrets go with the tables, as passwords need their peppers."""
    found = [Step("The app", lambda tell: delete_app(stage, aws, tell))]
    if export_to:
        # After the app, which could still write, and before the tables.
        found.append(
            Step("Export", lambda tell: export_tables(stage, aws, export_to, tell)),
        )
    found += [
        Step("The stack", lambda _: _remove_stack(stage, aws, tables_too=tables_too)),
        Step("Log groups", lambda _: _delete_log_groups(stage, aws)),
    ]
    if tables_too:
        found.append(Step("Secrets", lambda _: delete_secrets(stage, aws)))
    return found


def tables_only(whole: Template) -> Template:
    """Reduce a template to its tables."""
    kept = copy.deepcopy(whole)
    kept["Resources"] = {
        name: resource
        for name, resource in kept["Resources"].items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }
    wanted = ("TablePrefix", "DeletionProtection")
    kept["Parameters"] = {name: kept["Parameters"][name] for name in wanted}
    return {name: kept[name] for name in ("AWSTemplateFormatVersion", "Parameters", "Resources")}


def _remove_stack(stage: Stage, aws: Aws, *, tables_too: bool) -> str:
    stack = Stack(aws, stage.stack)
    if not stack.parameters():
        return f"there is no {stage.stack}"
    parameters = {"TablePrefix": stage.prefix}
    protection = "false" if tables_too else "true"
    said = stack.apply(tables_only(template()), parameters, {"DeletionProtection": protection})
    if not tables_too:
        return f"{said}: only the tables are left in it"
    return stack.delete()


def _delete_log_groups(stage: Stage, aws: Aws) -> str:
    logs, gone = aws.client("logs"), 0
    for function in stage.functions:
        try:
            logs.delete_log_group(logGroupName=stage.log_group(function))
            gone += 1
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
    return f"{gone} deleted that the stack didn't know of"
