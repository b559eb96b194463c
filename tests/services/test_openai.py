"""OpenAI's language models cost a call no reading of certificates."""

import ssl
from typing import Any

import pytest
from antiphon.services.openai import OpenAILLMService
from openai import AsyncOpenAI
from pipecat.services.openai import llm


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
            pool["_keepalive_expiry"],
        ]

    assert shape(ours) == shape(stock)
