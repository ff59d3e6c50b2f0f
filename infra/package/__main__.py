"""`python -m infra.package prod`: write build/prod/template.json and build/prod/deployment.zip."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.errors import CommandError
from infra.package.build import build
from infra.stack.stages import ROOT


def main() -> int:
    """Build both files; the status is 1 after an error."""
    asked = argparse.ArgumentParser(prog="python -m infra.package")
    asked.add_argument("stage")
    asked.add_argument("--for", dest="machine", choices=("lambda", "here"), default="lambda")
    asked.add_argument("--into", type=Path)
    given = asked.parse_args()
    target = given.into or ROOT / "build" / given.stage
    try:
        package = build(given.stage, target, for_this_machine=given.machine == "here")
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    megabytes = package.archive.stat().st_size / 1_000_000
    print(f"{package.template}\n{package.archive} ({megabytes:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
