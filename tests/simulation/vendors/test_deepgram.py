import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from antiphon.simulation.lines.babble import silence_pcm, speech_pcm
from antiphon.simulation.vendors.deepgram import DeepgramServer
from antiphon.simulation.vendors.faults import Fault

pytestmark = pytest.mark.virtual_time

QUERY = {"model": "nova-3-general", "encoding": "linear16", "sample_rate": "16000"}
FLUX = QUERY | {"model": "flux-general-en"}
KEY = {"Authorization": "Token key"}
UTTERANCE = speech_pcm(1.0) + silence_pcm(0.8)


async def handshake(
    server: DeepgramServer, query: dict[str, str], headers: dict[str, str], path: str = "/v1/listen"
) -> tuple[int, dict[str, Any], str]:
    """Ask without a WebSocket in mind, to see a refusal's body."""
    url = f"{server.url.replace('ws:', 'http:')}{path}?{urlencode(query)}"
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
        return response.status, await response.json(), response.headers.get("dg-error", "")


async def conversation(
    server: DeepgramServer, path: str, query: dict[str, str], sent: list[bytes | dict[str, Any]]
) -> tuple[list[dict[str, Any]], int | None]:
    """Send audio and messages; return what comes until the server closes, and its code."""
    url = f"{server.url}{path}?{urlencode(query)}"
    async with (
        aiohttp.ClientSession(headers=KEY) as session,
        session.ws_connect(url) as ws,
    ):
        for message in sent:
            if isinstance(message, bytes):
                await ws.send_bytes(message)
            else:
                await ws.send_str(json.dumps(message))
        came = [json.loads(message.data) async for message in ws]
        return came, ws.close_code


@pytest.mark.parametrize(
    ("query", "path", "says"),
    [
        (
            QUERY | {"model": "gpt-4"},
            "/v1/listen",
            "model/language/tier combination found: 'gpt-4'",
        ),
        (QUERY | {"encoding": "mp3"}, "/v1/listen", "not 'mp3'"),
        (QUERY | {"sample_rate": "fast"}, "/v1/listen", "not 'fast'"),
        (QUERY | {"channels": "2"}, "/v1/listen", "not '2'"),
        (QUERY, "/v2/listen", "combination found: 'nova-3-general'"),
    ],
)
async def test_a_bad_query_gets_the_vendors_error(
    query: dict[str, str], path: str, says: str
) -> None:
    async with DeepgramServer() as server:
        status, body, reason = await handshake(server, query, KEY, path)
    assert status == 400
    assert body["err_code"] == "Bad Request"
    assert says in body["err_msg"]
    assert says in reason
    assert body["request_id"]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Token wrong"}, {"Authorization": "key"}]
)
async def test_a_missing_or_wrong_key_is_refused(headers: dict[str, str]) -> None:
    async with DeepgramServer(api_key="key") as server:
        status, body, _ = await handshake(server, QUERY, headers)
    assert (status, body["err_code"]) == (401, "INVALID_AUTH")


async def test_a_call_ends_with_its_last_words_the_metadata_and_a_clean_close() -> None:
    async with DeepgramServer(script=["hello there"]) as server:
        came, code = await conversation(
            server,
            "/v1/listen",
            QUERY | {"vad_events": "true", "interim_results": "true"},
            [speech_pcm(0.6), {"type": "KeepAlive"}, {"type": "CloseStream"}],
        )
    assert [message["type"] for message in came] == [
        "SpeechStarted",
        "Results",
        "Results",
        "Metadata",
    ]
    assert came[2]["is_final"]
    assert came[2]["channel"]["alternatives"][0]["transcript"] == "hello there"
    assert code == 1000


async def test_a_message_of_no_known_type_gets_an_error_and_the_call_goes_on() -> None:
    async with DeepgramServer() as server:
        came, code = await conversation(
            server, "/v1/listen", QUERY, [{"type": "Dance"}, {"type": "CloseStream"}]
        )
    assert [message["type"] for message in came] == ["Error", "Metadata"]
    assert came[0]["variant"] == "SchemaError"
    assert code == 1000


async def test_half_a_sample_closes_with_data_0000() -> None:
    async with DeepgramServer() as server:
        _, code = await conversation(server, "/v1/listen", QUERY, [b"\x00\x01\x02"])
    assert code == 1008


async def test_ten_seconds_without_audio_or_keepalive_close_with_1011(virtual_time: Any) -> None:
    async with DeepgramServer() as server:
        _, code = await conversation(server, "/v1/listen", QUERY, [silence_pcm(0.1)])
        assert 10 <= virtual_time() < 11
    assert code == 1011


async def test_flux_connects_then_tells_turns_in_sequence() -> None:
    async with DeepgramServer(script=["hello there"]) as server:
        came, code = await conversation(
            server,
            "/v2/listen",
            FLUX,
            [
                {"type": "Configure", "thresholds": {"eot_threshold": 0.8}},
                UTTERANCE,
                {"type": "CloseStream"},
            ],
        )
    assert [message["type"] for message in came[:2]] == ["Connected", "ConfigureSuccess"]
    events = [message["event"] for message in came[2:]]
    assert (events[0], events[-1]) == ("StartOfTurn", "EndOfTurn")
    assert [message["sequence_id"] for message in came] == list(range(len(came)))
    assert code == 1000


async def test_flux_calls_a_message_it_cannot_read_fatal() -> None:
    async with DeepgramServer() as server:
        came, code = await conversation(server, "/v2/listen", FLUX, [{"type": "Dance"}])
    assert (came[-1]["type"], came[-1]["code"]) == ("Error", "UNPARSABLE_CLIENT_MESSAGE")
    assert code == 1008


async def test_faults_hit_the_connections_they_are_for() -> None:
    faults = [
        Fault("status", code=429, retry_after=3, times=1),
        Fault("disconnect", after=1, code=1011, skip=1),
    ]
    async with DeepgramServer(script=["one two three four"], faults=faults) as server:
        status, body, _ = await handshake(server, QUERY, KEY)
        came, code = await conversation(
            server, "/v1/listen", QUERY | {"interim_results": "true"}, [UTTERANCE]
        )
    assert (status, body["err_code"]) == (429, "TOO_MANY_REQUESTS")
    assert len(came) == 1
    assert code == 1011


async def test_a_refused_port_opens_when_the_fault_is_over() -> None:
    async with DeepgramServer(faults=[Fault("refused", seconds=2.0)]) as server:
        with pytest.raises(aiohttp.ClientConnectorError):
            await handshake(server, QUERY, KEY)
        await asyncio.sleep(2.5)
        assert (await handshake(server, QUERY, {}))[0] == 401
