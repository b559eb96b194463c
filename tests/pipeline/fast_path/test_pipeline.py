"""The fast path decides what stock Pipecat decides, and can be switched off."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from functools import cache
from typing import Any

import numpy as np
import pytest
import soxr
from fastapi import WebSocket
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregator,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.processors import SafeProcessor
from antiphon.services import EspeakSynthesizer
from antiphon.services.vad.ticks import TICK_SECS
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.lines.codecs import pcm_to_ulaw, ulaw_to_pcm
from antiphon.transports.telephony.twilio import TwilioStart, create_twilio_transport

HEX = "0123456789abcdef" * 2
START = TwilioStart(stream_sid=f"MZ{HEX}", call_sid=f"CA{HEX}", account_sid=f"AC{HEX}")
LINES = ["what are your opening hours", "no wait", "where is my order please"]
REPLIES = ["We are open from nine to five on weekdays, and from ten to two on Saturdays."] * 3
BEGIN_SECS = (1.0, 7.0, 16.0)
CALL_SECS = 20.0
IDLE_SECS = 1.5


@cache
def spoken() -> tuple[str, ...]:
    """What a caller sends, packet by packet: a question, a barge-in, a question; some noise."""
    pcm = np.random.default_rng(3).normal(0, 40, int(8000 * CALL_SECS))
    for line, begin in zip(LINES, BEGIN_SECS, strict=True):
        speech = EspeakSynthesizer().synthesize(line)
        samples = soxr.resample(np.frombuffer(speech.pcm, np.int16), speech.sample_rate_hz, 8000)
        at = int(begin * 8000)
        pcm[at : at + len(samples)] += samples
    ulaw = pcm_to_ulaw(pcm.clip(-32768, 32767).astype(np.int16).tobytes())
    packets = [ulaw[at : at + 160] for at in range(0, len(ulaw), 160)]
    return tuple(base64.b64encode(packet).decode() for packet in packets)


class Call:
    """A call in virtual time, and what was decided in it when."""

    def __init__(self) -> None:
        self.decided: list[tuple[float, str]] = []
        self.idle: list[float] = []
        self.stt = FakeSTT(script=LINES)
        self.llm = FakeLLM(script=REPLIES)
        self.tts = FakeTTS()
        self._began = 0.0
        self._to_agent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def connect(self) -> WebSocket:
        self._to_agent.put_nowait({"type": "websocket.connect"})
        websocket = WebSocket({"type": "websocket", "headers": []}, self._to_agent.get, self._hear)
        await websocket.accept()
        return websocket

    async def run(self, worker: PipelineWorker, user: LLMUserAggregator) -> None:
        for event in ("on_user_turn_started", "on_user_turn_stopped"):
            user.add_event_handler(event, lambda *_, event=event: self.note(event))
        worker.add_event_handler("on_idle_timeout", lambda *_: self.idle.append(self.secs()))
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        loop = asyncio.get_running_loop()
        self._began = loop.time()
        for number, payload in enumerate(spoken()):
            message = {"event": "media", "streamSid": START.stream_sid}
            message |= {"media": {"track": "inbound", "payload": payload}}
            self._to_agent.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})
            await asyncio.sleep(self._began + (number + 1) * 0.02 - loop.time())
        await worker.cancel()
        await running

    async def _hear(self, message: Any) -> None:
        if '"clear"' in (message.get("text") or ""):
            self.note("clear")

    def note(self, event: str) -> None:
        self.decided.append((self.secs(), event))

    def secs(self) -> float:
        return round(asyncio.get_running_loop().time() - self._began, 3)


def user_aggregator(pipeline: FrameProcessor) -> LLMUserAggregator:
    (user,) = [one for one in pipeline.processors if isinstance(one, LLMUserAggregator)]
    return user


async def stock_call(silence_secs: float | None = None) -> Call:
    call = Call()
    params = LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    if silence_secs:
        stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=silence_secs)
        params.user_turn_strategies = UserTurnStrategies(stop=[stop])
    serializer = TwilioFrameSerializer(
        START.stream_sid, params=TwilioFrameSerializer.InputParams(auto_hang_up=False)
    )
    transport = FastAPIWebsocketTransport(
        await call.connect(),
        FastAPIWebsocketParams(
            serializer=serializer, audio_in_enabled=True, audio_out_enabled=True
        ),
    )
    pair = LLMContextAggregatorPair(LLMContext(), user_params=params)
    processors = [transport.input(), call.stt, pair.user(), call.llm, call.tts]
    worker = PipelineWorker(
        Pipeline([*processors, transport.output(), pair.assistant()]),
        params=PipelineParams(
            audio_in_sample_rate=8000, audio_out_sample_rate=8000, enable_metrics=True
        ),
        idle_timeout_secs=IDLE_SECS,
        cancel_on_idle_timeout=False,
    )
    await call.run(worker, pair.user())
    return call


def composed(
    call: Call,
    websocket: WebSocket,
    silence_secs: float | None = None,
    *,
    fast_path: bool = True,
) -> tuple[VoiceAgent, BaseTransport]:
    agent = VoiceAgent(
        stt=call.stt,
        llm=call.llm,
        tts=call.tts,
        interruption=None,
        turns=TurnSettings(silence_secs=silence_secs),
        fast_path=fast_path,
    )
    return agent, create_twilio_transport(websocket=websocket, start=START)


async def our_call(
    observers: list[BaseObserver] | None = None,
    *,
    late: BaseObserver | None = None,
    silence_secs: float | None = None,
    fast_path: bool = True,
) -> Call:
    call = Call()
    agent, transport = composed(call, await call.connect(), silence_secs, fast_path=fast_path)
    worker = agent.worker(
        transport,
        observers=observers,
        idle_timeout_secs=IDLE_SECS,
        cancel_on_idle_timeout=False,
    )
    if late:
        asyncio.get_running_loop().call_later(1.0, worker.add_observer, late)
    (pipeline,) = [one for one in worker.pipeline.processors if isinstance(one, Pipeline)]
    await call.run(worker, user_aggregator(pipeline))
    return call


@pytest.mark.virtual_time
@pytest.mark.parametrize("silence_secs", [None, pytest.param(0.3, marks=pytest.mark.system)])
async def test_turns_interruptions_and_idleness_come_when_stock_pipecat_s_come(
    silence_secs: float | None,
) -> None:
    stock = await stock_call(silence_secs)
    assert [event for _, event in stock.decided].count("on_user_turn_stopped") == 3

    ours = await our_call(silence_secs=silence_secs)
    assert ours.decided == stock.decided
    # Both tell that the agent still speaks every 0.2 s, by packets of 20 and of 40 ms, and ours
    # begins to speak a token sooner.
    assert stock.idle
    assert ours.idle == pytest.approx(stock.idle, abs=0.3)


@pytest.mark.system
@pytest.mark.virtual_time
async def test_without_the_fast_path_they_come_when_they_come_with_it() -> None:
    with_it, without = await our_call(), await our_call(fast_path=False)
    assert without.decided == with_it.decided
    assert without.idle == pytest.approx(with_it.idle, abs=0.3)


@pytest.mark.system
@pytest.mark.virtual_time
async def test_beside_other_calls_they_come_at_most_a_tick_later() -> None:
    stock = await stock_call()
    calls = await asyncio.gather(our_call(), our_call(), our_call())
    for call in calls:
        assert [event for _, event in call.decided] == [event for _, event in stock.decided]
        late = [
            ours - theirs
            for (ours, _), (theirs, _) in zip(call.decided, stock.decided, strict=True)
        ]
        assert min(late) >= 0
        assert max(late) <= TICK_SECS + 0.001


class Listener(FakeSTT):
    """Notes what it hears, and when."""

    def __init__(self) -> None:
        super().__init__(script=LINES)
        self.pieces: list[tuple[float, bytes]] = []

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        self.pieces.append((asyncio.get_running_loop().time(), audio))
        yield None


@pytest.mark.virtual_time
async def test_a_recogniser_hears_all_in_order_and_only_a_long_silence_late() -> None:
    call = Call()
    call.stt = stt = Listener()
    agent, transport = composed(call, await call.connect())
    worker = agent.worker(transport)
    (pipeline,) = [one for one in worker.pipeline.processors if isinstance(one, Pipeline)]
    began = asyncio.get_running_loop().time()
    await call.run(worker, user_aggregator(pipeline))

    said = b"".join(ulaw_to_pcm(base64.b64decode(payload)) for payload in spoken())
    heard = b"".join(audio for _, audio in stt.pieces)
    assert said.startswith(heard)
    assert len(said) - len(heard) < 0.3 * 8000 * 2

    secs = 0.0
    late: list[tuple[float, float]] = []
    for at, audio in stt.pieces:
        late.append((secs, at - began - secs))
        secs += len(audio) / 2 / 8000
    # While something is said and a second longer, nothing waits for more than its window.
    for begin in BEGIN_SECS:
        assert max(delay for said_at, delay in late if begin + 0.3 < said_at < begin + 1.4) < 0.05
    assert 0.2 < max(delay for _, delay in late) < 0.29


class Eavesdropper(BaseObserver):
    """Counts the pushes of the microphone's frames that it is told of."""

    def __init__(self, *, observes_microphone: bool) -> None:
        super().__init__()
        self.observes_microphone = observes_microphone
        self.told = 0
        self.others = 0

    async def on_push_frame(self, data: FramePushed) -> None:
        self.told += isinstance(data.frame, InputAudioRawFrame)
        self.others += isinstance(data.frame, LLMTextFrame | TTSAudioRawFrame)


