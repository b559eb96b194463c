"""A uvicorn server that, told to stop, lets the calls finish.

Stock uvicorn closes every websocket with 1012 on SIGTERM, then dies of the signal. This one stops
listening at once, so a proxy sends new calls elsewhere, leaves open websockets alone, and exits 0.
"""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from loguru import logger

from antiphon.core.pipecat_internals import Part, require
from antiphon.pipeline.error_fields import why
from antiphon.pipeline.server.calls import GOODBYE_SECS, Calls
from antiphon.pipeline.server.process.http_protocol import CallRequests
from antiphon.pipeline.server.process.listening import CannotListenError, bind, tell_where
from antiphon.pipeline.server.process.memory import give_back, keep_one_heap
from antiphon.pipeline.server.process.websocket_protocol import CallWebSocket

__all__ = ["CannotWarmUpError", "DrainServer", "serve_app", "spare_collector"]

# Twilio sends less than 1 KiB; a client of one's own may send a second of audio at once, which at
# 48 kHz in stereo is 188 KiB.
MAX_MESSAGE_BYTES = 256 * 1024

# How often it looks whether it was told to stop again, as uvicorn does.
TICK_SECS = 0.1


class CannotWarmUpError(ValueError):
    """The agent fails before the first call: something that it needs is wrong."""


class DrainServer(uvicorn.Server):
    """Serves an app made by `create_app`, and on `stop` lets its calls finish."""

    def __init__(self, app: FastAPI, **options: Any) -> None:
        """Create the server.

        Args:
            app: The app.
            **options: Passed to `uvicorn.Config`.
        """
        self._calls: Calls = app.state.calls
        drain_secs = self._calls.settings.drain_secs
        config = uvicorn.Config(
            app,
            http=CallRequests,
            ws=CallWebSocket,
            lifespan="off",
            ws_max_size=MAX_MESSAGE_BYTES,
            # What is small on the wire is small here; sound does not get smaller anyway.
            ws_per_message_deflate=False,
            # Longer than a drain can last, so that uvicorn never cuts what the drain lets go on.
            timeout_graceful_shutdown=int(drain_secs + 2 * GOODBYE_SECS) + 10,
            # The paths of websockets carry tokens.
            access_log=False,
            log_config=None,
            **options,
        )
        super().__init__(config)
        # So that it can be told to stop while it warms up.
        self.servers = []
        self._drain: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Warm up, and only then listen.

        Args:
            sockets: What to listen on; by default the configured host and port.

        Raises:
            CannotWarmUpError: If the agent cannot get ready.
            CannotListenError: If the address is in use.
        """
        try:
            require(Part.SERVER)
            keep_one_heap()
            await self._calls.warm_up()
        except Exception as error:
            raise CannotWarmUpError(f"the agent cannot get ready: {why(error)}") from None
        if self.should_exit:
            return
        spare_collector()
        give_back()
        try:
            await super().startup(sockets)
        except OSError as error:
            # Another server had taken the address as well, and listens first.
            raise CannotListenError(self.config.host, self.config.port, error) from error
        for listening in sockets or ():
            tell_where(listening)

    async def serve_until_drained(self, sockets: list[socket.socket] | None = None) -> bool:
        """Serve until stopped, and then until the calls have ended.

        Args:
            sockets: What to listen on; by default the configured host and port.

        Returns:
            Whether every call came to its end; False after a second `stop` that cut some.
        """
        with self.capture_signals():
            await self.serve(sockets)
            # Some hold no websocket here, such as those in a room.
            while self._drain and not (self._drain.done() or self.force_exit):
                await asyncio.wait([self._drain], timeout=TICK_SECS)
            cut = self._calls.active
            if cut:
                await self._calls.cancel()
            await self._calls.state.aclose()
        return cut == 0

    def stop(self) -> None:
        """Stop listening and let the calls finish; the second time, end them now."""
        if self.should_exit:
            logger.warning("told to stop again: ending now")
            self.force_exit = True
            return
        self.should_exit = True
        # Now, and not at uvicorn's next tick: until the port is closed, a proxy sends calls here.
        for server in self.servers:
            server.close()
        self._drain = asyncio.create_task(self._calls.drain(self._calls.settings.drain_secs))

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals without dying of them afterwards."""
        loop = asyncio.get_running_loop()
        old = {
            number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(self.stop))
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


def spare_collector() -> None:
    """Keep the garbage collector from what stays, and from looking at each new call 14 times."""
    # What is loaded now stays. Left to the collector, it is looked through again and again, for
    # 0.1 s and more in which every call stands still.
    gc.collect()
    gc.freeze()
    # Answering a call makes 10,000 objects, and by default each 700 start a collection. Those of
    # everything come about as often as before, so calls that are over go no later.
    gc.set_threshold(3000, 5, 5)


async def serve_app(app: FastAPI, *, host: str, port: int, **options: Any) -> bool:
    """Serve an app made by `create_app` until SIGTERM or SIGINT, and then until its calls ended.

    Args:
        app: The app.
        host: The address to listen on.
        port: The port to listen on.
        **options: Passed to `uvicorn.Config`.

    Returns:
        Whether every call came to its end; False after a second signal that cut some.

    Raises:
        CannotListenError: If the address is in use.
        CannotWarmUpError: If the agent cannot get ready.
    """
    with bind(host, port) as sock:
        return await DrainServer(app, host=host, port=port, **options).serve_until_drained([sock])
