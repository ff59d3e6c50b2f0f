"""The emulator's own process: it outlives nobody, and saves what it holds before it ends."""

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
    """Serve on the inherited socket until told to stop, or until the parent is gone."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    _keep_sent_mails()
    config = Config()
    config.bind = [f"fd://{sys.argv[1]}"]
    config.loglevel = "WARNING"
    # Long polls under way at the end are not worth waiting for.
    config.graceful_timeout = _GRACE_SECONDS
    asyncio.run(serve(app, config))


def _end_with_parent() -> None:
    # Standard input is a pipe whose other end only the parent holds. Its end closes with the
    # parent, however the parent ends, on Linux and on macOS alike.
    while os.read(0, 1_024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_SAVE_SECONDS)
    os._exit(1)


def _keep_sent_mails() -> None:
    """Save sent mails with the rest of the state: ministack itself forgets them at its end."""
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
