"""Only one command at a time changes a stage, and a killed one keeps nobody from it for long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from infra.deploy.stage_lock import Holder, StageLock
from infra.errors import CommandError
from tests.support.patience import PATIENCE, eventually
from tests.support.races.races import race, winners

if TYPE_CHECKING:
    from tests.support.servers.engines import Engine

_NAME = "/thub-test/at-work"
_ELSEWHERE = Holder(pid=1, host="elsewhere", machine="another")


@pytest.fixture
def ssm(moto: Engine) -> Any:
    client = moto.client("ssm")
    client.delete_parameters(Names=[_NAME])
    return client


def _stage_lock(
    ssm: Any, holder: Holder = _ELSEWHERE, *, renewed_every: float = 0.05, silent_for: float = 2
) -> StageLock:
    return StageLock(ssm, _NAME, holder, renewed_every, silent_for)


def _left(ssm: Any, holder: Holder) -> None:
    """Leave what a killed command leaves."""
    value = json.dumps({"pid": holder.pid, "host": holder.host, "machine": holder.machine})
    ssm.put_parameter(Name=_NAME, Value=value, Type="String")


def _silence(_said: str) -> None:
    pass


def _stands(ssm: Any) -> bool:
    return bool(ssm.get_parameters(Names=[_NAME])["Parameters"])


def test_a_second_command_is_turned_away_and_told_whose_turn_it_is(ssm: Any) -> None:
    with _stage_lock(ssm).taken(_silence):
        with pytest.raises(CommandError, match="Process 1 on elsewhere is changing this stage"):
            _stage_lock(ssm, Holder(), silent_for=PATIENCE).taken(_silence).__enter__()
        assert _stands(ssm)
    assert not _stands(ssm)
    with _stage_lock(ssm, Holder()).taken(_silence):
        pass


def test_a_long_command_keeps_its_turn(ssm: Any) -> None:
    stage_lock = _stage_lock(ssm, silent_for=PATIENCE)
    with stage_lock.taken(_silence):
        # As if its last sign were older than anybody would wait for one.
        stage_lock._renewed -= 2 * stage_lock.silent_for  # noqa: SLF001 - rather than to wait for so long
        eventually(lambda: _goes_on(stage_lock), "a renewal")


def _goes_on(stage_lock: StageLock) -> bool:
    with suppress(CommandError):
        stage_lock.check()
        return True
    return False


def test_a_command_that_fails_gives_its_turn_back(ssm: Any) -> None:
    with pytest.raises(ZeroDivisionError), _stage_lock(ssm).taken(_silence):
        raise ZeroDivisionError
    assert not _stands(ssm)


class _Unreachable:
    """Parameter Store, once the network is gone."""

    def get_parameter(self, **_: str) -> None:
        raise EndpointConnectionError(endpoint_url="https://ssm.test")


def test_what_ended_a_command_is_told_though_its_turn_cannot_be_given_back(ssm: Any) -> None:
    stage_lock = _stage_lock(ssm)

    def fail() -> None:
        with stage_lock.taken(_silence):
            stage_lock.ssm = _Unreachable()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _stands(ssm)


def test_what_a_killed_command_left_is_taken_over_after_a_silence(ssm: Any) -> None:
    _left(ssm, _ELSEWHERE)
    said: list[str] = []
    with _stage_lock(ssm, Holder()).taken(said.append):
        assert said[0] == "Process 1 on elsewhere was changing this stage: waiting for a sign of it"
    assert not _stands(ssm)


def test_a_command_killed_on_this_machine_is_not_waited_for(ssm: Any) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    gone = replace(Holder(), pid=child.pid)
    if not gone.machine:
        pytest.skip("only Linux tells one start of a machine from another")
    _left(ssm, gone)
    said: list[str] = []
    with _stage_lock(ssm, silent_for=1_000).taken(said.append):
        assert said == []


def test_a_process_number_says_nothing_about_another_machine() -> None:
    unused = replace(_ELSEWHERE, pid=2**22 - 1, host=Holder().host)
    assert not unused.is_gone()
    assert not replace(unused, machine="").is_gone()
    assert not Holder().is_gone()
    if os.getuid():
        assert not replace(Holder(), pid=1).is_gone()


@pytest.mark.parametrize("left", [False, True])
def test_of_many_that_come_at_once_one_has_the_stage(ssm: Any, *, left: bool) -> None:
    if left:
        _left(ssm, _ELSEWHERE)
    with ExitStack() as held:

        def come(number: int) -> None:
            stage_lock = _stage_lock(
                ssm, replace(_ELSEWHERE, pid=number), silent_for=PATIENCE if not left else 5
            )
            held.enter_context(stage_lock.taken(_silence))

        assert len(winners(race(come, (CommandError,), callers=8))) == 1


def test_a_command_that_slept_goes_no_further(ssm: Any) -> None:
    """As a laptop does whose lid was closed in the middle of a rotation."""
    asleep = _stage_lock(ssm, renewed_every=1_000, silent_for=0.5)
    with asleep.taken(_silence):
        with _stage_lock(ssm, Holder(), silent_for=0.5).taken(_silence):
            with pytest.raises(CommandError, match="silent for"):
                asleep.check()
            assert _stands(ssm)
        assert not _stands(ssm)


def test_a_turn_that_another_has_is_not_given_back(ssm: Any) -> None:
    # Time enough for the other to see its silence before it wakes.
    asleep = _stage_lock(ssm, renewed_every=4, silent_for=PATIENCE)
    with ExitStack() as held:
        with asleep.taken(_silence):
            held.enter_context(_stage_lock(ssm, Holder(), silent_for=0.5).taken(_silence))
            # It wakes and finds out.
            eventually(lambda: not _goes_on(asleep), "its waking")
            with pytest.raises(CommandError, match="silent for"):
                asleep.check()
        assert _stands(ssm)
