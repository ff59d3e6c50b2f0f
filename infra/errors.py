"""The one error that ends a command."""

from __future__ import annotations


class CommandError(Exception):
    """The command can't go on; the message tells the operator what to do."""
