"""What we lean on beyond the public API of Pipecat and uvicorn is there, and does what we need.

A red test here names the part of ours that a new version breaks; `antiphon.core.pipecat_internals`
says why the part leans on it. The second half doctors Pipecat: a part without what it leans on is
the stock part, or refuses.
"""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pytest
import soxr
from fastapi import WebSocket
from loguru import logger
from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer, EndOfTurnState
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams, VADState
from pipecat.frames.frames import BotSpeakingFrame, Frame, OutputAudioRawFrame
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameCallback, FrameDirection, FrameProcessor
from pipecat.processors.frameworks.rtvi import RTVIObserver, RTVIObserverParams
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.websocket.fastapi import (
    FastAPIWebsocketClient,
    FastAPIWebsocketParams,
    FastAPIWebsocketTransport,
)
from pipecat.utils.base_object import BaseObject
from pipecat.workers.runner import WorkerRunner

from antiphon.core import pipecat_internals, reaching_in
from antiphon.core.pipecat_internals import LEANS_ON, Lean, Part, UnknownInsideError
from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.fast_path.pipeline import QuietPipeline
from antiphon.pipeline.server.app import create_app
from antiphon.pipeline.server.drain import CannotWarmUpError, DrainServer
from antiphon.processors.redaction import guard_logs
from antiphon.services import (
    EmbeddedWhisperSTTService,
    EspeakSynthesizer,
    EspeakTTSService,
    PocketSphinxSTTService,
    ScriptedLLMService,
)
from antiphon.services.smart_turn import SharedSmartTurnAnalyzer
from antiphon.services.vad.silero import AnalyzedAudio, SharedSileroVADAnalyzer
from antiphon.transports.telephony.transport import TelephonyInput, TelephonyOutput
from antiphon.transports.telephony.twilio import TwilioStart, create_twilio_transport

ROOT = Path(__file__).parents[1]
EACH = [lean._replace(names=(name,), constructs=None) for lean in LEANS_ON for name in lean.names]
WHOLE = [lean for lean in LEANS_ON if lean.constructs is not None or not lean.names]
RATE_HZ = 8000
HEX = "0123456789abcdef" * 2
START = TwilioStart(stream_sid=f"MZ{HEX}", call_sid=f"CA{HEX}", account_sid=f"AC{HEX}")


def told(lean: Lean) -> str:
    return f"{lean.part.name}-{lean.holder.partition(':')[2]}.{'+'.join(lean.names)}"


# What is there.


@pytest.mark.parametrize("lean", [*EACH, *WHOLE], ids=told)
def test_what_we_lean_on_is_there(lean: Lean) -> None:
    lacks = list(lean.lacks())
    assert not lacks, f"{lean.part} leans on it, as {lean.reason}: {'; '.join(lacks)}"


class Windows(VADAnalyzer):
    """Notes in which order a window is asked about."""

    def __init__(self) -> None:
        super().__init__(sample_rate=RATE_HZ, params=VADParams(start_secs=0.06))
        self.asked: list[str] = []

    def num_frames_required(self) -> int:
        return 256

    def voice_confidence(self, buffer: bytes) -> float:
        self.asked.append(f"confidence {len(buffer)}")
        return 1.0

    def _get_smoothed_volume(self, audio: bytes) -> float:
        self.asked.append(f"volume {len(audio)}")
        return 1.0


def test_the_vad_asks_for_confidence_then_volume_of_each_whole_window() -> None:
    vad = Windows()
    vad.set_sample_rate(RATE_HZ)
    assert vad._run_analyzer(bytes(300)) is VADState.QUIET
    assert (vad.asked, vad._vad_buffer, vad._vad_frames_num_bytes) == ([], bytes(300), 512)
    assert vad._run_analyzer(bytes(800)) is VADState.SPEAKING
    assert vad.asked == ["confidence 512", "volume 512"] * 2
    assert vad._vad_buffer == bytes(76)
    assert (vad._params.min_volume, vad._smoothing_factor) == (VADParams().min_volume, 0.2)


def test_silero_asks_its_model_with_floats_and_resets_it_in_silence() -> None:
    class Model:
        resets = 0

        def __call__(self, samples: Any, rate_hz: int) -> Any:
            assert (samples.dtype, len(samples), rate_hz) == (np.float32, 256, RATE_HZ)
            return np.zeros((1, 1), np.float32)

        def reset_states(self) -> None:
            self.resets += 1

    vad = SileroVADAnalyzer(sample_rate=RATE_HZ)
    vad.set_sample_rate(RATE_HZ)
    model = vad._model = Model()  # type: ignore[assignment]
    for _ in range(63):
        vad._run_analyzer(bytes(512))
    assert (model.resets, vad._windows_since_reset, vad._low_confidence_windows) == (1, 0, 63)


