"""A tool that will not be cancelled: the caller hangs up, and the next one wants the place."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator

from phones import call, sid
from rows import Row
from servers import Server, ends

__all__ = ["stuck_tool"]

FREE_WITHIN_SECS = 15.0
"""Three times what a call has from being cancelled to its end."""


async def stuck_tool(*, quick: bool) -> AsyncIterator[Row]:
    """Hang up on it, then try to get in, then stop the server."""
    async with Server("stubborn", ANTIPHON_CAPACITY=1, ANTIPHON_DRAIN_SECS=1) as server:
        async with call(server, 1):
            async with asyncio.timeout(20):
                while "a tool begins" not in server.log():  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        began, free, number = time.monotonic(), False, 1
        while not free and time.monotonic() - began < FREE_WITHIN_SECS:
            await asyncio.sleep(0.5)
            number += 1
            free = "<Connect" in await server.webhook_says(sid(number), From=f"+4930{number}")
        secs = time.monotonic() - began
        alive = "?"
        if free:
            # Twilio's retry of the same webhook has the place that was promised.
            async with call(server, number):
                await asyncio.sleep(0.5)
            alive = (server.folder / "alive").read_text()
        yield Row(
            fact="11 stuck tool",
            done="the caller hangs up while a tool swallows CancelledError; one place",
            seen=f"the place is {f'free after {secs:.1f} s' if free else 'still taken'}; "
            f"{alive} call objects of before in memory",
            wanted=f"free within {FREE_WITHIN_SECS:g} s; 0",
            ok=free and alive == "0",
        )
        await asyncio.sleep(1)
        server.process.send_signal(signal.SIGTERM)
        ended = await ends(server.process, within=FREE_WITHIN_SECS) is not None
        yield Row(
            fact="11 stuck tool",
            done="SIGTERM after it, with a second to drain",
            seen="ends" if ended else "goes on",
            wanted=f"ends within {FREE_WITHIN_SECS:g} s",
            ok=ended,
        )
