"""What can be wrong with a package, in words for the person who builds it."""

from __future__ import annotations


class PackageError(Exception):
    """The package can't be built; the message says what to do."""