async def test_smart_turn_asks_its_session_on_its_executor_about_what_is_in_its_buffer() -> None:
    turn = LocalSmartTurnAnalyzerV3(sample_rate=16000)
    turn.set_sample_rate(16000)
    asked: list[str] = []

    class Session:
        def run(self, outputs: None, inputs: dict[str, Any]) -> list[Any]:
            asked.extend(inputs)
            return [np.array([[0.25]])]

    turn._session = Session()  # type: ignore[assignment]
    turn.append_audio(bytes(640), is_speech=True)
    ((at, samples),) = turn._audio_buffer
    assert (turn._speech_start_time >= at, samples.dtype, len(samples)) == (True, np.int16, 320)
    state, metrics = await turn.analyze_end_of_turn()
    assert (state, asked) == (EndOfTurnState.INCOMPLETE, ["input_features"])
    assert metrics is not None
    assert metrics.model_dump()["probability"] == 0.25
    assert turn._model_executor is turn._model_executor
    await turn.cleanup()


class Caller:
    """A websocket that nobody speaks on."""

    async def receive(self) -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(self, _: Any) -> None:
        pass

    def socket(self) -> WebSocket:
        return WebSocket({"type": "websocket", "headers": []}, self.receive, self.send)


def test_a_websocket_transport_gives_its_callbacks_to_the_client_that_its_parts_have() -> None:
    params = FastAPIWebsocketParams()
    transport = FastAPIWebsocketTransport(Caller().socket(), params)
    client = FastAPIWebsocketClient(Caller().socket(), transport._callbacks)
    output = type(transport.output())(transport, client, params)
    assert output._client is client
    assert (client.is_closing, client.is_connected) == (False, False)
    assert output._params is params


async def test_the_length_of_a_packet_is_taken_when_an_output_starts() -> None:
    class Output(BaseOutputTransport):
        lengths: frozenset[int] = frozenset()

        async def start(self, frame: Any) -> None:
            await super().start(frame)
            await self.set_transport_ready(frame)

        async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
            self.lengths |= {len(frame.audio)}
            return True

    output = Output(
        FastAPIWebsocketParams(
            audio_out_enabled=True, audio_out_sample_rate=RATE_HZ, audio_out_end_silence_secs=0
        )
    )
    output._params.audio_out_10ms_chunks = 8
    sound = OutputAudioRawFrame(bytes(2560), sample_rate=RATE_HZ, num_channels=1)
    await run(Pipeline([output]), sound)
    assert output.lengths == {1280}


class Hop(FrameProcessor):
    """Notes what comes in by `queue_frame`, and what goes out by `push_frame`."""

    def __init__(self) -> None:
        super().__init__()
        self.hops: list[tuple[str, str]] = []

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        self.hops.append(("in", type(frame).__name__))
        await super().queue_frame(frame, direction, callback)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        self.hops.append(("out", type(frame).__name__))
        await super().push_frame(frame, direction)


async def run(pipeline: Pipeline, *frames: Frame, **kwargs: Any) -> PipelineWorker:
    worker = PipelineWorker(pipeline, **kwargs)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    for frame in frames:
        await worker.queue_frame(frame)
    await worker.stop_when_done()
    await runner.run()
    return worker


async def test_each_frame_comes_in_by_queue_frame_and_goes_out_by_push_frame() -> None:
    hop = Hop()
    await run(Pipeline([hop]), BotSpeakingFrame())
    for name in ("StartFrame", "BotSpeakingFrame", "EndFrame"):
        assert [way for way, frame in hop.hops if frame == name] == ["in", "out"]


async def test_the_observer_in_a_setup_is_the_one_that_is_told_of_pushes() -> None:
    class Setup(IdentityFilter):
        async def setup(self, setup: Any) -> None:
            told = vars(setup)["observer"]
            assert isinstance(told, BaseObserver)
            self.worker_observer = setup.observer
            await super().setup(setup)

    processor = Setup()
    await run(Pipeline([processor]))
    assert inspect.iscoroutinefunction(processor.worker_observer.on_push_frame)


def test_the_check_is_told_who_observes_whose_frames_and_whether_spans_are_written() -> None:
    observer, source = BaseObserver(), FrameProcessor()
    worker = PipelineWorker(
        Pipeline([source]),
        observers=[observer],
        enable_tracing=True,
        rtvi_observer_params=RTVIObserverParams(ignored_sources=[source]),
    )
    observers = reaching_in.observers_of(worker)
    assert observers is not None
    assert observer in observers
    (rtvi,) = (each for each in observers if isinstance(each, RTVIObserver))
    assert list(reaching_in.ignored_sources(rtvi) or ()) == [source]
    assert reaching_in.tracing_enabled(worker) is True
    assert reaching_in.tracing_enabled(PipelineWorker(Pipeline([]))) is False


