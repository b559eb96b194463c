"""OpenAI's language models cost a call no reading of certificates, and few a handshake."""

import asyncio
import ssl
from typing import Any

import pytest
from aiohttp import web
from openai import AsyncOpenAI
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.openai import llm

from antiphon.services.openai import OpenAILLMService
from antiphon.simulation.vendors.openai import OpenAIServer


def test_only_the_first_service_reads_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [OpenAILLMService(api_key="k")]
    contexts: list[object] = []
    create: Any = ssl.SSLContext.__new__

    def counted(kind: type[ssl.SSLContext], *args: object) -> Any:
        context = create(kind, *args)
        contexts.append(context)
        return context

    monkeypatch.setattr(ssl.SSLContext, "__new__", counted)
    made.append(OpenAILLMService(api_key="k"))
    assert not contexts
    llm.OpenAILLMService(api_key="k")
    assert contexts


def test_the_client_is_configured_as_pipecats() -> None:
    options = {"base_url": "http://127.0.0.1:1/v1", "default_headers": {"x-a": "b"}}
    ours, stock = (
        service(api_key="k", organization="o", project="p", **options)._client
        for service in (OpenAILLMService, llm.OpenAILLMService)
    )
    assert type(ours) is AsyncOpenAI

    def shape(client: AsyncOpenAI) -> list[object]:
        http: Any = client._client
        pool = vars(http._transport._pool)
        return [
            client.api_key,
            client.base_url,
            client.organization,
            client.project,
            client.default_headers,
            client.timeout,
            client.max_retries,
            http.timeout,
            http.follow_redirects,
            pool["_max_connections"],
            pool["_max_keepalive_connections"],
        ]

    assert shape(ours) == shape(stock)


class Counting(OpenAIServer):
    """Notes from which ports it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.ports: list[int] = []

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        assert request.transport
        self.ports.append(request.transport.get_extra_info("peername")[1])
        return await super()._complete(request)


async def test_the_next_call_asks_over_the_connection_of_the_one_before() -> None:
    async with Counting() as server:
        for _ in range(3):
            service = OpenAILLMService(api_key="k", base_url=server.url)
            assert await service.run_inference(LLMContext([{"role": "user", "content": "Open?"}]))
            await service.cleanup()
    assert len(server.ports) == 3
    assert len(set(server.ports)) == 1


def test_the_connections_are_closed_with_the_loop_of_the_calls() -> None:
    async def call() -> AsyncOpenAI:
        async with OpenAIServer() as server:
            service = OpenAILLMService(api_key="k", base_url=server.url)
            assert await service.run_inference(LLMContext([{"role": "user", "content": "Open?"}]))
            return service._client

    assert asyncio.run(call()).is_closed()
