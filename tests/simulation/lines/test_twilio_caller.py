import asyncio
import json
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI, WebSocket
from hypothesis import given
from hypothesis import strategies as st
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import InputDTMFFrame, LLMRunFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.websocket.fastapi import (
    FastAPIWebsocketParams,
    FastAPIWebsocketTransport,
)
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from antiphon.simulation.audio import level_dbfs
from antiphon.simulation.caller import Network, Noise
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.lines.babble import speech_pcm
from antiphon.simulation.lines.codecs import pcm_to_ulaw, ulaw_to_pcm
from antiphon.simulation.lines.playback_buffer import PlaybackBuffer
from antiphon.simulation.lines.twilio_caller import TwilioCaller

from .phones import listener, served, sound_of

SECOND = b"\x10" * 8_000


@given(st.binary(min_size=1, max_size=300))
def test_ulaw_survives_a_round_trip(ulaw: bytes) -> None:
    # Two bytes mean zero, so the sound is compared, not the bytes.
    assert ulaw_to_pcm(pcm_to_ulaw(ulaw_to_pcm(ulaw))) == ulaw_to_pcm(ulaw)


def test_ulaw_is_as_close_as_telephony_is() -> None:
    pcm = np.frombuffer(speech_pcm(0.5, sample_rate_hz=8_000), dtype="<i2").astype(float)
    back = np.frombuffer(ulaw_to_pcm(pcm_to_ulaw(pcm.astype("<i2").tobytes())), dtype="<i2")
    noise = float(np.mean((back - pcm) ** 2))
    assert 10 * np.log10(float(np.mean(pcm**2)) / noise) > 35  # dB, G.711's own figure is about 38


@pytest.mark.parametrize(
    ("byte", "sample"), [(0xFF, 0), (0x7F, 0), (0x80, 32124), (0x00, -32124), (0xF0, 120)]
)
def test_ulaw_has_the_values_of_g_711(byte: int, sample: int) -> None:
    assert np.frombuffer(ulaw_to_pcm(bytes([byte])), dtype="<i2")[0] == sample


def test_a_mark_is_reached_when_the_sound_before_it_has_been_played() -> None:
    buffer = PlaybackBuffer()
    buffer.put(SECOND, 0.0)
    buffer.mark("first", 0.0)
    buffer.put(SECOND, 0.5)
    buffer.mark("second", 0.5)
    assert buffer.reached(0.9) == []
    assert buffer.reached(1.0) == ["first"]
    assert buffer.reached(1.9) == []
    assert buffer.reached(2.5) == ["second"]


def test_clear_drops_what_was_not_played_and_returns_its_marks() -> None:
    buffer = PlaybackBuffer()
    buffer.put(SECOND * 3, 0.0)
    buffer.mark("never", 0.0)
    assert buffer.clear(1.25) == ["never"]
    buffer.put(SECOND, 2.0)
    heard = buffer.heard(10.0)
    assert [(piece.at_secs, len(piece.pcm)) for piece in heard] == [(0.0, 20_000), (2.0, 16_000)]


def test_sound_without_a_gap_is_heard_as_one_piece() -> None:
    buffer = PlaybackBuffer()
    for i in range(5):
        buffer.put(SECOND[:160], i * 0.02)
    assert [(piece.at_secs, len(piece.pcm)) for piece in buffer.heard(0.05)] == [(0.0, 800)]


class Keys(BaseObserver):
    def __init__(self) -> None:
        super().__init__()
        self.pressed = ""

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.first_push and isinstance(data.frame, InputDTMFFrame):
            self.pressed += data.frame.button.value


