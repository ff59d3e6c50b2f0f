"""Starts one function from an unpacked zip, in an interpreter that sees no other packages.

Run as `python -I -S -B cold_start_probe.py <directory> <function>`; prints its CPU time.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time

_MODULES = {
    "api": "app",
    "mail": "chalicelib.jobs.queue",
    "key_check": "chalicelib.web.authorizer",
    "sso_watch": "chalicelib.jobs.daily",
    "deletions": "chalicelib.jobs.daily",
}


def main(directory: str, function: str) -> dict[str, object]:
    """Import the function's entry point and build what its first call needs."""
    sys.path.insert(0, directory)
    began = time.process_time()
    importlib.import_module(_MODULES[function])
    bootstrap = importlib.import_module("chalicelib.bootstrap")
    if function == "key_check":
        bootstrap.key_check()
    else:
        bootstrap.services()
    taken = (time.process_time() - began) * 1000
    elsewhere = _elsewhere(directory)
    return {"milliseconds": taken, "modules": len(sys.modules), "elsewhere": elsewhere}


def _elsewhere(directory: str) -> list[str]:
    """Name the modules that came neither from the zip nor from Python itself."""
    allowed = (directory, os.path.dirname(os.__file__))  # noqa: PTH120 - pathlib would cost CPU
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    return [
        name
        for name, file in files.items()
        if file and name != "__main__" and (not file.startswith(allowed) or "site-packages" in file)
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], sys.argv[2])))
