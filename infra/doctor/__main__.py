"""`python -m infra.doctor prod`: examine a stage; the status is 0 if it is healthy, 1 if not.

It is 2 if nothing is wrong but something couldn't be checked, since that may not be healthy.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from datetime import UTC, datetime

import click
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError
from rich.console import Console
from rich.text import Text

from chalicelib.settings import Settings, SettingsError
from infra.aws import open_session, region_of
from infra.doctor.examination import CHECKS, examine
from infra.doctor.examined_stage import ExaminedStage
from infra.doctor.findings import Finding, Outcome
from infra.errors import CommandError
from infra.stack.stages import read_stage

_STYLES = {Outcome.FINE: "green", Outcome.TROUBLE: "bold red", Outcome.UNCHECKED: "yellow"}
_WHOSE = (
    "Account and region come from the environment: sign in (aws sso login) and set AWS_PROFILE, or"
    " the AWS_ACCESS_KEY variables, and AWS_REGION, for example eu-west-1."
)
_OUTCOME_WIDTH = max(len(outcome.value) for outcome in Outcome) + 2
_TITLE_WIDTH = max(map(len, CHECKS)) + 2


@click.command()
@click.argument("stage")
def cli(stage: str) -> None:
    """Examine STAGE, change nothing, and say in a line for each check how it is.

    The account and region are those of the environment, as for every command of AWS.
    """
    try:
        examined = _examined_stage(stage)
    except (CommandError, SettingsError) as error:
        click.echo(error, err=True)
        sys.exit(2)
    except BotoCoreError as error:
        click.echo(f"AWS can't be asked: {error}\n{_WHOSE}", err=True)
        sys.exit(2)
    # The findings already report what the app's modules would log.
    logging.getLogger("chalicelib").addHandler(logging.NullHandler())
    console = Console()
    findings = []
    for finding in examine(examined):
        findings.append(finding)
        _show(console, finding)
    sys.exit(_sum_up(console, stage, findings))


def _examined_stage(name: str) -> ExaminedStage:
    stage = read_stage(name)
    session = open_session()
    if not region_of(session):
        # STS works without a region, but the other services don't.
        raise NoRegionError
    server = Settings.from_environ({"DNS_SERVER": os.environ.get("DNS_SERVER", "")}).dns_server
    examined = ExaminedStage(stage, session, lambda: datetime.now(UTC), server)
    # Without a region, credentials or a network nothing can be examined. What AWS itself refuses
    # is reported by the check that needs it.
    with contextlib.suppress(ClientError):
        examined.client("sts").get_caller_identity()
    return examined


def _show(console: Console, finding: Finding) -> None:
    line = Text(finding.outcome.value.ljust(_OUTCOME_WIDTH), style=_STYLES[finding.outcome])
    line.append(finding.title.ljust(_TITLE_WIDTH), style="bold")
    line.append(finding.words, style="default")
    console.print(line, soft_wrap=True)


def _sum_up(console: Console, stage: str, findings: list[Finding]) -> int:
    counted = {outcome: [f for f in findings if f.outcome is outcome] for outcome in Outcome}
    troubles, unchecked = len(counted[Outcome.TROUBLE]), len(counted[Outcome.UNCHECKED])
    console.print()
    if not troubles and not unchecked:
        console.print(f"Stage {stage} is healthy.", style="green")
        return 0
    parts = [f"{troubles} to put right"] if troubles else []
    parts += [f"{unchecked} that couldn't be checked"] if unchecked else []
    console.print(f"Stage {stage}: {', '.join(parts)}.", style="bold")
    return 1 if troubles else 2


if __name__ == "__main__":
    cli()
