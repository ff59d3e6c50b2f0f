"""Serves one site on a port of loopback, by hypercorn on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.wire.asgi import Site

_LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
# Twenty people who press a button at once must not wait for a retried SYN.
_BACKLOG = 512
_STOP_SECONDS = 2.0


class LoopbackServer:
    """A port of 127.0.0.1, and of ::1 if the machine has it; raises OSError if it is taken.

    It listens at once, so that early callers wait for `start` instead of being refused.
    """

    def __init__(self, port: int) -> None:
        self._thread: threading.Thread | None = None
        with contextlib.ExitStack() as opened:
            # Either both addresses are ours or none.
            self._sockets = [
                opened.enter_context(_listening(family, host, port)) for family, host in _families()
            ]
            opened.pop_all()

    def start(self, site: Site) -> None:
        """Answer requests until stopped."""
        begun = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(site, begun)), daemon=True
        )
        self._thread.start()
        begun.wait()

    def stop(self) -> None:
        """Stop listening; answers that are being made are dropped."""
        if self._thread is None:
            for opened in self._sockets:
                opened.close()
            return
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(_STOP_SECONDS)

    async def _serve(self, site: Site, begun: threading.Event) -> None:
        from hypercorn.asyncio import serve

        from infra.local.wire.asgi import AsgiSite
        from infra.local.wire.protocol import WireConfig, install

        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        install()
        config = WireConfig(site.refuse)
        config.bind = [f"fd://{opened.detach()}" for opened in self._sockets]
        application = AsgiSite(site)
        begun.set()
        await serve(application, config, shutdown_trigger=self._over.wait)
        application.stop()


def _families() -> Iterator[tuple[socket.AddressFamily, str]]:
    for family, host in _LOOPBACK:
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            probe.bind((host, 0))
            yield family, host


def _listening(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
