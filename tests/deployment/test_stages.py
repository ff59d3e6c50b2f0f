"""The names of a stage's parts are the ones that the templates and the functions use."""

from __future__ import annotations

import pytest

from chalicelib.storage.dynamo.tables import TABLES
from infra.errors import CommandError
from infra.stack.resources import template
from infra.stack.stages import read_stage


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_what_a_stage_names_is_what_the_template_makes(name: str) -> None:
    stage = read_stage(name)
    assert set(stage.tables) == {f"{stage.prefix}{table}" for table in TABLES}
    queues = {
        resource["Properties"]["QueueName"]["Fn::Sub"].replace("${TablePrefix}", stage.prefix)
        for resource in template()["Resources"].values()
        if resource["Type"] == "AWS::SQS::Queue"
    }
    assert queues == {stage.mail_queue, stage.dead_letters}


def test_nothing_of_two_stages_has_one_name() -> None:
    names = []
    for stage in (read_stage("dev"), read_stage("prod")):
        functions = [stage.function_name(function) for function in stage.functions]
        names += [*stage.tables, *functions, stage.stack, stage.mail_queue, stage.dead_letters]
        names += [stage.secrets_path, stage.record_parameter]
    assert len(set(names)) == len(names)


def test_a_stage_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(CommandError, match="it has dev, prod"):
        read_stage("nowhere")
