import asyncio
import base64
import json
from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest

from antiphon.simulation.vendors.cartesia import CartesiaServer
from antiphon.simulation.vendors.faults import Fault

pytestmark = pytest.mark.virtual_time

HEADERS = {"X-API-Key": "key", "Cartesia-Version": "2026-03-01"}


def ask(transcript: str, context: str = "a", **changes: Any) -> dict[str, Any]:
    return {
        "transcript": transcript,
        "continue": False,
        "context_id": context,
        "model_id": "sonic-3",
        "voice": {"mode": "id", "id": "voice"},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000},
        "add_timestamps": True,
        **changes,
    }


async def conversation(
    server: CartesiaServer, sent: Sequence[dict[str, Any] | str], *, secs: float = 30.0
) -> list[dict[str, Any]]:
    """Send messages and return what comes in that many seconds."""
    came: list[dict[str, Any]] = []
    async with (
        aiohttp.ClientSession(headers=HEADERS) as session,
        session.ws_connect(server.url) as ws,
    ):
        for message in sent:
            await ws.send_str(message if isinstance(message, str) else json.dumps(message))
        try:
            async with asyncio.timeout(secs):
                async for message in ws:
                    came.append(json.loads(message.data))
        except TimeoutError:
            pass
    return came


def audio(came: list[dict[str, Any]], context: str = "a") -> bytes:
    return b"".join(
        base64.b64decode(m["data"])
        for m in came
        if m["type"] == "chunk" and m["context_id"] == context
    )


async def test_a_transcript_becomes_audio_words_and_done() -> None:
    async with CartesiaServer() as server:
        came = await conversation(server, [ask("one two three")])
    assert len(audio(came)) == pytest.approx(2 * 16_000 * 3 / 2.7, abs=4)
    (timestamps,) = [m["word_timestamps"] for m in came if m["type"] == "timestamps"]
    assert timestamps["words"] == ["one", "two", "three"]
    assert timestamps["start"] == pytest.approx([0, 1 / 2.7, 2 / 2.7])
    assert came[-1] == {"type": "done", "done": True, "status_code": 200, "context_id": "a"}
    assert all(m["context_id"] == "a" for m in came)


async def test_a_context_goes_on_until_continue_is_false() -> None:
    async with CartesiaServer() as server:
        came = await conversation(
            server,
            [
                ask("one two", max_buffer_delay_ms=0) | {"continue": True},
                ask("three", max_buffer_delay_ms=0) | {"continue": True},
                ask("four", max_buffer_delay_ms=0) | {"continue": True},
                ask(""),
            ],
        )
    words = [m["word_timestamps"] for m in came if m["type"] == "timestamps"]
    assert [each["words"] for each in words] == [["one", "two"], ["three"], ["four"]]
    assert words[1]["start"] == pytest.approx([2 / 2.7], abs=1e-3)
    assert words[2]["start"] == pytest.approx([3 / 2.7], abs=1e-3)
    kinds = [m["type"] for m in came]
    assert kinds.count("flush_done") == 3
    assert kinds.count("done") == 1
    assert kinds[-1] == "done"
    assert server.transcripts == ["one two", "three", "four"]


async def test_contexts_speak_side_by_side() -> None:
    async with CartesiaServer() as server:
        came = await conversation(server, [ask("one two", "a"), ask("three four", "b")])
    assert len(audio(came, "a")) == len(audio(came, "b")) > 0
    assert {m["context_id"] for m in came if m["type"] == "done"} == {"a", "b"}


async def test_cancel_stops_a_context_for_good() -> None:
    async with CartesiaServer(rtf=1.0) as server:
        came = await conversation(
            server,
            [ask("one two three four five six"), {"context_id": "a", "cancel": True}],
        )
    assert len(audio(came)) < 2 * 16_000 * 6 / 2.7 / 2
    assert came[-1]["type"] == "done"


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (ask("hi", model_id="gpt-4"), "Invalid model_id: 'gpt-4'"),
        (ask("hi", voice={"mode": "id"}), "Invalid voice"),
        (ask("hi", output_format={"container": "mp3"}), "Invalid output_format"),
        (
            ask("hi", output_format=ask("")["output_format"] | {"sample_rate": 11_025}),
            "Invalid sample_rate: 11025",
        ),
        (ask("hi") | {"context_id": ""}, "context_id is required"),
        ({"context_id": "a"}, "transcript is required"),
        ("{", "not a JSON object"),
    ],
)
async def test_a_bad_request_gets_the_vendors_error(
    message: dict[str, Any] | str, says: str
) -> None:
    async with CartesiaServer() as server:
        (error,) = await conversation(server, [message], secs=1)
    assert says in error["message"]
    assert (error["type"], error["status_code"], error["done"]) == ("error", 400, True)
    assert "context_id" in error
    assert error["request_id"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Cartesia-Version": "2026-03-01"}, 401, "unauthorized"),
        (HEADERS | {"X-API-Key": "wrong"}, 401, "unauthorized"),
        (HEADERS | {"Cartesia-Version": "latest"}, 400, "bad_request"),
    ],
)
async def test_a_bad_handshake_is_refused(headers: dict[str, str], status: int, code: str) -> None:
    async with CartesiaServer(api_key="key") as server:
        url = server.url.replace("ws:", "http:")
        async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
            assert response.status == status
            assert (await response.json())["error_code"] == code


async def test_a_stall_leaves_the_connection_open_and_silent(virtual_time: Any) -> None:
    async with CartesiaServer(faults=[Fault("stall", after=2)]) as server:
        came = await conversation(server, [ask("one two three")], secs=20)
        assert virtual_time() >= 20
    assert [m["type"] for m in came] == ["chunk", "timestamps"]