def stock_bot(keys: Keys, seen: dict[str, Any]) -> FastAPI:
    """A bot as Pipecat's own examples write one, with fake services."""
    app = FastAPI()

    @app.websocket("/ws")
    async def answer(websocket: WebSocket) -> None:
        await websocket.accept()
        _, call = await parse_telephony_websocket(websocket)
        seen.update(call)
        transport = FastAPIWebsocketTransport(
            websocket=websocket,
            params=FastAPIWebsocketParams(
                audio_in_enabled=True,
                audio_out_enabled=True,
                serializer=TwilioFrameSerializer(
                    stream_sid=call["stream_id"],
                    params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
                ),
            ),
        )
        pair = LLMContextAggregatorPair(
            LLMContext(),
            user_params=LLMUserAggregatorParams(
                vad_analyzer=SileroVADAnalyzer(),
                user_turn_strategies=UserTurnStrategies(
                    stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.4)]
                ),
            ),
        )
        greeting = "Hello and welcome to the pizza place, what can I do for you today?"
        worker = PipelineWorker(
            Pipeline(
                [
                    transport.input(),
                    FakeSTT(script=["two margheritas please"]),
                    pair.user(),
                    FakeLLM(script=[greeting, "Two margheritas, coming up."]),
                    FakeTTS(),
                    transport.output(),
                    pair.assistant(),
                ]
            ),
            params=PipelineParams(audio_in_sample_rate=8_000, audio_out_sample_rate=8_000),
            observers=[keys],
            enable_rtvi=False,
        )

        async def greet(_transport: object, _client: object) -> None:
            await worker.queue_frame(LLMRunFrame())

        async def end(_transport: object, _client: object) -> None:
            await worker.cancel()

        transport.add_event_handler("on_client_connected", greet)
        transport.add_event_handler("on_client_disconnected", end)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        await runner.run()

    return app


@pytest.mark.virtual_time
async def test_a_stock_pipecat_bot_is_called_talked_over_and_hung_up_on() -> None:
    keys, seen = Keys(), dict[str, Any]()
    async with (
        served(stock_bot(keys, seen)) as address,
        TwilioCaller(f"ws://{address}/ws", custom_parameters={"order": "4711"}) as phone,
    ):
        await phone.listen(2.0)
        (greeting,) = phone.heard
        assert greeting.at_secs < 1.0
        await phone.say(speech_pcm(1.5, sample_rate_hz=8_000), sample_rate_hz=8_000)
        greeting_secs = len(phone.heard[0].pcm) / 2 / 8_000
        await phone.listen(4.0)
        await phone.press("4#")
        heard = phone.heard
    assert seen["call_id"] == "CA" + "0" * 32
    assert seen["body"] == {"order": "4711"}
    # The greeting takes 5.2 s; the caller spoke up at 2.0 s.
    assert greeting_secs < 3.0
    (cleared,) = phone.clears
    assert 2.0 < cleared < 3.0
    answer = sum(len(piece.pcm) for piece in heard[1:]) / 2 / 8_000
    assert answer == pytest.approx(4 / 2.7, abs=0.1)
    assert keys.pressed == "4#"


@pytest.mark.virtual_time
async def test_the_wire_is_twilios() -> None:
    app = FastAPI()
    came: list[dict[str, Any]] = []

    @app.websocket("/ws")
    async def answer(websocket: WebSocket) -> None:
        await websocket.accept()
        sid = ""
        async for text in websocket.iter_text():
            came.append(json.loads(text))
            if came[-1]["event"] == "start":
                sid = came[-1]["streamSid"]
                second = {"payload": "EBAQ" * 2_666}
                await websocket.send_json({"event": "media", "streamSid": sid, "media": second})
                mark = {"name": "said"}
                await websocket.send_json({"event": "mark", "streamSid": sid, "mark": mark})

    async with served(app) as address, TwilioCaller(f"ws://{address}/ws") as phone:
        await phone.listen(0.5)
        assert phone.marks == []
        await phone.press("7")
        await phone.listen(1.25)
        assert phone.marks == ["said"]
    events = [message["event"] for message in came]
    assert events[:3] == ["connected", "start", "media"]
    assert events[-1] == "stop"
    assert {"dtmf", "mark"} <= set(events)
    start = came[1]["start"]
    assert start["mediaFormat"] == {
        "encoding": "audio/x-mulaw",
        "sampleRate": 8_000,
        "channels": 1,
    }
    media = [message["media"] for message in came if message["event"] == "media"]
    assert [m["timestamp"] for m in media[:3]] == ["0", "20", "40"]
    assert len(media) == pytest.approx(2.0 / 0.02, abs=3)
    numbers = [int(message["sequenceNumber"]) for message in came[1:]]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.virtual_time
async def test_a_server_that_hangs_up_ends_the_call() -> None:
    app = FastAPI()

    @app.websocket("/ws")
    async def answer(websocket: WebSocket) -> None:
        await websocket.accept()
        await asyncio.sleep(3.0)
        await websocket.close()

    async with served(app) as address, TwilioCaller(f"ws://{address}/ws") as phone:
        with pytest.raises(ConnectionError, match=r"the server ended the call after 3\.0 s"):
            await phone.listen(60.0)
        assert phone.ended.is_set()


