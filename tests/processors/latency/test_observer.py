"""The observer attributes every delay of a real pipeline to its stage, and watches over it."""

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import FrameProcessed
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import FunctionCallParams
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy

from antiphon.processors.latency import TTFA, Budgets, LatencyObserver, TurnLatency
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.processors.latency.core.turn import TurnKind
from antiphon.processors.latency.core.watchdogs import StallKind
from antiphon.processors.latency.live import snapshot
from antiphon.processors.latency.observer import CALLS
from antiphon.processors.safe_processor import SafeProcessor

pytestmark = pytest.mark.virtual_time

TOLERANCE_SECS = 0.005


async def one_turn(call: Any) -> None:
    await call.speak()
    await asyncio.sleep(10)


async def three_turns(call: Any) -> None:
    for _ in range(3):
        await call.speak()
        await asyncio.sleep(5)


def near(secs: float) -> Any:
    return pytest.approx(secs, abs=TOLERANCE_SECS)


@pytest.mark.parametrize("metrics", [True, False])
async def test_every_injected_delay_is_charged_to_its_stage(run_call: Any, metrics: bool) -> None:
    call = await run_call(one_turn, metrics=metrics)
    [turn] = call.turns
    assert turn.kind is TurnKind.ANSWERED
    assert turn.flags == ()
    assert {stage.name: stage.secs for stage in turn.stages} == {
        "endpointing_wait": near(0.2),
        "transcription": near(0.15),
        "turn_detection": near(0.15),
        "context": near(0.05),
        "llm_inference": near(0.4),
        "sentence_aggregation": near(0.1),
        "speech_synthesis": near(0.12),
        "output_transport": near(0.03),
    }
    assert turn.total_secs == near(1.2)


@pytest.mark.parametrize(
    ("stage", "delay"),
    [
        ("endpointing_wait", "vad"),
        ("transcription", "stt"),
        ("context", "context"),
        ("llm_inference", "llm"),
        ("speech_synthesis", "tts"),
        ("output_transport", "output"),
    ],
)
async def test_a_delay_that_grows_moves_its_own_stage_alone(
    run_call: Any, delays: Any, stage: str, delay: str
) -> None:
    before = (await run_call(one_turn)).turns[0]
    grown = getattr(delays, delay) + 0.7
    setattr(delays, delay, grown)
    # The turn's own timer runs beside the transcription, which may outlast it.
    delays.turn = 0.0 if delay == "stt" else delays.turn
    after = (await run_call(one_turn, delays)).turns[0]
    assert after.secs_of(stage) == near(grown)
    for other in before.stages:
        if other.name not in (stage, "turn_detection"):
            assert after.secs_of(other.name) == near(other.secs)


async def test_pipecats_own_sentence_aggregation_is_told_from_synthesis(run_call: Any) -> None:
    [turn] = (await run_call(one_turn, sentences=False)).turns
    # Its metric follows the wall clock, which stands still in virtual time: the two together.
    both = (turn.secs_of("sentence_aggregation") or 0) + (turn.secs_of("speech_synthesis") or 0)
    assert both == near(0.1 + 0.12)


async def test_a_stage_names_its_provider_and_model(run_call: Any) -> None:
    [turn] = (await run_call(one_turn)).turns
    models = {stage.name: stage.model for stage in turn.stages if stage.model}
    assert models == {
        "transcription": "ears-1",
        "llm_inference": "brain-1",
        "speech_synthesis": "voice-1",
    }
    assert turn.transport == "memory"


async def test_a_tool_is_charged_beside_the_two_requests_around_it(run_call: Any) -> None:
    async def look_up(params: FunctionCallParams) -> None:
        await asyncio.sleep(0.9)
        await params.result_callback({"open": "nine"})

    async def scene(call: Any) -> None:
        call.llm.register_function("look_up", look_up)
        call.llm.tool = "look_up"
        await one_turn(call)

    [turn] = (await run_call(scene)).turns
    assert turn.secs_of("function_handler") == near(0.9)
    assert turn.secs_of("llm_inference") == near(0.8)
    assert [(tool.name, tool.secs) for tool in turn.tools] == [("look_up", near(0.9))]
    assert sum(stage.secs for stage in turn.stages) == pytest.approx(turn.total_secs)
    assert turn.total_secs == near(1.2 + 0.9 + 0.4)


async def test_an_acknowledged_playout_is_the_end_of_the_wait(run_call: Any) -> None:
    async def scene(call: Any) -> None:
        await call.speak()
        await asyncio.sleep(1.5)
        await call.observer.heard()
        await asyncio.sleep(5)

    [turn] = (await run_call(scene)).turns
    assert turn.secs_of("playout") == near(0.5)
    assert turn.total_secs == near(1.7)


