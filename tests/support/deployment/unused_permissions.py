"""Asks, once all flows have run, what the policies allow and no flow needed.

No test can: with a worker for each core none of them has seen every flow. So each worker hands in
what it saw, and the run as a whole fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.deployment import permissions
from tests.support.deployment.permissions import FUNCTIONS, Permission

if TYPE_CHECKING:
    from collections.abc import Iterable

_HANDED_IN = "permissions"


class Asking:
    """A plugin for pytest, in the one process of a run or in each of several."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._all_flows = False
        self._complaints: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note whether this run has all flows; one that was narrowed down can't be asked."""
        chosen = self._config.option
        every = set((self._config.rootpath / "tests" / "flows").rglob("test_*.py"))
        self._all_flows = every <= {item.path for item in session.items} and not (
            chosen.keyword or chosen.markexpr
        )

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker hands in."""
        handed_in = getattr(node, "workeroutput", {}).get(_HANDED_IN)
        if handed_in is None:
            return
        self._all_flows = handed_in["all_flows"]
        for function, seen in handed_in["used"].items():
            permissions.used[function].update(Permission(*each) for each in seen)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand in, or ask; where a flow failed, what it would have done is not known."""
        workeroutput = getattr(self._config, "workeroutput", None)
        if workeroutput is not None:
            used = {name: _plain(seen) for name, seen in permissions.used.items()}
            workeroutput[_HANDED_IN] = {"all_flows": self._all_flows, "used": used}
        elif self._all_flows and not session.testsfailed:
            self._complaints = [
                f"{function} needs no {permission}"
                for function in FUNCTIONS
                for permission in permissions.needless(function)
            ]
            if self._complaints:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what nobody used."""
        if self._complaints:
            terminalreporter.section("Policies allow what no flow needs", red=True)
            for complaint in self._complaints:
                terminalreporter.line(complaint)


def _plain(seen: Iterable[Permission]) -> list[list[str]]:
    return [[permission.action, permission.on] for permission in seen]
