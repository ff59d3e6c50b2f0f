"""`python -m infra.operator --stage prod …`."""

from __future__ import annotations

from infra.operator.cli import main

if __name__ == "__main__":
    main()
