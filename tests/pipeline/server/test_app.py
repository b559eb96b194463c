"""Start endpoints, websockets of one's own, health and metrics."""

import asyncio
import json
import logging
import time
from typing import Any

import aiohttp
import pytest
from loguru import logger
from pipecat.frames.protobufs import frames_pb2

from antiphon.pipeline import LatencySettings, VoiceAgent
from antiphon.pipeline.server import ServerSettings, create_app
from antiphon.pipeline.server.access.guards import START_PURPOSE
from antiphon.pipeline.server.logs import log_as_json
from antiphon.processors.latency import DEFAULT_BUDGETS_SECS, Budgets
from antiphon.processors.redaction import guard_logs

BUDGETS = Budgets(secs={**DEFAULT_BUDGETS_SECS, "ttfa": 1.5})
KEY = {"Authorization": "Bearer key-of-the-test"}


async def start(server: Any, **headers: str) -> aiohttp.ClientResponse:
    url = f"{server.base}/websocket/start"
    response: aiohttp.ClientResponse
    async with server.session.post(url, headers={**KEY, **headers}) as response:
        await response.read()
    return response


def packet() -> bytes:
    audio = frames_pb2.AudioRawFrame(audio=bytes(640), sample_rate=8000, num_channels=1)  # pyright: ignore
    message: bytes = frames_pb2.Frame(audio=audio).SerializeToString()  # pyright: ignore
    return message


async def test_a_client_gets_a_token_and_talks_to_the_agent(serving: Any) -> None:
    async with serving("websocket") as server:
        ticket = await (await start(server)).json()
        async with server.session.ws_connect(ticket["url"]) as websocket:
            # More than one: the agent's voice is resampled and sent 40 ms at a time.
            for _ in range(10):
                await websocket.send_bytes(packet())
            answer = frames_pb2.Frame.FromString(await websocket.receive_bytes())  # pyright: ignore
    assert answer.WhichOneof("frame") == "audio"


async def test_a_client_token_is_good_once(serving: Any) -> None:
    async with serving("websocket") as server:
        url = (await (await start(server)).json())["url"]
        async with server.session.ws_connect(url):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await server.session.ws_connect(url)
    assert refusal.value.status == 403


@pytest.mark.parametrize("token", ["", "?token=", "?token=a.b", "?token=%00"])
async def test_a_websocket_without_a_token_is_refused(serving: Any, token: str) -> None:
    async with serving("websocket") as server:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await server.session.ws_connect(f"{server.base}/websocket/stream{token}")
    assert refusal.value.status == 403


@pytest.mark.parametrize("credential", ["", "Bearer", "Bearer wrong", "Basic key-of-the-test"])
async def test_a_start_without_a_key_is_refused(serving: Any, credential: str) -> None:
    async with serving("websocket") as server:
        assert (await start(server, Authorization=credential)).status == 401


async def test_a_server_without_keys_starts_nothing(serving: Any) -> None:
    async with serving("websocket", api_keys="") as server:
        assert (await start(server, Authorization="Bearer ")).status == 401


async def test_a_signed_token_starts_one_call(serving: Any) -> None:
    async with serving("websocket") as server:
        token = server.app.state.calls.tokens.issue(START_PURPOSE, now=time.time())
        statuses = [(await start(server, Authorization=f"Bearer {token}")).status for _ in range(2)]
    assert statuses == [200, 401]


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://app.example.com", 200), ("https://evil.example.com", 403), ("null", 403)],
)
async def test_only_allowed_web_pages_start_calls(serving: Any, origin: str, status: int) -> None:
    async with serving("websocket", allowed_origins="https://app.example.com") as server:
        assert (await start(server, Origin=origin)).status == status


async def test_the_servers_own_page_starts_calls(serving: Any) -> None:
    async with serving("websocket") as server:
        assert (await start(server, Origin=server.base)).status == 200


async def test_a_foreign_page_with_a_token_gets_no_websocket(serving: Any) -> None:
    async with serving("websocket") as server:
        url = (await (await start(server)).json())["url"]
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await server.session.ws_connect(url, origin="https://evil.example.com")


async def test_when_full_a_start_is_told_when_to_try_again(serving: Any) -> None:
    async with serving("websocket", capacity=1) as server:
        await start(server)
        second = await start(server)
    assert second.status == 503
    assert int(second.headers["Retry-After"]) > 0


