from typing import Any

import aiohttp
import pytest
from openai import APIStatusError, AsyncOpenAI, RateLimitError

from antiphon.simulation.vendors.faults import Fault
from antiphon.simulation.vendors.openai import OpenAIServer

pytestmark = pytest.mark.virtual_time

ASKED: dict[str, Any] = {
    "model": "gpt-4.1",
    "messages": [{"role": "user", "content": "hello there"}],
}


async def client_of(server: OpenAIServer, **options: Any) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=server.url, api_key="key", **options)


async def test_the_sdk_streams_text_finish_reason_and_usage() -> None:
    async with OpenAIServer(script=["Hello there."]) as server, await client_of(server) as client:
        stream = await client.chat.completions.create(
            **ASKED, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert [delta for delta in deltas if delta] == ["Hello", " there."]
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 0


async def test_the_sdk_streams_tool_calls_one_after_the_other() -> None:
    calls = [
        {"tool": "check_order", "arguments": {"number": 4711}},
        {"tool": "say_goodbye"},
    ]
    async with OpenAIServer(script=[calls]) as server, await client_of(server) as client:
        stream = await client.chat.completions.create(**ASKED, stream=True)
        parts = [
            part
            async for chunk in stream
            for part in (chunk.choices[0].delta.tool_calls or [] if chunk.choices else [])
        ]
    names = [part.function.name for part in parts if part.function and part.function.name]
    written = "".join(
        part.function.arguments or "" for part in parts if part.index == 0 and part.function
    )
    assert names == ["check_order", "say_goodbye"]
    assert written == '{"number": 4711}'
    assert [part.index for part in parts] == sorted(part.index for part in parts)


async def test_the_sdk_reads_answers_that_are_not_streamed() -> None:
    script = ["Yes.", {"tool": "check_order", "arguments": {"number": 1}}]
    async with OpenAIServer(script=script) as server, await client_of(server) as client:
        text = await client.chat.completions.create(**ASKED)
        call = await client.chat.completions.create(**ASKED)
    assert text.choices[0].message.content == "Yes."
    assert call.choices[0].finish_reason == "tool_calls"
    tool_calls = call.choices[0].message.tool_calls or []
    assert tool_calls[0].type == "function"
    assert tool_calls[0].function.arguments == '{"number": 1}'


async def test_each_call_of_a_tool_has_an_id_of_its_own() -> None:
    ids: list[str] = []
    tool = {"tool": "find_table"}
    script = [[tool, tool], tool]
    async with OpenAIServer(script=script) as server, await client_of(server) as client:
        for _ in range(2):
            message = (await client.chat.completions.create(**ASKED)).choices[0].message
            ids += [call.id for call in message.tool_calls or []]
    assert len(set(ids)) == 3


async def test_without_a_script_the_caller_is_echoed() -> None:
    async with OpenAIServer() as server, await client_of(server) as client:
        answer = await client.chat.completions.create(**ASKED)
    assert answer.choices[0].message.content == "You said: hello there"
    assert server.requests[0]["messages"] == ASKED["messages"]


@pytest.mark.parametrize(
    ("change", "status", "code", "says"),
    [
        ({"model": ""}, 400, None, "must provide a model"),
        ({"model": "claude-5"}, 404, "model_not_found", "`claude-5` does not exist"),
        ({"messages": None}, 400, "missing_required_parameter", "'messages'"),
        ({"messages": []}, 400, "empty_array", "empty array"),
        ({"messages": [{"role": "robot"}]}, 400, "invalid_value", "'robot'"),
        (
            {"messages": [{"role": "tool", "tool_call_id": "x", "content": "1"}]},
            400,
            None,
            "must be a response to a preceding message",
        ),
        ({"tools": [{"type": "function"}]}, 400, "missing_required_parameter", "function.name"),
    ],
)
async def test_a_bad_request_gets_the_vendors_error(
    change: dict[str, Any], status: int, code: str | None, says: str
) -> None:
    body = {key: value for key, value in {**ASKED, **change}.items() if value is not None}
    headers = {"Authorization": "Bearer key"}
    async with (
        OpenAIServer() as server,
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{server.url}/chat/completions", json=body) as response,
    ):
        error = (await response.json())["error"]
        assert response.status == status
    assert error["code"] == code
    assert says in error["message"]
    assert error["type"] == "invalid_request_error"


async def test_a_body_that_is_not_json_gets_the_vendors_error() -> None:
    headers = {"Authorization": "Bearer key"}
    async with (
        OpenAIServer() as server,
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{server.url}/chat/completions", data="{") as response,
    ):
        assert response.status == 400
        assert "could not parse the JSON" in (await response.json())["error"]["message"]


async def test_a_wrong_key_is_refused() -> None:
    async with OpenAIServer(api_key="right") as server, await client_of(server) as client:
        with pytest.raises(APIStatusError) as refused:
            await client.chat.completions.create(**ASKED)
    assert refused.value.status_code == 401
    assert refused.value.code == "invalid_api_key"


async def test_the_sdk_honours_retry_after(virtual_time: Any) -> None:
    fault = Fault("status", code=429, retry_after=7, times=1)
    async with OpenAIServer(faults=[fault]) as server, await client_of(server) as client:
        await client.chat.completions.create(**ASKED)
        assert 7 <= virtual_time() < 9


@pytest.mark.parametrize("code", [429, 500, 503])
async def test_a_status_fault_reaches_a_client_that_does_not_retry(code: int) -> None:
    fault = Fault("status", code=code)
    async with (
        OpenAIServer(faults=[fault]) as server,
        await client_of(server, max_retries=0) as client,
    ):
        with pytest.raises(APIStatusError) as refused:
            await client.chat.completions.create(**ASKED)
    assert refused.value.status_code == code
    assert isinstance(refused.value, RateLimitError) == (code == 429)
