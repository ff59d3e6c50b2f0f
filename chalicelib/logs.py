"""Logs: one JSON object a line, with what the call gave as `extra`, and no secrets.

Powertools' logger would bring botocore into every function, the authorizer's included, so the
formatter is our own; so are the metrics that lines carry (docs/decisions/0062).
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from chalicelib.metrics import counted, embedded

# What every record has; the rest came in through `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# AWS's words about a wrong signature repeat what was signed, our session token among it.
_SESSION_TOKEN = re.compile(r"(x-amz-security-token)\W{1,3}[\w+/=%.-]+", re.IGNORECASE)


class JsonFormatter(logging.Formatter):
    """Writes a record as JSON, so that line feeds in a value can't start a line (`H5`)."""

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
    """Send our logs to standard error, once for a process; libraries are heard from WARNING up.

    What counts as a metric is written at any level: alarms rest on it.
    """
    least = logging.getLevelNamesMapping()[level]
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter(stage))
    handler.addFilter(lambda record: record.levelno >= least or bool(counted(record)))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("chalicelib").setLevel(min(least, logging.INFO))
