"""The context of every command: the stage's services, the operator, and the output."""

from __future__ import annotations

import getpass
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from infra.operator import stage

if TYPE_CHECKING:
    from rich.console import RenderableType

    from chalicelib.bootstrap.operators import OperatorServices
    from chalicelib.domain.operators.action import Operator, OperatorAction

_ROOT = "root"


@dataclass
class CommandContext:
    """What a command works with; the stage is entered when a command first needs it."""

    stage: str | None
    given_name: str | None
    out: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))

    @cached_property
    def services(self) -> OperatorServices:
        """The operators' services, on the stage's tables."""
        from chalicelib.bootstrap.operators import operator_services

        self.enter()
        return operator_services()

    def enter(self) -> None:
        """Point this process at the stage, once."""
        if not self._entered:
            stage.enter(self.stage)
            self._entered = True

    _entered: bool = False

    @cached_property
    def operator(self) -> Operator:
        """The operator: the name that was given, or the one that AWS or the system knows."""
        from chalicelib.domain.operators.action import Operator

        self.enter()
        identity = _caller()
        name = identity.rpartition("/")[2].rpartition(":")[2]
        if name in ("", _ROOT):
            name = getpass.getuser()
        return Operator.parse(self.given_name or name, identity or name)

    def say(self, words: str) -> None:
        """Print a line; names that users chose are never read as markup."""
        self.out.print(Text(words))

    def show(self, thing: RenderableType) -> None:
        """Print a table."""
        self.out.print(thing)

    def ask(self, question: str, *, yes: bool) -> None:
        """Ask before something irreversible; a no ends the command with status 1."""
        if not yes:
            where = self.stage or "the stage of the environment"
            click.confirm(f"{question} (on {where})", abort=True)

    def tell(self, action: OperatorAction, words: str) -> None:
        """Print what was done and the id under which audit logs have it."""
        self.say(words)
        self.say(
            f"{_accounts(len(action.account_ids))}, as Operator {action.operator.name}: {action.id}"
        )


def _accounts(count: int) -> str:
    if not count:
        return "Told in the operators' trail"
    return f"Told in the audit log of {count} account{'' if count == 1 else 's'}"


def _caller() -> str:
    """Ask AWS whose credentials these are; empty if it can't say."""
    from infra.aws import AWS_ERRORS, client

    try:
        arn: str = client("sts").get_caller_identity()["Arn"]
    except AWS_ERRORS:
        return ""
    return arn
