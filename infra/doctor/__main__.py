"""`python -m infra.doctor prod`: say how a stage is; ends with 0 for healthy, 1 for trouble.

With 2 where there is no trouble but something couldn't be checked: that isn't known to be healthy.
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
from infra.doctor.findings import Finding, Outcome
from infra.doctor.subject import Subject
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
        subject = _subject(stage)
    except (CommandError, SettingsError) as error:
        click.echo(error, err=True)
        sys.exit(2)
    except BotoCoreError as error:
        click.echo(f"AWS can't be asked: {error}\n{_WHOSE}", err=True)
        sys.exit(2)
    # What the app's own modules would log is said in the findings.
    logging.getLogger("chalicelib").addHandler(logging.NullHandler())
    console = Console()
    findings = []
    for finding in examine(subject):
        findings.append(finding)
        _show(console, finding)
    sys.exit(_sum_up(console, stage, findings))


def _subject(name: str) -> Subject:
    stage = read_stage(name)
    session = open_session()
    if not region_of(session):
        # One service would be asked without any, and the others refuse it.
        raise NoRegionError
    server = Settings.from_environ({"DNS_SERVER": os.environ.get("DNS_SERVER", "")}).dns_server
    subject = Subject(stage, session, lambda: datetime.now(UTC), server)
    # Without a region, credentials or a connection there is nothing to look at. What AWS itself
    # refuses is told by the check that it stops.
    with contextlib.suppress(ClientError):
        subject.client("sts").get_caller_identity()
    return subject


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