async def test_an_address_that_tries_too_often_is_told_to_wait(serving: Any) -> None:
    async with serving("websocket", rate_per_address="3/minute") as server:
        answers = [await start(server, Authorization="Bearer guess") for _ in range(4)]
    assert [answer.status for answer in answers] == [401, 401, 401, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_whose_key_is_right_is_never_told_to_wait(serving: Any) -> None:
    async with serving("websocket", rate_per_address="3/minute") as server:
        guesses = [await start(server, Authorization="Bearer guess") for _ in range(9)]
        answers = [await start(server) for _ in range(9)]
        guesses.append(await start(server, Authorization="Bearer guess"))
    assert [answer.status for answer in guesses] == [401] * 3 + [429] * 7
    assert [answer.status for answer in answers] == [200] * 9


async def test_whose_token_is_right_gets_a_websocket_whoever_else_fails(serving: Any) -> None:
    async with serving("websocket", rate_per_address="1/minute") as server:
        for _ in range(5):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await server.session.ws_connect(f"{server.base}/websocket/stream?token=a.b")
        url = (await (await start(server)).json())["url"]
        async with server.session.ws_connect(url) as websocket:
            assert not websocket.closed


async def test_a_draining_server_is_not_ready_and_starts_nothing(serving: Any) -> None:
    async with serving("websocket", "twilio") as server:
        await server.app.state.calls.drain(0)
        async with server.session.get(f"{server.base}/readyz") as ready:
            assert ready.status == 503
        async with server.session.get(f"{server.base}/healthz") as alive:
            assert alive.status == 200
        assert (await start(server)).status == 503
        call = {"CallSid": "CA" + "0" * 32}
        assert (await server.phone.post("/twilio/voice", call)).status == 503


async def test_readiness_tells_how_many_places_are_taken(serving: Any) -> None:
    async with serving(capacity=3) as server:
        assert await (await server.phone.calls(1)).is_answered()
        async with server.session.get(f"{server.base}/readyz") as ready:
            assert await ready.json() == {"ready": True, "active": 1, "capacity": 3}


async def test_refusals_are_counted_by_reason(serving: Any) -> None:
    async with serving("websocket", capacity=1) as server:
        await start(server)
        await start(server)
        await server.metric_reaches('antiphon_calls_refused_total{reason="full"', 1)


async def test_the_doors_are_not_described_to_strangers(serving: Any) -> None:
    async with serving("websocket") as server:
        for path in ("/docs", "/redoc", "/openapi.json"):
            async with server.session.get(server.base + path) as response:
                assert response.status == 404


def test_an_unknown_door_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no door for 'carrier-pigeon': choose among daily"):
        create_app(VoiceAgent(), transports=["carrier-pigeon"], settings=ServerSettings())


async def test_the_latency_of_calls_is_told_to_prometheus_to_watch_and_to_the_log(
    serving: Any, tmp_path: Any
) -> None:
    log = tmp_path / "log"
    with log.open("w") as stream:
        log_as_json(stream)
        async with serving(
            agent=VoiceAgent(greeting="Hello.", latency=LatencySettings(budgets=BUDGETS))
        ) as server:
            call = await server.phone.calls(7)
            shown = await calls_in_which_the_agent_spoke(server)
            assert await server.metric('antiphon_latency_budget_seconds{stage="ttfa"}') == 1.5
            await call.websocket.close()
            await server.metric_reaches("antiphon_calls_active", 0)
            assert await server.metric("antiphon_agent_utterances_total") >= 1
            assert await live_calls(server) == []
        logger.remove()
    assert [row["call_id"] for row in shown] == [call.call_sid]
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    [turn] = [line for line in lines if line["message"] == "turn"]
    assert (turn["call_id"], turn["turn_id"]) == (call.call_sid, 1)
    assert turn["latency"]["kind"] == "greeting"
    [end] = [line for line in lines if line["message"] == "conversation"]
    assert (end["call_id"], end["measures"]["agent_utterances"]) == (call.call_sid, 1)
    assert end["measures"]["prices_as_of"].startswith("20")
    assert "hello" not in log.read_text().lower()


async def live_calls(server: Any) -> Any:
    async with server.session.get(f"{server.base}/latency") as response:
        return (await response.json())["calls"]


async def calls_in_which_the_agent_spoke(server: Any) -> Any:
    while True:
        if spoken := [row for row in await live_calls(server) if row["agent_utterances"]]:
            return spoken
        await asyncio.sleep(0.05)


async def test_every_line_of_a_call_has_its_id_and_none_quotes_pipecat(
    serving: Any, tmp_path: Any
) -> None:
    log = tmp_path / "log"
    guard_logs()
    with log.open("w") as stream:
        log_as_json(stream)
        async with serving() as server:
            call = await server.phone.calls(1)
            assert await call.is_answered()
            await call.websocket.close()
            await server.metric_reaches("antiphon_calls_active", 0)
        logger.patch(lambda record: record.update(name="pipecat.services.tts")).warning(
            "not speaking [my card number]"
        )
        try:
            raise ValueError("my card number")
        except ValueError:
            logging.getLogger("uvicorn.error").exception("it said: %s", "my card number")
        logger.remove()
        logging.basicConfig(handlers=[], force=True)
    lines = log.read_text().splitlines()
    assert [line["error"] for line in map(json.loads, lines) if "error" in line] == ["ValueError"]
    assert sum(f'"call_id": "{call.call_sid}"' in line for line in lines) >= 2
    assert any("pipecat.services.tts" in line for line in lines)
    assert not any("card" in line for line in lines)