async def test_a_wait_is_told_as_soon_as_it_is_over_and_again_with_its_turn(run_call: Any) -> None:
    told: list[tuple[bool, TurnLatency]] = []

    async def scene(call: Any) -> None:
        @call.observer.event_handler("on_answer")
        async def on_answer(observer: LatencyObserver, turn: TurnLatency) -> None:
            told.append((bool(observer.turns), turn))

        await three_turns(call)

    turns = (await run_call(scene)).turns
    assert [over for over, _ in told] == [False, True, True]
    assert [turn.number for _, turn in told] == [1, 2, 3]
    assert [turn.stages for _, turn in told] == [turn.stages for turn in turns]
    assert [turn.total_secs for _, turn in told] == [turn.total_secs for turn in turns]


async def test_a_greeting_is_taken_apart_and_does_not_count_as_an_answer(run_call: Any) -> None:
    async def scene(call: Any) -> None:
        await asyncio.sleep(0.3)
        await call.behind_aggregator.push_frame(LLMContextFrame(LLMContext()))
        await asyncio.sleep(5)

    call = await run_call(scene)
    [turn] = call.turns
    assert turn.kind is TurnKind.GREETING
    assert turn.total_secs == near(0.3 + 0.4 + 0.1 + 0.12 + 0.03)
    assert turn.secs_of("llm_inference") == near(0.4)
    assert sum(stage.secs for stage in turn.stages) == pytest.approx(turn.total_secs)
    assert call.observer.stats.percentiles(TTFA).count == 0


async def test_a_barge_in_is_timed_step_by_step(run_call: Any) -> None:
    async def scene(call: Any) -> None:
        await call.speak()
        await asyncio.sleep(1.4)
        await call.speak()
        await asyncio.sleep(5)

    call = await run_call(scene)
    [barge_in] = call.barge_ins
    assert barge_in.vad_at - barge_in.onset_at == near(0.2)
    assert barge_in.decided_at - barge_in.vad_at == near(0.0)
    assert barge_in.total_secs == near(0.2)
    assert [turn.kind for turn in call.turns] == [TurnKind.ANSWERED, TurnKind.ANSWERED]
    assert call.ended[0].barge_ins == 1


async def test_what_is_written_before_an_interruption_arrives_is_no_answer(run_call: Any) -> None:
    async def scene(call: Any) -> None:
        await call.speak()
        await asyncio.sleep(1.4)
        await call.speak(secs=0.3)
        await asyncio.sleep(10)

    start = TranscriptionUserTurnStartStrategy()
    call = await run_call(scene, after_tts=[Late()], start=start)
    assert [turn.kind for turn in call.turns] == [TurnKind.ANSWERED, TurnKind.ANSWERED]
    assert [turn.flags for turn in call.turns] == [(), ()]
    assert call.stalls == []


class Late(SafeProcessor):
    """Passes an interruption on late, as a busy loop does."""

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, InterruptionFrame):
            await asyncio.sleep(0.1)


async def test_an_interrupted_and_an_empty_turn_do_not_spoil_the_percentiles(
    run_call: Any,
) -> None:
    async def scene(call: Any) -> None:
        await call.speak()
        await asyncio.sleep(0.8)
        await call.speak()  # before there was an answer
        await asyncio.sleep(5)
        call.delays.stt = None
        await call.speak()  # not a word recognized
        await asyncio.sleep(10)

    call = await run_call(scene)
    kinds = [turn.kind for turn in call.turns]
    assert kinds == [TurnKind.INTERRUPTED, TurnKind.ANSWERED, TurnKind.EMPTY]
    assert call.observer.stats.percentiles(TTFA).count == 1
    assert call.observer.stats.percentiles(TTFA).p99 == pytest.approx(1.2, rel=0.01)


async def test_a_cough_while_the_answer_is_awaited_leaves_the_wait_whole(run_call: Any) -> None:
    async def scene(call: Any) -> None:
        await call.speak()
        await asyncio.sleep(0.6)
        # Told to the observer alone: a strategy that does not take it for a turn.
        for frame in (VADUserStartedSpeakingFrame(), VADUserStoppedSpeakingFrame()):
            await call.behind_aggregator.push_frame(frame)
        await asyncio.sleep(5)

    [turn] = (await run_call(scene)).turns
    assert turn.total_secs == near(1.2)


