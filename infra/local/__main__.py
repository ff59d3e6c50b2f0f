"""`python -m infra.local`: the app, its mail worker, the inbox and an AWS emulator."""

from __future__ import annotations

import sys

_OLDEST_PYTHON = (3, 11)


def main() -> int:
    """Run until stopped; the status is 0 after a signal, 1 after an error."""
    if sys.version_info < _OLDEST_PYTHON:
        print("This needs Python 3.11 or newer.", file=sys.stderr)
        return 1
    try:
        from infra.local.run import run
    except ImportError as error:
        print(f"A package is missing ({error}); start with `make run`.", file=sys.stderr)
        return 1
    return run()


if __name__ == "__main__":
    sys.exit(main())
