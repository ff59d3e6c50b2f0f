"""What ends a local run."""

from __future__ import annotations


class LocalRunError(Exception):
    """The run can't start or go on; the message is one plain sentence for who started it."""


class StopRequested(BaseException):
    """Somebody asked the run to end; no handler of errors may swallow it."""
