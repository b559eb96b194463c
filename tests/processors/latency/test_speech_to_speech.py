"""A model that hears and speaks itself: its turns, its stages, and whose fault a silence is."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pipecat.frames.frames import (
    Frame,
    FunctionCallFromLLM,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMServiceMetadataFrame,
    LLMTextFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams, LLMService
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.latency import Apology, LatencyObserver, Stall
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.processors.latency.core.turn import TurnKind
from antiphon.processors.latency.core.watchdogs import StallKind
from antiphon.processors.latency.export.otel import LatencyTelemetry
from antiphon.transports import MemoryTransport

from .conftest import LoopClock

pytestmark = pytest.mark.virtual_time

RATE_HZ = 16000
HEARS_FOR_SECS = 0.5  # of silence, before the vendor takes the turn for ended


class Model(LLMService):
    """Pushes what Pipecat's services of such vendors push, when a scene says so."""

    def __init__(self) -> None:
        super().__init__()
        self.context = LLMContext()

    def can_generate_metrics(self) -> bool:
        return True

    def service_metadata_frame(self) -> LLMServiceMetadataFrame:
        return LLMServiceMetadataFrame(
            service_name=self.name,
            is_realtime_service=True,
            user_turn_strategies=ExternalUserTurnStrategies(),
        )

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame) and direction is FrameDirection.UPSTREAM:
            # The assistant's half asks for an answer to what a tool has returned.
            await self.push_frame(LLMFullResponseStartFrame())
        await self.push_frame(frame, direction)

    async def hears(self) -> None:
        await self.broadcast_frame(ProposedUserStartedSpeakingFrame)

    async def hears_the_end(self) -> None:
        await self.start_ttfb_metrics()
        await self.broadcast_frame(ProposedUserStoppedSpeakingFrame)

    async def writes_down(self, words: str = "are you open") -> None:
        await self.push_frame(TranscriptionFrame(words, "", ""), FrameDirection.UPSTREAM)

    async def begins(self) -> None:
        await self.push_frame(LLMFullResponseStartFrame())

    async def speaks(self, secs: float = 2.0, *, faster: float = 10.0, writes: bool = True) -> None:
        await self.stop_ttfb_metrics()
        await self.push_frame(TTSStartedFrame())
        await self.sounds(secs, faster=faster, writes=writes)

    async def sounds(self, secs: float, *, faster: float = 10.0, writes: bool = True) -> None:
        for _ in range(round(secs / 0.2)):
            if writes:
                await self.push_frame(LLMTextFrame("word "))
                await self.push_frame(TTSTextFrame("word ", text_type="sentence"))
            await self.push_frame(TTSAudioRawFrame(b"\x40\x10" * (RATE_HZ // 5), RATE_HZ, 1))
            await asyncio.sleep(0.2 / faster)

    async def ends(self, *, spoke: bool = True) -> None:
        if spoke:
            await self.push_frame(TTSStoppedFrame())
        await self.push_frame(LLMFullResponseEndFrame())

    async def replies(self, secs: float = 2.0, **how: Any) -> None:
        await self.begins()
        await self.speaks(secs, **how)
        await self.ends()

    async def calls(self, tool: str) -> None:
        call = FunctionCallFromLLM(
            function_name=tool, tool_call_id="1", arguments={}, context=self.context
        )
        await self.run_function_calls([call])


class Anew(FrameProcessor):
    """Holds sound back until it is needed, and pushes it as new frames."""

    def __init__(self) -> None:
        super().__init__()
        self._sounds_until = 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, self._sounds_until - now - 0.2))
            self._sounds_until = max(now, self._sounds_until) + 0.2
            frame = TTSAudioRawFrame(frame.audio, frame.sample_rate, frame.num_channels)
        await self.push_frame(frame, direction)


@dataclass
class Call:
    """A running call, and what its observer told."""

    transport: MemoryTransport
    model: Model
    observer: LatencyObserver
    stalls: list[Stall] = field(default_factory=list)

    async def voice(self, secs: float = 1.4, *, known: bool = True, ends: bool = True) -> None:
        """Speak, to a VAD of the pipeline's and, if it is `known`, to the vendor's."""
        await asyncio.sleep(0.2)
        await self.transport.send_frame(VADUserStartedSpeakingFrame(start_secs=0.2))
        if known:
            await self.model.hears()
        await asyncio.sleep(secs)
        await self.transport.send_frame(VADUserStoppedSpeakingFrame(stop_secs=0.2))
        if known and ends:
            await asyncio.sleep(HEARS_FOR_SECS - 0.2)
            await self.model.hears_the_end()

    @property
    def kinds(self) -> list[TurnKind]:
        return [turn.kind for turn in self.observer.turns]

    @property
    def stalled(self) -> list[StallKind]:
        return [stall.kind for stall in self.stalls]


Scene = Callable[[Call], Awaitable[None]]


async def play(
    scene: Scene, *behind: FrameProcessor, observer: LatencyObserver | None = None
) -> Call:
    observer = observer or LatencyObserver(process=LatencyStats())
    call = Call(MemoryTransport(), Model(), observer)
    observer.add_event_handler("on_stall", lambda _, stall: call.stalls.append(stall))
    pair = LLMContextAggregatorPair(call.model.context)

    async def tool(params: FunctionCallParams) -> None:
        await asyncio.sleep(5)
        await params.result_callback("sunny")

    call.model.register_function("weather", tool)
    worker = PipelineWorker(
        Pipeline(
            [
                call.transport.input(),
                pair.user(),
                call.model,
                *behind,
                call.transport.output(),
                pair.assistant(),
            ]
        ),
        params=PipelineParams(
            audio_out_sample_rate=RATE_HZ, enable_metrics=True, enable_usage_metrics=True
        ),
        clock=LoopClock(),
        observers=[observer],
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await call.transport.connect()
    await scene(call)
    await worker.cancel()
    await running
    return call


async def answered(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.replies()
    await asyncio.sleep(9)


async def answered_in_silence(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.replies(writes=False)
    await asyncio.sleep(9)


async def written_down_late(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    replying = asyncio.create_task(call.model.replies())
    await asyncio.sleep(0.4)
    await call.model.writes_down()
    await replying
    await asyncio.sleep(9)


async def written_down_when_all_is_said(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.replies(0.4)
    await asyncio.sleep(2)
    await call.model.writes_down()
    await asyncio.sleep(9)
    await answered(call)


async def written_down_before(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.3)
    await call.model.writes_down()
    await asyncio.sleep(0.3)
    await call.model.replies()
    await asyncio.sleep(9)


async def heard_by_the_vendor_first(call: Call) -> None:
    await asyncio.sleep(0.2)
    await call.transport.send_frame(VADUserStartedSpeakingFrame(start_secs=0.2))
    await call.model.hears()
    await asyncio.sleep(1.3)
    await call.model.hears_the_end()
    await asyncio.sleep(0.1)
    await call.transport.send_frame(VADUserStoppedSpeakingFrame(stop_secs=0.2))
    await asyncio.sleep(0.6)
    await call.model.replies()
    await asyncio.sleep(9)


async def heard_by_the_vendor_alone(call: Call) -> None:
    await call.model.hears()
    await asyncio.sleep(1.3)
    await call.model.hears_the_end()
    await asyncio.sleep(0.6)
    await call.model.replies()
    await asyncio.sleep(9)


async def too_short_for_the_vad(call: Call) -> None:
    await answered(call)
    await call.model.push_frame(ProposedUserStoppedSpeakingFrame())
    await asyncio.sleep(0.6)
    await call.model.replies()
    await asyncio.sleep(9)


async def heard_by_nobody_who_tells(call: Call) -> None:
    await call.model.replies(1)
    await asyncio.sleep(5)
    await call.model.writes_down()
    await asyncio.sleep(0.3)
    await call.model.replies()
    await asyncio.sleep(9)


def answered_before_the_turn_is_over(secs: float) -> Scene:
    async def scene(call: Call) -> None:
        await call.voice(ends=False)
        await asyncio.sleep(0.7)
        replying = asyncio.create_task(call.model.replies(secs))
        await asyncio.sleep(2)
        await call.transport.send_frame(UserStoppedSpeakingFrame())
        await replying
        await asyncio.sleep(9)

    return scene


async def thinks(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(2)
    await call.model.replies()
    await asyncio.sleep(9)


async def all_at_once(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.replies(12, faster=200)
    await asyncio.sleep(20)


async def ends_when_it_was_heard(call: Call) -> None:
    # Gemini tells the end of a turn when its sound must have been played.
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.begins()
    await call.model.speaks(12, faster=20)
    await asyncio.sleep(12)
    await call.model.ends()
    await asyncio.sleep(9)


async def asks_a_tool(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.calls("weather")
    await call.model.ends(spoke=False)
    await asyncio.sleep(5.5)
    await call.model.replies()
    await asyncio.sleep(9)


async def asks_a_tool_in_one_breath(call: Call) -> None:
    # Gemini's turn goes on over a tool, and ends but once.
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.begins()
    await call.model.speaks(0.8)
    await call.model.calls("weather")
    await asyncio.sleep(5.5)
    await call.model.sounds(2)
    await call.model.ends()
    await asyncio.sleep(9)


async def coughs(call: Call) -> None:
    await call.voice(0.3, known=False)
    await asyncio.sleep(9)


async def barges_in(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    replying = asyncio.create_task(call.model.replies(6, faster=1.1))
    await asyncio.sleep(2)
    speaking = asyncio.create_task(call.voice())
    await asyncio.sleep(0.3)
    replying.cancel()
    await call.model.ends()
    await speaking
    await asyncio.sleep(0.6)
    await call.model.replies()
    await asyncio.sleep(9)


async def goes_on_before_the_answer(call: Call) -> None:
    await call.voice(0.4)
    await asyncio.sleep(0.3)
    speaking = asyncio.create_task(call.voice())
    await asyncio.sleep(0.3)
    # The vendor drops the response that it was about to begin.
    await call.model.ends(spoke=False)
    await speaking
    await asyncio.sleep(0.6)
    await call.model.replies()
    await asyncio.sleep(9)


async def is_written_alone(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.begins()
    await call.model.push_frame(LLMTextFrame("We are open."))
    await call.model.ends(spoke=False)
    await asyncio.sleep(9)


def after_an_answer(scene: Scene) -> Scene:
    async def both(call: Call) -> None:
        await answered(call)
        await scene(call)

    both.__name__ = f"after_an_answer_{scene.__name__}"
    return both


A = TurnKind.ANSWERED


@pytest.mark.parametrize(
    ("scene", "kinds", "wait_secs"),
    [
        (answered, [A], [1.1]),
        (answered_in_silence, [A], [1.1]),
        (written_down_late, [A], [1.1]),
        (written_down_when_all_is_said, [A, A], [1.1, 1.1]),
        (written_down_before, [A], [1.1]),
        (heard_by_the_vendor_first, [A], [0.8]),
        (heard_by_the_vendor_alone, [A], [0.6]),
        (too_short_for_the_vad, [A, A], [1.1, 0.6]),
        (heard_by_nobody_who_tells, [TurnKind.GREETING, A], [0.0, None]),
        (after_an_answer(answered_before_the_turn_is_over(0.4)), [A, A], [1.1, 0.9]),
        (after_an_answer(answered_before_the_turn_is_over(4)), [A, A], [1.1, 0.9]),
        (thinks, [A], [2.5]),
        (all_at_once, [A], [1.1]),
        (ends_when_it_was_heard, [A], [1.1]),
        (asks_a_tool, [A], [6.6]),
        (asks_a_tool_in_one_breath, [A], [1.1]),
        (coughs, [], []),
        (after_an_answer(coughs), [A, TurnKind.EMPTY], [1.1, None]),
        (barges_in, [A, A], [1.1, 1.1]),
        (goes_on_before_the_answer, [TurnKind.INTERRUPTED, A], [None, 1.1]),
        (is_written_alone, [TurnKind.UNANSWERED], [None]),
    ],
)
async def test_a_healthy_call_is_measured_and_nothing_of_it_is_called_stuck(
    scene: Scene, kinds: list[TurnKind], wait_secs: list[float | None]
) -> None:
    call = await play(scene, Anew())
    assert call.kinds == kinds
    assert [turn.total_secs and round(turn.total_secs, 2) for turn in call.observer.turns] == [
        secs and pytest.approx(secs, abs=0.06) for secs in wait_secs
    ]
    assert call.stalled == []


@pytest.mark.parametrize(
    ("scene", "parts", "flags"),
    [
        (
            answered,
            {"endpointing_wait": 0.2, "turn_detection": 0.3, "speech_to_speech": 0.6},
            (),
        ),
        (
            written_down_late,
            {"endpointing_wait": 0.2, "turn_detection": 0.3, "speech_to_speech": 0.6},
            (),
        ),
        (heard_by_the_vendor_first, {"endpointing_wait": 0.1, "speech_to_speech": 0.7}, ()),
        (heard_by_the_vendor_alone, {"speech_to_speech": 0.6}, ("missing:caller_stopped",)),
        (
            asks_a_tool,
            {
                "endpointing_wait": 0.2,
                "turn_detection": 0.3,
                "speech_to_speech": 1.1,
                "function_handler": 5.0,
            },
            (),
        ),
    ],
)
async def test_a_wait_for_a_model_that_speaks_itself_has_only_parts_that_there_are(
    scene: Scene, parts: dict[str, float], flags: tuple[str, ...]
) -> None:
    call = await play(scene)
    [turn] = call.observer.turns
    named = {stage.name for stage in turn.stages if stage.secs > 0.02}
    assert {name: round(turn.secs_of(name) or 0.0, 2) for name in named} == pytest.approx(
        parts, abs=0.03
    )
    assert sum(stage.secs for stage in turn.stages) == pytest.approx(turn.total_secs)
    assert turn.flags == flags
    [spoken] = {stage.owner for stage in turn.stages if stage.name == "speech_to_speech"}
    assert spoken == call.model.name


async def says_nothing(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(9)


async def hears_the_end_first_and_says_nothing(call: Call) -> None:
    await asyncio.sleep(0.2)
    await call.transport.send_frame(VADUserStartedSpeakingFrame(start_secs=0.2))
    await call.model.hears()
    await asyncio.sleep(1.4)
    await call.model.hears_the_end()
    await asyncio.sleep(0.1)
    await call.transport.send_frame(VADUserStoppedSpeakingFrame(stop_secs=0.2))
    await asyncio.sleep(9)


async def says_nothing_to_a_short_word(call: Call) -> None:
    await call.voice(0.4)
    await asyncio.sleep(9)


async def hears_nothing(call: Call) -> None:
    await call.voice(known=False)
    await asyncio.sleep(9)


async def hears_nothing_before_a_cough(call: Call) -> None:
    await call.voice(known=False)
    await asyncio.sleep(1)
    await call.voice(0.3, known=False)
    await asyncio.sleep(9)


async def mumbles(call: Call) -> None:
    for _ in range(4):
        await call.voice(0.4, known=False)
        await asyncio.sleep(0.5)
    await asyncio.sleep(9)


async def breaks_off(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.begins()
    await call.model.speaks(4, faster=8)
    await asyncio.sleep(9)


async def has_words_and_no_voice(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.begins()
    await call.model.push_frame(LLMTextFrame("We are open."))
    await asyncio.sleep(4)


async def fails(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.ends(spoke=False)
    await call.model.push_error("the server had an error")
    await asyncio.sleep(2)


async def fails_in_mid_answer(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.replies(0.6)
    await call.model.push_error("the server had an error")
    await asyncio.sleep(9)


async def hangs_up_in_mid_answer(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.begins()
    await call.model.speaks(2)
    for _ in range(50):
        await call.model.push_error("the connection is closed")
        await asyncio.sleep(0.1)


def says_nothing_over_an_apology(*, known: bool) -> Scene:
    async def scene(call: Call) -> None:
        await answered(call)
        await apologises(call)
        await call.voice(known=known)
        if not known:
            # By turn strategies of the pipeline, which decide when the voice has ended.
            await call.transport.send_frame(UserStartedSpeakingFrame())
            await asyncio.sleep(0.1)
            await call.transport.send_frame(UserStoppedSpeakingFrame())
        await asyncio.sleep(9)

    return scene


async def apologises(call: Call) -> None:
    sorry: list[Frame] = [
        TTSStartedFrame(context_id="sorry", append_to_context=False),
        TTSAudioRawFrame(b"\x40\x10" * (RATE_HZ * 4), RATE_HZ, 1, context_id="sorry"),
        TTSStoppedFrame(context_id="sorry"),
    ]
    for frame in sorry:
        frame.interruptible = False
        await call.transport.send_frame(frame)


async def says_nothing_of_a_tool(call: Call) -> None:
    await call.voice()
    await asyncio.sleep(0.6)
    await call.model.calls("weather")
    await call.model.ends(spoke=False)
    await asyncio.sleep(9)


@pytest.mark.parametrize(
    ("scene", "stalls", "kinds"),
    [
        (says_nothing, ["no_first_token 2.5", "no_answer 6.0"], ["unanswered"]),
        (
            hears_the_end_first_and_says_nothing,
            ["no_first_token 2.5", "no_answer 6.0"],
            ["unanswered"],
        ),
        (says_nothing_to_a_short_word, ["no_first_token 2.5", "no_answer 6.0"], ["unanswered"]),
        (hears_nothing, ["no_answer 6.0"], []),
        (hears_nothing_before_a_cough, ["no_answer 6.0"], []),
        (after_an_answer(hears_nothing), ["no_answer 6.0"], ["answered", "unanswered"]),
        (
            after_an_answer(hears_nothing_before_a_cough),
            ["no_answer 6.0"],
            ["answered", "unanswered"],
        ),
        (mumbles, [], []),
        (breaks_off, ["speech_unfinished 2.5"], ["answered"]),
        (has_words_and_no_voice, ["tokens_stalled 2.0"], ["unanswered"]),
        (fails, ["empty_answer 0.6"], ["unanswered"]),
        (fails_in_mid_answer, ["answer_cut_short 0.7"], ["answered"]),
        (hangs_up_in_mid_answer, ["answer_cut_short 0.8"], ["answered"]),
        (
            says_nothing_over_an_apology(known=True),
            ["no_first_token 2.5"],
            ["answered", "unanswered"],
        ),
        (
            says_nothing_over_an_apology(known=False),
            ["no_first_token 2.5"],
            ["answered", "unanswered"],
        ),
        (says_nothing_of_a_tool, ["no_first_token 2.5"], ["unanswered"]),
    ],
)
async def test_a_silence_of_a_model_that_speaks_itself_is_named_and_is_its_own(
    scene: Scene, stalls: list[str], kinds: list[str]
) -> None:
    call = await play(scene)
    assert [f"{stall.kind} {stall.elapsed_secs:.1f}" for stall in call.stalls] == stalls
    assert {stall.service for stall in call.stalls} <= {call.model.name}
    assert call.kinds == kinds


async def test_its_waits_leave_the_process_as_those_of_a_model() -> None:
    spans, process = InMemorySpanExporter(), LatencyStats()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    observer = LatencyObserver(process=process)
    LatencyTelemetry(tracer_provider=tracers, meter_provider=MeterProvider()).attach(observer)
    await play(answered, observer=observer)
    [chat] = [span for span in spans.get_finished_spans() if span.name.startswith("chat")]
    assert chat.attributes is not None
    assert chat.attributes["antiphon.stage"] == "speech_to_speech"
    assert chat.attributes["gen_ai.provider.name"] == "Model"
    assert process.percentiles("speech_to_speech").p50 == pytest.approx(0.6, abs=0.03)


def twice(scene: Scene) -> Scene:
    async def both(call: Call) -> None:
        await scene(call)
        await scene(call)

    return both


@pytest.mark.parametrize("scene", [says_nothing, hears_nothing, fails])
async def test_each_silence_of_a_vendor_is_apologised_for_once(
    scene: Scene, recording: Path
) -> None:
    observer = LatencyObserver(process=LatencyStats())
    apology = Apology(recording=recording, observer=observer)
    said: list[Stall | None] = []
    apology.add_event_handler("on_apology", lambda _, stall: said.append(stall))
    await play(twice(scene), apology, observer=observer)
    assert len(said) == 2