async def test_an_event_that_is_synchronous_is_over_when_it_has_been_told() -> None:
    class Source(BaseObject):
        def __init__(self) -> None:
            super().__init__()
            self._register_event_handler("on_word", sync=True)

        async def tell(self, word: str) -> None:
            await self._call_event_handler("on_word", word)

    heard: list[Any] = []

    async def hear(source: Any, word: str) -> None:
        heard.append(word)

    source = Source()
    source.add_event_handler("on_word", hear)
    await source.tell("hello")
    assert heard == ["hello"]


def test_the_docs_name_the_versions_that_ci_tests() -> None:
    told = (ROOT / "docs" / "versions.md").read_text()
    row = next(line for line in told.splitlines() if line.startswith("| 0.1.0 |"))
    pins = (ROOT / ".ci" / "constraints.txt").read_text().splitlines()
    tested = dict(pin.split("==") for pin in pins if not pin.startswith("#"))
    assert row == f"| 0.1.0 | {' | '.join(tested.values())} |"
    assert version("antiphon") == "0.1.0", "a row for the new version"


# What happens where it is not.


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    for asked in (pipecat_internals.known, pipecat_internals.require):
        asked.cache_clear()
    yield
    for asked in (pipecat_internals.known, pipecat_internals.require):
        asked.cache_clear()


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING", format="{message}")
    yield lines
    logger.remove(sink)


@pytest.fixture
def rename(monkeypatch: pytest.MonkeyPatch) -> Callable[[Lean], None]:
    """Another Pipecat, which calls an attribute otherwise wherever the class and its parents do."""

    def renamed(code: CodeType, old: str) -> CodeType:
        return code.replace(
            co_names=tuple(f"{n}_new" if n == old else n for n in code.co_names),
            co_consts=tuple(
                renamed(c, old) if isinstance(c, CodeType) else c for c in code.co_consts
            ),
        )

    def rename(lean: Lean) -> None:
        module, _, name = lean.holder.partition(":")
        old = lean.names[0].partition("(")[0]
        holder = getattr(__import__(module, fromlist=[name]), name)
        owned = {SileroVADAnalyzer, LocalSmartTurnAnalyzerV3} if module.count("audio") else {holder}
        for cls in {base for each in owned for base in each.__mro__ if base is not object}:
            for key, member in list(vars(cls).items()):
                function = member.fget if isinstance(member, property) else member
                if inspect.isfunction(function):
                    monkeypatch.setattr(
                        function, "__code__", renamed(function.__code__, old), raising=True
                    )
                if key == old:
                    monkeypatch.delattr(cls, old)
                    monkeypatch.setattr(cls, f"{old}_new", member, raising=False)

    return rename


def leaning(part: Part) -> list[Lean]:
    return [lean for lean in EACH if lean.part is part]


def forget(monkeypatch: pytest.MonkeyPatch, part: Part) -> None:
    """Another Pipecat, in which one thing that a part leans on is gone."""
    gone = Lean(part, "pipecat.utils.base_object:BaseObject", ("_no_such_thing",), "a test")
    monkeypatch.setattr(pipecat_internals, "LEANS_ON", (*LEANS_ON, gone))


