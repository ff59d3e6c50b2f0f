"""What ends an operator's command."""

from __future__ import annotations


class OperatorError(Exception):
    """The command can't be done; the message is one plain sentence for who called it."""