@pytest.mark.virtual_time
@pytest.mark.parametrize("text", ["no json", '{"event": "media"}', "[]"])
async def test_a_server_that_sends_nonsense_is_hung_up_on(text: str) -> None:
    app = FastAPI()

    @app.websocket("/ws")
    async def answer(websocket: WebSocket) -> None:
        await websocket.accept()
        await asyncio.sleep(1.0)
        await websocket.send_text(text)
        await websocket.receive_text()

    async with served(app) as address, TwilioCaller(f"ws://{address}/ws") as phone:
        with pytest.raises(ConnectionError, match=r"Twilio cannot read after 1\.0 s"):
            await phone.listen(60.0)


@pytest.mark.virtual_time
async def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(ConnectionError, match=r"cannot call ws://127\.0\.0\.1:9/ws: "):
        async with TwilioCaller("ws://127.0.0.1:9/ws"):
            pass


@pytest.mark.virtual_time
async def test_a_server_that_never_answers_is_given_up() -> None:
    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(ConnectionError, match="no answer within 10 s"):
        async with TwilioCaller(f"ws://127.0.0.1:{port}/ws"):
            pass
    await asyncio.sleep(1)
    server.close()
    await server.wait_closed()


@pytest.mark.virtual_time
async def test_a_key_that_no_phone_has_is_refused() -> None:
    with pytest.raises(ValueError, match="'x' in '4x'"):
        await TwilioCaller("ws://127.0.0.1:9/ws").press("4x")


async def sent(secs: float, *, noise: Noise | None = None, network: Network | None = None) -> Any:
    """What a server gets of a caller who babbles for a second and then is silent."""
    media: list[tuple[float, Any]] = []
    loop = asyncio.get_running_loop()

    def hear(message: dict[str, Any]) -> None:
        if message["event"] == "media":
            media.append((loop.time(), sound_of(message)))

    async with (
        served(listener(hear)) as address,
        TwilioCaller(f"ws://{address}/ws", noise=noise, network=network) as phone,
    ):
        await phone.say(speech_pcm(1.0), sample_rate_hz=16_000)
        await phone.listen(secs - 1.0)
    return media


@pytest.mark.virtual_time
async def test_noise_is_heard_under_speech_and_silence_alike() -> None:
    quiet = await sent(2.0)
    noisy = await sent(2.0, noise=Noise(snr_db=10, seed=1))

    assert level_dbfs(np.concatenate([sound for _, sound in quiet[60:]])) < -80
    silence = np.concatenate([sound for _, sound in noisy[60:]])
    assert level_dbfs(silence) == pytest.approx(-30, abs=1)


@pytest.mark.virtual_time
async def test_a_network_loses_and_delays_packets_and_the_numbers_stay_in_order() -> None:
    network = Network(loss=0.2, jitter_secs=0.1, reorder=0.1, seed=3)
    media = await sent(2.0, network=network)

    lost = [sound for _, sound in media[5:45] if level_dbfs(sound) < -80]
    assert 3 <= len(lost) <= 14
    gaps = np.diff([at for at, _ in media])
    assert max(gaps) >= 0.06
    assert min(gaps) < 0.005


@pytest.mark.virtual_time
async def test_marks_come_back_in_time_over_a_network_that_holds_packets_up() -> None:
    app, came = FastAPI(), dict[str, float]()
    loop = asyncio.get_running_loop()

    @app.websocket("/ws")
    async def answer(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            message = json.loads(text)
            came.setdefault(message["event"], loop.time())
            if message["event"] == "start":
                await websocket.send_json({"event": "media", "media": {"payload": "EBAQ" * 2_666}})
                await websocket.send_json({"event": "mark", "mark": {"name": "said"}})

    network = Network(jitter_secs=5.0, seed=2)
    async with (
        served(app) as address,
        TwilioCaller(f"ws://{address}/ws", network=network) as phone,
    ):
        await phone.listen(2.0)
    # Of 7,998 bytes at 8 kHz.
    assert came["mark"] - came["start"] == pytest.approx(1.0, abs=0.05)