def spoken(rate_hz: int) -> bytes:
    speech = EspeakSynthesizer().synthesize("Where is my order?")
    samples = soxr.resample(np.frombuffer(speech.pcm, np.int16), speech.sample_rate_hz, rate_hz)
    pause = np.zeros(rate_hz // 2, np.int16)
    return np.concatenate([pause, samples, pause, pause]).astype(np.int16).tobytes()


@cache
def packets(rate_hz: int) -> list[bytes]:
    pcm, step = spoken(rate_hz), rate_hz // 50 * 2
    return [pcm[at : at + step] for at in range(0, len(pcm), step)]


async def decided(vad: VADAnalyzer) -> list[VADState]:
    vad.set_sample_rate(RATE_HZ)
    states = [await vad.analyze_audio(packet) for packet in packets(RATE_HZ)]
    await vad.cleanup()
    return states


@pytest.mark.parametrize("lean", leaning(Part.VAD), ids=told)
async def test_a_vad_whose_inside_has_changed_decides_as_the_stock_one(
    lean: Lean, rename: Callable[[Lean], None], warnings: list[str]
) -> None:
    rename(lean)
    assert list(lean.lacks())
    stock = await decided(SileroVADAnalyzer())
    assert VADState.SPEAKING in stock
    assert await decided(SharedSileroVADAnalyzer()) == stock
    assert await decided(SharedSileroVADAnalyzer()) == stock

    vad, heard = SharedSileroVADAnalyzer(), list[AnalyzedAudio]()
    vad.set_sample_rate(RATE_HZ)
    done = asyncio.Event()

    async def hear(audio: AnalyzedAudio) -> None:
        heard.append(audio)
        if len(heard) == len(packets(RATE_HZ)):
            done.set()

    for packet in packets(RATE_HZ):
        vad.analyze_soon(packet, hear)
    await done.wait()
    assert [audio.state for audio in heard] == stock
    assert [bytes(audio) for audio in heard] == packets(RATE_HZ)
    await vad.cleanup()
    (warning,) = warnings
    assert Part.VAD in warning
    assert lean.names[0] in warning


@pytest.mark.parametrize("base", [SileroVADAnalyzer, LocalSmartTurnAnalyzerV3])
def test_a_constructor_that_sets_more_than_we_know_of_is_not_skipped(
    base: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    def construct(self: Any, **kwargs: Any) -> None:
        self._model = self._windows_since_reset = self._low_confidence_windows = 0
        self._session = self._log_data = self._new = None

    monkeypatch.setattr(base, "__init__", construct)
    part = Part.VAD if base is SileroVADAnalyzer else Part.SMART_TURN
    assert "_new" in " ".join(pipecat_internals.missing(part))


async def verdict(turn: BaseTurnAnalyzer) -> float:
    turn.set_sample_rate(16000)
    for packet in packets(16000):
        turn.append_audio(packet, is_speech=True)
    _, metrics = await turn.analyze_end_of_turn()
    await turn.cleanup()
    assert metrics is not None
    return metrics.model_dump()["probability"]


@pytest.mark.parametrize("lean", leaning(Part.SMART_TURN), ids=told)
async def test_a_smart_turn_whose_inside_has_changed_gives_the_stock_ones_verdict(
    lean: Lean, rename: Callable[[Lean], None], warnings: list[str]
) -> None:
    rename(lean)
    assert list(lean.lacks())
    stock = await verdict(LocalSmartTurnAnalyzerV3())
    assert await verdict(SharedSmartTurnAnalyzer()) == pytest.approx(stock, abs=1e-6)
    (warning,) = warnings
    assert Part.SMART_TURN in warning


async def test_a_telephone_whose_inside_has_changed_has_the_stock_input_and_output(
    monkeypatch: pytest.MonkeyPatch, warnings: list[str]
) -> None:
    fast = create_twilio_transport(websocket=Caller().socket(), start=START)
    assert isinstance(fast.input(), TelephonyInput)
    pipecat_internals.known.cache_clear()
    forget(monkeypatch, Part.TELEPHONE)
    transport = create_twilio_transport(websocket=Caller().socket(), start=START)
    VoiceAgent().pipeline(transport)
    assert not isinstance(transport.input(), TelephonyInput)
    assert not isinstance(transport.output(), TelephonyOutput)
    (warning,) = warnings
    assert Part.TELEPHONE in warning


async def test_a_pipeline_whose_inside_has_changed_tells_observers_all(
    monkeypatch: pytest.MonkeyPatch, warnings: list[str]
) -> None:
    class Processed(BaseObserver):
        observes_microphone = False
        times = 0

        async def on_process_frame(self, data: Any) -> None:
            self.times += 1

    async def times() -> int:
        observer = Processed()
        pipeline = QuietPipeline([IdentityFilter()])
        pipeline.accept_observer(observer)
        await run(pipeline, observers=[observer], params=PipelineParams())
        return observer.times

    some = await times()  # the worker's own source and sink are none of the pipeline's
    pipecat_internals.known.cache_clear()
    forget(monkeypatch, Part.OBSERVERS)
    assert await times() > some
    assert sum(Part.OBSERVERS in warning for warning in warnings) == 1


async def test_a_server_whose_inside_has_changed_does_not_listen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forget(monkeypatch, Part.SERVER)
    server = DrainServer(create_app(VoiceAgent(), transports=["websocket"]))
    with pytest.raises(CannotWarmUpError, match=f"{Part.SERVER} cannot work"):
        await server.startup()


def test_a_log_guard_that_would_guard_nothing_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch, Part.LOGS)
    with pytest.raises(UnknownInsideError, match=f"{Part.LOGS} cannot work"):
        guard_logs()


@pytest.mark.parametrize(
    "make",
    [
        EmbeddedWhisperSTTService,
        EspeakTTSService,
        PocketSphinxSTTService,
        ScriptedLLMService,
    ],
)
def test_a_service_that_would_be_deaf_or_mute_is_not_made(
    make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(monkeypatch, Part.SERVICES)
    with pytest.raises(UnknownInsideError, match=f"{Part.SERVICES} cannot work"):
        make()