async def test_what_calls_share_has_them_all_and_each_call_its_own(run_call: Any) -> None:
    process = LatencyStats()
    for _ in range(2):
        call = await run_call(three_turns, process=process)
        assert call.observer.stats.percentiles(TTFA).count == 3
    assert process.percentiles(TTFA).count == 6
    assert process.percentiles("llm_inference").p50 == pytest.approx(0.4, rel=0.01)


async def test_a_breach_blames_the_stage_that_exceeded_most(run_call: Any, delays: Any) -> None:
    delays.llm = 2.0
    call = await run_call(one_turn, delays, budgets=Budgets(secs={TTFA: 1.5, "llm_inference": 0.5}))
    assert [(b.budget, b.blame, b.owner.partition("#")[0]) for b in call.breaches] == [
        (TTFA, "llm_inference", "Llm"),
        ("llm_inference", "llm_inference", "Llm"),
    ]


async def test_a_redactor_that_pushes_its_own_transcript_is_not_the_stt(
    run_call: Any, copies: Any
) -> None:
    call = await run_call(one_turn, after_stt=[copies])
    [turn] = call.turns
    assert turn.secs_of("transcription") == near(0.15)
    assert call.ended[0].caller_words == 5


async def test_a_hole_in_the_agents_speech_is_reported_and_a_barge_in_is_none(
    run_call: Any, delays: Any
) -> None:
    async def scene(call: Any) -> None:
        await one_turn(call)
        await call.speak()
        await asyncio.sleep(1.4)
        await call.speak()
        await asyncio.sleep(8)

    assert (await run_call(scene)).stalls == []
    delays.tts = 1.5  # each sentence, and the first one lasts half a second
    call = await run_call(one_turn, delays)
    [stall] = call.stalls
    assert (stall.kind, stall.service.partition("#")[0]) == (
        StallKind.AUDIO_UNDERRUN,
        "MemoryOutput",
    )
    assert stall.elapsed_secs == pytest.approx(1.0, abs=0.05)  # a chunk is 40 ms


async def test_a_call_that_ends_as_it_begins_is_listed_no_more(run_call: Any) -> None:
    async def scene(call: Any) -> None:
        pass

    call = await run_call(scene)
    await asyncio.sleep(0.1)
    assert call.ended
    assert call.observer not in CALLS


async def test_live_calls_are_listed_while_they_last(run_call: Any) -> None:
    seen: list[Any] = []

    async def scene(call: Any) -> None:
        await one_turn(call)
        seen.append(snapshot(call.process))

    await run_call(scene, call_id="call-7")
    [live] = seen[0]["calls"]
    assert (live["call_id"], live["turns"], live["transport"]) == ("call-7", 1, "memory")
    assert live["last_stage"] == "llm_inference"
    assert seen[0]["process"]["ttfa"]["count"] == 1
    assert snapshot(LatencyStats())["calls"] == []


class Counts(LatencyObserver):
    """Counts what comes to it through Pipecat's queue."""

    def __init__(self) -> None:
        super().__init__(process=LatencyStats())
        self.queued = 0

    async def on_process_frame(self, data: FrameProcessed) -> None:
        self.queued += 1


async def test_pipecat_queues_nothing_to_it_once_the_call_has_started(run_call: Any) -> None:
    async def scene(call: Any) -> None:
        await asyncio.sleep(0.1)  # the pipeline starts
        before = call.observer.queued
        await three_turns(call)
        assert call.observer.queued == before

    call = await run_call(scene, observer=Counts())
    assert [turn.total_secs for turn in call.turns] == [near(1.2)] * 3
    assert len(call.ended) == 1
    assert call.ended[0].turns == 3


async def test_two_observers_of_one_call_measure_the_same(run_call: Any) -> None:
    second = LatencyObserver(process=LatencyStats())
    call = await run_call(three_turns, beside=[second])
    assert [turn.stages for turn in second.turns] == [turn.stages for turn in call.turns]
    assert len(second.turns) == 3


async def test_an_observer_that_joins_in_mid_call_measures_from_there_on(run_call: Any) -> None:
    late = LatencyObserver(process=LatencyStats())
    ended: list[Any] = []
    late.add_event_handler("on_call_ended", lambda _, measures: ended.append(measures))

    async def scene(call: Any) -> None:
        await one_turn(call)
        call.stt.pipeline_worker.add_observer(late)
        # Pipecat sets up only the observers that were there when the pipeline was.
        await late.setup(call.stt.task_manager)
        await one_turn(call)

    await run_call(scene)
    assert [turn.total_secs for turn in late.turns] == [near(1.2)]
    assert len(ended) == 1
