"""Merges Chalice's template of the app with the resources of infra/stack.

Chalice's names are kept, so that `make package` and `make deploy` create functions, tables and
queues of the same names.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from infra.errors import CommandError
from infra.stack.resources import template as resources_template

if TYPE_CHECKING:
    from infra.stack.stages import Stage

Template = dict[str, Any]

_FUNCTION = "AWS::Serverless::Function"
_SECTIONS = ("Parameters", "Mappings", "Conditions", "Resources", "Outputs")
# Our lines are JSON and pass unchanged, metrics included. Lambda's START, END and REPORT lines,
# which are billed by the byte, are left out (docs/decisions/0063).
LOGGING = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN"}


def whole_template(chalices: Template, stage: Stage) -> Template:
    """Merge Chalice's template with resources.yaml and connect them."""
    merged = _merged(chalices, resources_template())
    merged["Description"] = f"Terminus Hub authentication, stage {stage.name}."
    _fix_parameters(merged["Parameters"], stage)
    for logical_id, function in functions(merged).items():
        _settle(merged, logical_id, function["Properties"], stage)
    _take_from_own_queue(merged["Resources"]["Mail"]["Properties"])
    _trace_the_api_too(merged)
    return merged


def functions(template: Template) -> dict[str, Any]:
    """Return the functions of a template by their logical ids."""
    resources = template["Resources"].items()
    return {name: resource for name, resource in resources if resource["Type"] == _FUNCTION}


def function_of(logical_id: str) -> str:
    """Return a function's name in .chalice/config.json, such as key_check for KeyCheck."""
    if logical_id == "APIHandler":
        return "api"
    parts = (f"_{letter.lower()}" if letter.isupper() else letter for letter in logical_id)
    return "".join(parts).removeprefix("_")


def _merged(chalices: Template, ours: Template) -> Template:
    merged = copy.deepcopy(chalices)
    for section in _SECTIONS:
        into, added = merged.setdefault(section, {}), copy.deepcopy(ours.get(section, {}))
        if clash := into.keys() & added.keys():
            message = (
                f"Chalice and infra/stack/resources.yaml both name {', '.join(sorted(clash))}."
            )
            raise CommandError(message)
        into.update(added)
        if not into:
            del merged[section]
    return merged


def _fix_parameters(parameters: dict[str, Any], stage: Stage) -> None:
    # The policies name tables and logs, so other names would have no permissions.
    for parameter, value in stage.names.items():
        parameters[parameter] |= {"Default": value, "AllowedValues": [value]}
    parameters["PublicUrl"] = {
        "Type": "String",
        "Default": stage.environment["PUBLIC_URL"],
        "AllowedPattern": "https://[!-~]+",
        "Description": "Where people reach the service; it begins every mailed link.",
    }
    parameters["MailFrom"] = {
        "Type": "String",
        "Default": stage.environment["MAIL_FROM"],
        "MinLength": 3,
        "Description": "The sender of every mail, an identity that SES has verified.",
    }


def _settle(template: Template, logical_id: str, properties: Template, stage: Stage) -> None:
    name = stage.function_name(function_of(logical_id))
    properties["FunctionName"] = name
    properties["Environment"]["Variables"] |= {
        "PUBLIC_URL": {"Ref": "PublicUrl"},
        "MAIL_FROM": {"Ref": "MailFrom"},
        "TABLE_PREFIX": {"Ref": "TablePrefix"},
        "MAIL_QUEUE_NAME": {"Fn::GetAtt": ["MailQueue", "QueueName"]},
        "MAIL_QUEUE_URL": {"Ref": "MailQueue"},
        "MAIL_CONFIGURATION_SET": {"Ref": "MailConfigurationSet"},
    }
    group = f"{logical_id}LogGroup"
    if group not in template["Resources"]:
        message = f"resources.yaml has no {group}, so the log of {name} would be kept for ever."
        raise CommandError(message)
    properties["LoggingConfig"] = {"LogGroup": {"Ref": group}, **LOGGING}


def _take_from_own_queue(mail: Template) -> None:
    # By attribute, so that the queue is created before the function's event source.
    (source,) = mail["Events"].values()
    source["Properties"]["Queue"] = {"Fn::GetAtt": ["MailQueue", "Arn"]}


def _trace_the_api_too(template: Template) -> None:
    # `chalice deploy` does this; Chalice's template traces only the functions.
    traced = any(f["Properties"]["Tracing"] == "Active" for f in functions(template).values())
    template["Resources"]["RestAPI"]["Properties"]["TracingEnabled"] = traced