@pytest.mark.system
@pytest.mark.virtual_time
async def test_an_observer_is_told_of_the_microphone_unless_it_declines() -> None:
    foreign = Eavesdropper(observes_microphone=True)
    await our_call([foreign])
    # A long silence goes on 256 ms at a time.
    assert foreign.told > CALL_SECS * 1000 / 256
    declining = Eavesdropper(observes_microphone=False)
    await our_call([declining])
    assert declining.told == 0
    assert declining.others > 100


@pytest.mark.virtual_time
async def test_an_observer_that_comes_late_is_told_of_what_follows() -> None:
    late = Eavesdropper(observes_microphone=False)
    await our_call(late=late)
    assert late.others > 100


class MicrophoneRecorder(SafeProcessor):
    """Keeps the microphone's audio."""

    hears_microphone = True

    def __init__(self) -> None:
        super().__init__()
        self.secs = 0.0

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, InputAudioRawFrame):
            self.secs += frame.num_frames / frame.sample_rate
        await self.push_frame(frame, direction)


class Stock(FrameProcessor):
    """Is given what Pipecat gives any processor."""

    def __init__(self) -> None:
        super().__init__()
        self.secs = 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self.secs += frame.num_frames / frame.sample_rate
        await self.push_frame(frame, direction)


class Deaf(MicrophoneRecorder):
    """Would keep it, but says that it does not want it."""

    hears_microphone = False


@pytest.mark.system
@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("recorder", "fast_path", "heard_secs"),
    [
        (MicrophoneRecorder, True, CALL_SECS),
        (Deaf, True, 0.0),
        (Stock, True, 0.0),
        (Stock, False, CALL_SECS),
    ],
)
async def test_the_microphone_s_audio_goes_on_to_who_records_it_or_without_the_fast_path_to_all(
    recorder: type[MicrophoneRecorder | Stock], fast_path: bool, heard_secs: float
) -> None:
    call, last = Call(), recorder()
    agent, transport = composed(call, await call.connect(), fast_path=fast_path)
    processors = agent.pipeline(transport).processors[1:-1]
    worker = PipelineWorker(
        Pipeline([*processors, last]), params=PipelineParams(audio_in_sample_rate=8000)
    )
    user = user_aggregator(worker.pipeline.processors[-2])
    await call.run(worker, user)
    assert last.secs == pytest.approx(heard_secs, abs=0.1)
