"""OpenAI's language models, over connections that outlive a call.

Stock Pipecat's service reads the certificates of every authority anew for each call, 20 ms in which
every other call of the process stands still, and the first question of each waits for a handshake.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from pipecat.services.openai import llm
from pipecat.utils.http import connection_limits

__all__ = ["OpenAILLMService"]

KEEP_IDLE_SECS = 60.0


class OpenAILLMService(llm.OpenAILLMService):
    """Pipecat's `OpenAILLMService`; the calls of an event loop share its connections."""

    def create_client(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        default_headers: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> AsyncOpenAI:
        """Make the client of one call, as Pipecat does.

        Args:
            api_key: OpenAI's key.
            base_url: The address of an OpenAI-compatible server.
            organization: The organization's id.
            project: The project's id.
            default_headers: Sent with each request.
            **kwargs: The service's other arguments.

        Returns:
            The client.
        """
        return AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            organization=organization,
            project=project,
            default_headers=default_headers,
            http_client=_connections(),
        )


_Held = AsyncGenerator[DefaultAsyncHttpxClient, None]
_of_loops: dict[asyncio.AbstractEventLoop, tuple[_Held, DefaultAsyncHttpxClient]] = {}


def _connections() -> DefaultAsyncHttpxClient:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _no_connections()
    if loop not in _of_loops:
        held = _held(loop)
        try:
            held.asend(None).send(None)
        except StopIteration as first:
            _of_loops[loop] = held, first.value
    return _of_loops[loop][1]


# No service may close what others share; asyncio ends the generators of a loop that ends.
async def _held(loop: asyncio.AbstractEventLoop) -> _Held:
    connections = _no_connections()
    try:
        yield connections
    finally:
        del _of_loops[loop]
        await connections.aclose()


def _no_connections() -> DefaultAsyncHttpxClient:
    return DefaultAsyncHttpxClient(
        verify=_certificates(),
        # Pipecat's own, but for idle connections: a call's end closes none here, and what a network
        # has forgotten meanwhile would swallow the next question.
        limits=connection_limits(
            max_keepalive_connections=100,
            max_connections=1000,
            keepalive_expiry=KEEP_IDLE_SECS,
        ),
    )


@cache
def _certificates() -> ssl.SSLContext:
    # The SDK stands on httpx, or, in newer releases, on httpx2, and they trust different stores.
    family = import_module(DefaultAsyncHttpxClient.__mro__[1].__module__)
    context: ssl.SSLContext = family.create_ssl_context()
    return context
