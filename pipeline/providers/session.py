"""HTTP sessions for the few services that want one made for them."""

from collections.abc import Callable
from functools import cache
from typing import Any, cast

import aiohttp
from pipecat.processors.frame_processor import FrameProcessor

__all__ = ["with_session"]


@cache
def with_session(service: Callable[..., FrameProcessor]) -> Callable[..., FrameProcessor]:
    """Make a class of a service's that has an HTTP session of its own, and closes it.

    Args:
        service: A class that takes an `aiohttp_session`.
    """
    base: Any = service

    class WithSession(base):  # type: ignore[misc]
        """A service with an HTTP session of its own."""

        def __init__(self, **kwargs: Any) -> None:
            self._own_session = aiohttp.ClientSession()
            super().__init__(aiohttp_session=self._own_session, **kwargs)

        async def cleanup(self) -> None:
            """Close the session, once the service is done with it."""
            try:
                await super().cleanup()
            finally:
                await self._own_session.close()

    WithSession.__name__ = WithSession.__qualname__ = base.__name__
    return cast("Callable[..., FrameProcessor]", WithSession)
