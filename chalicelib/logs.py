"""Logs: one JSON object a line, with the fields that the call gives as `extra`, without secrets.

Powertools' logger would load botocore in every function, the authorizer included, so the formatter
is our own, and so are the metrics in the lines (docs/decisions/0062).
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from chalicelib.metrics import counted, embedded

# The attributes of every record; all others came through `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# AWS's message about a wrong signature repeats what was signed, including our session token.
_SESSION_TOKEN = re.compile(r"(x-amz-security-token)\W{1,3}[\w+/=%.-]+", re.IGNORECASE)


class JsonFormatter(logging.Formatter):
    """Writes a record as JSON, so that a line break in a value can't start a new line (`H5`)."""

    def __init__(self, stage: str = "") -> None:
        super().__init__()
        self._stage = stage

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        line: dict[str, Any] = {
            "timestamp": _spoken(record.created),
            "level": record.levelname,
            "event": record.getMessage(),
            "logger": record.name,
        }
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info:
            exception = self.formatException(record.exc_info)
            line["exception"] = _SESSION_TOKEN.sub(r"\1:[left out]", exception)
        line.update(embedded(record, self._stage))
        return json.dumps(line, default=str)


def _spoken(created: float) -> str:
    return datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds")


def configure(level: str, stage: str) -> None:
    """Write our logs to standard error, once per process; libraries log from WARNING up.

    Records that count as a metric are written at any level, because alarms depend on them.
    """
    least = logging.getLevelNamesMapping()[level]
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter(stage))
    handler.addFilter(lambda record: record.levelno >= least or bool(counted(record)))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("chalicelib").setLevel(min(least, logging.INFO))
