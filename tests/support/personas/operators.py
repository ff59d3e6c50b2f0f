"""The operator's commands, run in this process on the service under test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.testing import CliRunner

from infra.operator.cli import cli

if TYPE_CHECKING:
    from click.testing import Result

NAME = "Jo"


def operate(*words: str, said: str | None = None) -> Result:
    """Run a command as Jo; `said` is what they type at its prompt."""
    return CliRunner().invoke(cli, ["--as", NAME, *words], input=said, terminal_width=200)


def done(*words: str, said: str | None = None) -> str:
    """Run a command that must succeed, and return what it printed."""
    result = operate(*words, said=said)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output
