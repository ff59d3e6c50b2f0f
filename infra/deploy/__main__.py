"""`python -m infra.deploy up prod`: put a stage into the AWS account that the environment names."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from infra.aws import AWS_ERRORS, connect
from infra.deploy import deployment, removal
from infra.deploy.rotation import rotation
from infra.deploy.stage_lock import StageLock
from infra.deploy.steps import Step, run
from infra.errors import CommandError
from infra.stack.stages import ROOT, read_stage

if TYPE_CHECKING:
    from infra.aws import Aws
    from infra.stack.stages import Stage


@click.group()
def cli() -> None:
    """Put a stage into an AWS account, change its secrets, take it away."""


@cli.command()
@click.argument("stage_name", metavar="STAGE")
@click.option("--package", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--for", "machine", type=click.Choice(["lambda", "here"]), default="lambda")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE")
@click.option("--new-secrets", is_flag=True)
def up(
    stage_name: str,
    package: Path | None,
    machine: str,
    settings: tuple[str, ...],
    *,
    new_secrets: bool,
) -> None:
    """Deploy STAGE, or bring it up to date.

    --package takes what `make package` wrote from this checkout instead of building it anew.
    --set gives a parameter of infra/stack/resources.yaml, such as AlarmTopicArn; it is kept.
    --new-secrets goes on although people's passwords hang on a secret that is lost.
    """
    console = Console()
    stage, aws = read_stage(stage_name), connect()
    options = deployment.DeployOptions(
        package=deployment.package_in(package or ROOT / "build" / stage.name),
        already_built=package is not None,
        for_this_machine=machine == "here",
        parameters=_parameters(settings),
        new_secrets=new_secrets,
    )
    run(deployment.steps(stage, aws, options, console), console, _stage_lock(stage, aws))


@cli.command()
@click.argument("stage_name", metavar="STAGE")
@click.argument("what", type=click.Choice(rotation.WHAT))
def rotate(stage_name: str, what: str) -> None:
    """Put a new secret before the older ones of STAGE, and start its functions anew."""
    stage, aws = read_stage(stage_name), connect()
    step = Step(f"Rotation of {what}", lambda tell: rotation.rotate(stage, aws, what, tell))
    run([step], Console(), _stage_lock(stage, aws))


@cli.command()
@click.argument("stage_name", metavar="STAGE")
@click.option("--tables-too", is_flag=True)
@click.option("--export-to", type=click.Path(path_type=Path, file_okay=False))
@click.option("--no-export", is_flag=True)
def destroy(stage_name: str, *, tables_too: bool, export_to: Path | None, no_export: bool) -> None:
    """Take STAGE away, and leave its tables and secrets.

    --tables-too takes these away as well. Every table is exported first, to exports/ or to
    where --export-to says; --no-export does without.
    """
    stage, aws = read_stage(stage_name), connect()
    goes = "everything, people's data included" if tables_too else "all but its tables and secrets"
    where = "the emulator" if aws.emulated else f"account {aws.account}, {aws.region}"
    click.echo(f"This takes away {goes}, of stage {stage.name} in {where}.")
    if click.prompt("Type the stage's name to go on", default="") != stage.name:
        message = "Nothing was taken away."
        raise CommandError(message)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    target = export_to or ROOT / "exports" / f"{stage.name}-{moment}"
    run(
        removal.steps(stage, aws, export_to=None if no_export else target, tables_too=tables_too),
        Console(),
        _stage_lock(stage, aws),
    )


def _stage_lock(stage: Stage, aws: Aws) -> StageLock:
    return StageLock(aws.client("ssm"), stage.lock_parameter)


def _parameters(settings: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            message = f"--set takes NAME=VALUE; it is {setting!r}."
            raise CommandError(message)
        found[name] = value
    return found


def main() -> None:
    """Run the command; a failure prints a sentence and ends with status 1."""
    try:
        cli()
    except CommandError as problem:
        print(problem, file=sys.stderr)
    except AWS_ERRORS as problem:
        print(f"AWS doesn't answer as it should: {problem}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
