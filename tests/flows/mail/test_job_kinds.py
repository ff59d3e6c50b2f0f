"""The rows of `JobKind`."""

from __future__ import annotations

import inspect
from operator import attrgetter
from typing import TYPE_CHECKING

import pytest

from chalicelib import bootstrap
from chalicelib.domain.mail import JobKind

if TYPE_CHECKING:
    from tests.support.service import Service


@pytest.mark.parametrize("kind", [kind for kind in JobKind if kind.sender])
def test_the_sender_of_each_kind_takes_one_job(service: Service, kind: JobKind) -> None:
    del service
    send = attrgetter(kind.sender)(bootstrap.services())
    assert [given.annotation for given in inspect.signature(send).parameters.values()] == ["Job"]


def test_only_an_event_of_a_user_is_recorded_without_a_mail() -> None:
    assert [kind for kind in JobKind if not kind.sender] == [JobKind.PERSONAL_EVENT]


def test_messages_have_a_kind_by_its_name_alone() -> None:
    for kind in JobKind:
        assert kind == kind.value == str(kind) == kind.name.lower()
        assert JobKind(kind.value) is kind
