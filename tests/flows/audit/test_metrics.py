"""The metrics in the log lines of a journey."""

from __future__ import annotations

import io
import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from chalicelib import logs, metrics
from tests.support.keys import Holder, a_holder
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    ask_sign_in,
    become_a_user,
    signed_in_program,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.service import Service


@pytest.fixture
def environ() -> dict[str, str]:
    return {"LOG_LEVEL": "ERROR", "API_KEY_REQUESTS_PER_MINUTE": "1"}


@pytest.fixture
def written(service: Service) -> Iterator[io.StringIO]:
    """The log of a function whose level is ERROR."""
    before = logging.root.handlers[:], logging.root.level, logging.getLogger("chalicelib").level
    logs.configure(service.settings.log_level, service.settings.table_prefix)
    stream = io.StringIO()
    handler = logging.root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    logging.root.handlers[:] = before[0]
    logging.root.setLevel(before[1])
    logging.getLogger("chalicelib").setLevel(before[2])


def _read(stream: io.StringIO) -> list[dict[str, Any]]:
    """Read log lines as CloudWatch does: members that `_aws` names are metrics."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def _sums(lines: list[dict[str, Any]]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for metric in directive["Metrics"]:
                sums[metric["Name"]] += line[metric["Name"]]
    return sums


def test_sign_ins_key_checks_and_mails_are_counted_at_any_log_level(
    service: Service, written: io.StringIO
) -> None:
    holder = a_holder(service)
    signed_in_program(service)
    service.work()
    before = _sums(_read(written))
    for _ in range(5):
        ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD)
    ask_sign_in(service.program(), "nobody@acme.test")
    holder.get("/api/v1/account")
    holder.get("/api/v1/account")
    Holder(service.program(), "thub_" + "a" * 32).get("/api/v1/account")
    done = service.work()
    assert dict(_sums(_read(written)) - before) == {
        metrics.PASSWORDS_REFUSED: 6,
        metrics.LOCKS: 1,
        metrics.KEY_CHECKS_ALLOWED: 1,
        metrics.KEY_CHECKS_LIMITED: 1,
        metrics.KEY_CHECKS_REFUSED: 1,
        metrics.MAILS_HANDLED: done,
    }


def test_a_metric_names_the_stage_and_no_user(service: Service, written: io.StringIO) -> None:
    """`H5`: every reader of metrics sees the names of dimensions."""
    become_a_user(service)
    signed_in_program(service)
    lines = [line for line in _read(written) if "_aws" in line]
    assert lines
    for line in lines:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == metrics.NAMESPACE
        assert directive["Dimensions"] == [[metrics.DIMENSION]]
        assert line[metrics.DIMENSION] == service.settings.table_prefix
        assert isinstance(line["_aws"]["Timestamp"], int)
        assert all(type(line[metric["Name"]]) is int for metric in directive["Metrics"])


def test_known_and_unknown_emails_write_lines_of_one_shape(
    service: Service, written: io.StringIO
) -> None:
    """`B3`: every refusal has the metric of a lockout, as 0."""
    become_a_user(service)
    start = len(_read(written))
    ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD)
    ask_sign_in(service.program(), "nobody@acme.test")
    known, unknown = _read(written)[start:]
    assert list(known) == list(unknown)
    assert known["_aws"]["CloudWatchMetrics"] == unknown["_aws"]["CloudWatchMetrics"]


def test_a_fault_of_ours_is_counted_and_a_callers_is_not(written: io.StringIO) -> None:
    """A library's line with the same words as ours isn't counted."""
    log = logging.getLogger("chalicelib.web.kit.headers")
    for status in (200, 404, 500, 503):
        log.info("request", extra={"status": status})
    logging.getLogger("botocore").warning("mail_failed")
    assert _sums(_read(written)) == {metrics.REQUESTS_FAILED: 2}


def test_a_mail_that_can_not_be_sent_is_counted(service: Service, written: io.StringIO) -> None:
    become_a_user(service)
    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    service.engine.client("ses").delete_identity(Identity=service.settings.mail_from)
    with pytest.raises(ClientError, match="MessageRejected"):
        service.work()
    assert _sums(_read(written))[metrics.MAILS_FAILED] == 1
