"""The emulator's process: exits with its parent, and saves its state first."""

from __future__ import annotations

import asyncio
import copy
import os
import signal
import sys
import threading
import time
from typing import Any

_SAVE_SECONDS = 20.0
_GRACE_SECONDS = 1.0


def main() -> None:
    """Serve on the inherited socket until a signal, or until the parent has ended."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    _keep_sent_mails()
    config = Config()
    config.bind = [f"fd://{sys.argv[1]}"]
    config.loglevel = "WARNING"
    # Don't wait for long polls at the end.
    config.graceful_timeout = _GRACE_SECONDS
    asyncio.run(serve(app, config))


def _end_with_parent() -> None:
    # Standard input is a pipe whose other end only the parent holds, so it closes when the parent
    # ends, even if killed, on Linux and macOS.
    while os.read(0, 1_024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_SAVE_SECONDS)
    os._exit(1)


def _keep_sent_mails() -> None:
    """Save sent mails with the rest of the state, which ministack doesn't do."""
    from ministack.services import ses

    saved, restored = ses.get_state, ses.load_persisted_state

    def get_state() -> dict[str, Any]:
        state: dict[str, Any] = saved()
        return state | {"_sent_emails": copy.deepcopy(ses._sent_emails)}  # noqa: SLF001 - no public way

    def load_persisted_state(state: dict[str, Any]) -> None:
        restored(state)
        ses._sent_emails.update(state.get("_sent_emails", {}))  # noqa: SLF001 - no public way

    ses.get_state, ses.load_persisted_state = get_state, load_persisted_state


if __name__ == "__main__":
    main()
