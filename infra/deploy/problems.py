"""What can go wrong with a stage, in words for the person who runs the command."""

from __future__ import annotations


class DeployError(Exception):
    """The stage is not as it was asked for; the message says what to do."""
