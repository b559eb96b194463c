"""A caller who waits hears something, and a stuck request does not end the call."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EndFrame,
    Frame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallResultProperties,
    InputDTMFFrame,
    InterimTranscriptionFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.latency import Apology, Filler, LatencyObserver, LatencyProbe
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.processors.latency.core.turn import TurnKind
from antiphon.processors.latency.core.watchdogs import StallKind
from antiphon.processors.latency.frame_kinds import FILLER_TEXT

pytestmark = pytest.mark.virtual_time


async def one_turn(call: Any) -> None:
    await call.speak()
    await asyncio.sleep(20)


def first_sound_at(call: Any) -> float:
    return min(chunk.at_secs for chunk in call.transport.played)


async def test_a_filler_bridges_a_slow_first_token_and_is_not_the_answer(
    run_call: Any, delays: Any
) -> None:
    delays.llm = 3.0
    call = await run_call(one_turn, delays, after_llm=[Filler(after_secs=1.2)])
    [turn] = call.turns
    assert call.tts.spoken[0] == "One moment…"
    # 1.2 s from the caller's last sound, then synthesis and output.
    assert turn.first_sound_secs == pytest.approx(1.2 + 0.12 + 0.03, abs=0.01)
    assert turn.total_secs == pytest.approx(1.2 + 2.6, abs=0.01)
    assert turn.secs_of("llm_inference") == pytest.approx(3.0, abs=0.01)
    assert sum(stage.secs for stage in turn.stages) == pytest.approx(turn.total_secs)


async def test_a_filler_that_is_written_once_the_answer_has_begun_is_not_its_first_audio(
    run_call: Any, delays: Any
) -> None:
    delays.llm, delays.per_token = 1.25, 0.1  # the first token comes while the filler is made
    call = await run_call(one_turn, delays, after_llm=[Filler(after_secs=1.7)])
    [turn] = call.turns
    assert turn.marks["token"] < turn.marks["filler_written"] < turn.marks["audio"]
    from_audio = turn.marks["written"] - turn.marks["audio"]
    assert turn.secs_of("output_transport") == pytest.approx(from_audio, abs=0.001)


async def test_a_quick_answer_has_no_filler(run_call: Any) -> None:
    call = await run_call(one_turn, after_llm=[Filler(after_secs=1.2)])
    assert "One moment…" not in call.tts.spoken


async def test_no_filler_is_spoken_once_the_answer_has_begun(run_call: Any, delays: Any) -> None:
    delays.per_token = 0.4  # the first sentence is complete long after the filler's limit
    call = await run_call(one_turn, delays, after_llm=[Filler(after_secs=1.0)])
    assert "One moment…" not in call.tts.spoken


async def test_a_slow_tool_is_bridged_twice(run_call: Any) -> None:
    async def look_up(params: FunctionCallParams) -> None:
        await asyncio.sleep(20)
        await params.result_callback({"open": "nine"})

    async def scene(call: Any) -> None:
        call.llm.register_function("look_up", look_up)
        call.llm.tool = "look_up"
        await one_turn(call)

    call = await run_call(scene, after_llm=[Filler(after_secs=1.2)])
    assert call.tts.spoken.count("One moment…") == 2


async def test_a_tool_that_takes_long_is_apologised_for_though_fillers_were_heard(
    run_call: Any, recording: Path
) -> None:
    async def look_up(params: FunctionCallParams) -> None:
        await asyncio.sleep(20)
        await params.result_callback({"open": "nine"})

    async def scene(call: Any) -> None:
        call.llm.register_function("look_up", look_up)
        call.llm.tool = "look_up"
        await one_turn(call)

    told: list[float] = []
    apology = Apology(recording=recording)
    apology.add_event_handler("on_apology", lambda *_: told.append(now()))
    call = await run_call(scene, after_llm=[Filler()], after_tts=[apology])
    assert call.tts.spoken.count("One moment…") == 2
    # 6 s from the caller's last sound.
    assert told == pytest.approx([7.0], abs=0.1)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_caller_who_goes_on_hears_no_filler(run_call: Any, delays: Any) -> None:
    delays.llm = None

    async def scene(call: Any) -> None:
        await call.speak()
        await asyncio.sleep(0.6)
        await call.speak(secs=3)

    call = await run_call(scene, delays, after_llm=[Filler(after_secs=1.2)])
    assert call.tts.spoken == []


@pytest.mark.parametrize(
    ("stuck", "kind", "service"),
    [
        ("stt", StallKind.TRANSCRIPT_MISSING, "Stt"),
        ("llm", StallKind.NO_FIRST_TOKEN, "Llm"),
        ("per_token", StallKind.TOKENS_STALLED, "Llm"),
        ("tts", StallKind.NO_SPEECH, "Tts"),
    ],
)
async def test_a_stuck_service_is_named_ended_and_apologised_for(
    run_call: Any, delays: Any, stuck: str, kind: StallKind, service: str
) -> None:
    observer = LatencyObserver(process=LatencyStats(), end_stuck=True)
    stalled_at: list[float] = []
    setattr(delays, stuck, None)

    @observer.event_handler("on_stall")
    async def on_stall(_: LatencyObserver, stall: Any) -> None:
        stalled_at.append(asyncio.get_running_loop().time())
        setattr(delays, stuck, 0.1)  # from now on, the service is well again

    async def scene(call: Any) -> None:
        await call.speak()
        await asyncio.sleep(12)
        call.heard_until = len(call.transport.played)
        await call.speak()
        await asyncio.sleep(6)

    call = await run_call(scene, delays, observer=observer, after_llm=[Apology(observer=observer)])
    first = call.stalls[0]
    assert (first.kind, first.service.partition("#")[0]) == (kind, service)
    # The caller fell silent at 1.0 s.
    assert stalled_at[0] - 1.0 <= 3.2
    assert any("sorry" in text for text in call.tts.spoken)
    # The call went on: the next turn was answered.
    assert call.turns[-1].kind is TurnKind.ANSWERED
    assert len(call.transport.played) > call.heard_until


async def test_the_caller_hears_something_within_three_seconds_of_a_dead_llm(
    run_call: Any, delays: Any
) -> None:
    delays.llm = None
    observer = LatencyObserver(process=LatencyStats(), end_stuck=True)
    cancelled: list[int] = []

    async def scene(call: Any) -> None:
        await one_turn(call)
        cancelled.append(call.llm.cancelled)

    call = await run_call(
        scene, delays, observer=observer, after_llm=[Filler(), Apology(observer=observer)]
    )
    assert cancelled == [1]
    assert first_sound_at(call) - 1.0 < 3.0
    assert call.tts.spoken[0] == "One moment…"
    assert "sorry" in call.tts.spoken[1]


async def test_words_that_are_missing_after_an_apology_are_apologised_for_as_well(
    run_call: Any, delays: Any
) -> None:
    delays.llm = None
    observer = LatencyObserver(process=LatencyStats(), end_stuck=True)

    async def scene(call: Any) -> None:
        await call.speak()
        await asyncio.sleep(6)
        delays.stt = None
        await call.speak()
        await asyncio.sleep(4)

    call = await run_call(scene, delays, observer=observer, after_llm=[Apology(observer=observer)])
    assert len([text for text in call.tts.spoken if "sorry" in text]) == 2


def secs_of_voice_before(recorded: bytes, call: Any) -> float:
    """How long something else had sounded when a recording began."""
    before = 0.0
    for chunk in call.transport.played:
        if recorded in chunk.pcm:
            return before
        before += len(chunk.pcm.replace(b"\0", b"")) / 2 / chunk.sample_rate_hz
    return float("inf")


async def test_half_an_answer_is_heard_before_the_apology_for_the_rest_though_a_filler_ends(
    run_call: Any, delays: Any, recording: Path
) -> None:
    delays.llm, delays.per_token, delays.tts = 0.7, 0.3, 0.6  # while the filler is made
    observer = LatencyObserver(process=LatencyStats())

    async def scene(call: Any) -> None:
        call.llm.words = "We\tare\topen.\tCome"
        await call.speak()
        await asyncio.sleep(1.2)
        await call.llm.push_error("the connection is lost")
        await asyncio.sleep(4)

    apology = Apology(recording=recording, observer=observer)
    call = await run_call(
        scene, delays, observer=observer, after_llm=[Filler(after_secs=1.2)], after_tts=[apology]
    )
    assert call.tts.spoken[0] == "One moment…"
    assert call.stalls[0].kind is StallKind.ANSWER_CUT_SHORT
    assert secs_of_voice_before(b"\x11" * 32, call) == pytest.approx(1.5, abs=0.05)


async def test_an_apology_is_heard_when_nobody_speaks(
    run_call: Any, delays: Any, recording: Path
) -> None:
    delays.llm = None
    observer = LatencyObserver(process=LatencyStats())

    async def scene(call: Any) -> None:
        await call.speak()
        await asyncio.sleep(2.0)
        delays.stt = None
        await call.speak(secs=1.2)
        assert call.stalls, "the voice was over before the service was late"
        assert not call.transport.played
        await asyncio.sleep(1)

    call = await run_call(
        scene,
        delays,
        observer=observer,
        start=TranscriptionUserTurnStartStrategy(),
        after_tts=[Apology(recording=recording, observer=observer)],
    )
    assert first_sound_at(call) == pytest.approx(1.2 + 2.0 + 1.2 + 0.2, abs=0.1)


@pytest.mark.parametrize(("secs", "apologises"), [(2.0, True), (0.7, False)])
async def test_words_that_are_missing_are_apologised_for_where_the_agent_was_silent_after_them(
    run_call: Any, delays: Any, recording: Path, secs: float, apologises: bool
) -> None:
    observer = LatencyObserver(process=LatencyStats())

    async def scene(call: Any) -> None:
        call.llm.words = "We are open from nine. Come in. Or call again."
        await call.speak()
        await asyncio.sleep(1.3)
        delays.stt = None
        assert call.transport.played
        await call.speak(secs=secs)
        await asyncio.sleep(5)

    call = await run_call(
        scene,
        delays,
        observer=observer,
        start=TranscriptionUserTurnStartStrategy(),
        after_tts=[Apology(recording=recording, observer=observer)],
    )
    assert [stall.kind for stall in call.stalls] == [StallKind.TRANSCRIPT_MISSING]
    played = b"".join(chunk.pcm for chunk in call.transport.played)
    assert (b"\x11\x11" in played) is apologises


async def test_nothing_is_apologised_for_once_the_caller_goes_on(
    run_call: Any, delays: Any, recording: Path
) -> None:
    delays.llm = None
    observer = LatencyObserver(process=LatencyStats())

    async def scene(call: Any) -> None:
        await call.speak()
        await asyncio.sleep(2.0)
        speaking = asyncio.create_task(call.speak(secs=2.0))
        await asyncio.sleep(1.5)
        assert call.stalls
        delays.llm = 0.1
        await call.transport.send_frame(InterimTranscriptionFrame("and on sundays", "", ""))
        await speaking
        await asyncio.sleep(3)

    call = await run_call(
        scene,
        delays,
        observer=observer,
        start=TranscriptionUserTurnStartStrategy(),
        after_tts=[Apology(recording=recording, observer=observer)],
    )
    assert b"\x11\x11" not in {chunk.pcm[:2] for chunk in call.transport.played}
    assert call.turns[-1].kind is TurnKind.ANSWERED


async def test_a_stuck_request_is_left_alone_unless_ending_is_asked_for(
    run_call: Any, delays: Any
) -> None:
    delays.llm = None
    cancelled: list[int] = []

    async def scene(call: Any) -> None:
        await one_turn(call)
        cancelled.append(call.llm.cancelled)
        assert await call.observer.end(call.stalls[0])
        await asyncio.sleep(1)
        cancelled.append(call.llm.cancelled)

    await run_call(scene, delays)
    assert cancelled == [0, 1]


async def test_a_recorded_apology_is_heard_although_speech_synthesis_is_dead(
    run_call: Any, delays: Any, recording: Path
) -> None:
    delays.tts = None
    observer = LatencyObserver(process=LatencyStats())
    call = await run_call(
        one_turn,
        delays,
        observer=observer,
        after_tts=[Apology(recording=recording, observer=observer)],
    )
    assert first_sound_at(call) - 1.0 < 4.0
    assert call.transport.played[0].pcm[:2] == b"\x11\x11"


async def test_an_apology_offers_a_person_once_a_wait(run_call: Any, delays: Any) -> None:
    delays.llm = None
    offered: list[Any] = []
    apology = Apology(after_secs=4.0)
    apology.add_event_handler("on_apology", lambda _, stall: offered.append(stall))
    call = await run_call(one_turn, delays, after_llm=[apology])
    assert offered == [None]
    assert len([text for text in call.tts.spoken if "sorry" in text]) == 1


class Told(FrameProcessor):
    """Notes when something is to be said, and whether the context is to know."""

    def __init__(self, sounds: list[Frame]) -> None:
        super().__init__()
        self.said: list[tuple[float, bool]] = []
        self.sounds = sounds
        self.began = 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSSpeakFrame | TTSStartedFrame):
            at = asyncio.get_running_loop().time() - self.began
            self.said.append((round(at, 3), bool(frame.append_to_context)))
        if isinstance(frame, TTSAudioRawFrame):
            self.sounds.append(frame)
        await self.push_frame(frame, direction)


async def said(
    waits: Filler | Apology | Pipeline,
    *script: tuple[float, Frame | None],
    sounds: list[Frame] | None = None,
) -> list[Any]:
    """Let frames come by, each so long after the one before; None is giving up."""
    told = Told([] if sounds is None else sounds)
    worker = PipelineWorker(Pipeline([waits, told]), enable_rtvi=False, idle_timeout_secs=None)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    run = asyncio.create_task(runner.run())
    await asyncio.sleep(1)
    told.began = asyncio.get_running_loop().time()
    for secs, frame in script:
        await asyncio.sleep(secs)
        if frame:
            await worker.queue_frame(frame)
        elif isinstance(waits, Filler):
            await waits.give_up()
    await asyncio.sleep(20)
    await worker.queue_frame(EndFrame())
    await run
    return told.said


def waits_for_tool() -> Frame:
    return FunctionCallInProgressFrame("look_up", "1", {}, cancel_on_interruption=True)


def has_result(*, run_llm: bool) -> Frame:
    properties = FunctionCallResultProperties(run_llm=run_llm)
    return FunctionCallResultFrame("look_up", "1", {}, "done", properties=properties)


def sound(secs: float) -> Frame:
    return TTSAudioRawFrame(bytes(2 * round(secs * 16_000)), 16_000, 1, context_id="answer")


KEY = partial(InputDTMFFrame, KeypadEntry.ONE)
TURN_BEGINS, TURN_ENDS = UserStartedSpeakingFrame, UserStoppedSpeakingFrame


def speech(after_secs: float, secs: float) -> list[tuple[float, Frame]]:
    return [(after_secs, BotStartedSpeakingFrame()), (secs, BotStoppedSpeakingFrame())]


@pytest.mark.parametrize(
    ("script", "at"),
    [
        pytest.param([(1.0, waits_for_tool())], [1.2, 3.6], id="a tool in the midst of the wait"),
        pytest.param([(2.0, waits_for_tool())], [1.2, 3.6], id="a tool after the filler"),
        pytest.param(
            [(0.5, LLMTextFrame("Let me see.")), (0.5, waits_for_tool()), *speech(0.2, 2.0)],
            [4.4, 6.8],
            id="a tool after some words",
        ),
        pytest.param(
            [(0.5, waits_for_tool()), (0.1, TTSSpeakFrame("Let me see.")), *speech(0.2, 2.0)],
            [0.6, 4.0, 6.4],
            id="some words in the midst of a tool",
        ),
        pytest.param(
            [*speech(1.0, 2.0), (0.5, LLMTextFrame("Yes."))], [3.0], id="speech that ends late"
        ),
        pytest.param(
            [(0.5, waits_for_tool()), (0.3, has_result(run_llm=False))], [], id="nothing to say"
        ),
        pytest.param([(0.5, LLMTextFrame("Yes."))], [], id="an answer"),
        pytest.param(
            [(0.5, TTSSpeakFrame("One moment…", text_type=FILLER_TEXT))],
            [0.5, 1.2, 3.6],
            id="another's filler",
        ),
        pytest.param([(0.5, None), (0.1, waits_for_tool())], [], id="given up"),
        pytest.param(
            [(0.5, None), (5.0, TURN_BEGINS()), (0.0, TURN_ENDS())],
            [6.7, 9.1],
            id="the turn after",
        ),
    ],
)
async def test_a_wait_is_bridged_twice_and_only_while_there_is_no_answer_and_no_speech(
    script: list[tuple[float, Frame | None]], at: list[float]
) -> None:
    told = await said(Filler(after_secs=1.2), (0.0, UserStoppedSpeakingFrame()), *script)
    assert [secs for secs, _ in told] == pytest.approx(at, abs=0.01)


class AnswersAt(FrameProcessor):
    """Lets an answer pass so long after the end of the turn, to the instant."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, UserStoppedSpeakingFrame):
            loop = asyncio.get_running_loop()
            loop.call_at(loop.time() + 1.2, self._answer)
        await self.push_frame(frame, direction)

    def _answer(self) -> None:
        self.create_task(self.push_frame(AggregatedTextFrame("It is open.", "sentence")))


async def test_no_filler_follows_an_answer_that_came_when_it_was_due() -> None:
    filler = Filler(after_secs=1.2, again_secs=None)
    told = await said(Pipeline([AnswersAt(), filler]), (0.0, TURN_ENDS()))
    assert told == []


VOICE, SILENCE = VADUserStartedSpeakingFrame, partial(VADUserStoppedSpeakingFrame, stop_secs=0.2)


@pytest.mark.parametrize(
    ("script", "at"),
    [
        pytest.param([(0.0, VOICE()), (0.2, SILENCE()), (0.6, TURN_ENDS())], [1.2, 3.6], id="turn"),
        pytest.param(
            [(0.0, VOICE()), (0.2, SILENCE()), (2.0, TURN_ENDS())],
            [2.2, 4.6],
            id="a turn that ends late",
        ),
        pytest.param(
            [(0.0, VOICE()), (0.2, SILENCE()), (2.7, TURN_ENDS())],
            [3.5, 5.9],
            id="a turn that was waited for",
        ),
        pytest.param(
            [
                (0.0, VOICE()),
                (0.2, SILENCE()),
                (2.7, TURN_ENDS()),
                (0.3, LLMTextFrame("Yes.")),
            ],
            [],
            id="a turn that was waited for and is answered at once",
        ),
        pytest.param(
            [(0.0, TURN_ENDS()), (1.0, VOICE()), (1.2, SILENCE())],
            [3.1, 5.5],
            id="a voice in the midst of the wait",
        ),
        pytest.param(
            [(0.0, VOICE()), (0.2, SILENCE()), (1.0, KEY()), (0.0, TURN_ENDS())],
            [2.4, 4.8],
            id="keys",
        ),
        pytest.param(
            [(0.0, VOICE()), (0.2, SILENCE()), (0.8, TURN_BEGINS()), (0.7, TURN_ENDS())],
            [1.35, 3.6],
            id="a turn that begins with a late transcript",
        ),
        pytest.param(
            [(0.0, TURN_ENDS()), (1.0, None), (0.0, TURN_BEGINS()), (0.5, TURN_ENDS())],
            [2.2, 4.6],
            id="keys that are complete before the turn has ended",
        ),
    ],
)
async def test_a_wait_counts_from_the_callers_last_sound_and_nothing_is_said_over_one(
    script: list[tuple[float, Frame | None]], at: list[float]
) -> None:
    told = await said(Filler(after_secs=1.2), *script)
    assert [secs for secs, _ in told] == pytest.approx(at, abs=0.01)


def asks_voice() -> Frame:
    return AggregatedTextFrame("It is open.", "sentence")


@pytest.mark.parametrize(
    ("script", "at"),
    [
        pytest.param([(5.0, has_result(run_llm=True)), (1.2, sound(0.5))], [], id="that answers"),
        pytest.param([(5.0, has_result(run_llm=True))], [8.0], id="after which nothing comes"),
        pytest.param([(1.0, has_result(run_llm=True))], [6.0], id="that was over soon"),
        pytest.param(
            [(1.0, has_result(run_llm=True)), (0.5, asks_voice())], [3.5], id="that no voice says"
        ),
        pytest.param([], [6.0], id="that never ends"),
    ],
)
async def test_no_apology_is_played_into_the_answer_of_a_tool(
    recording: Path, script: list[tuple[float, Frame | None]], at: list[float]
) -> None:
    told = await said(
        Apology(recording=recording), (0.0, TURN_ENDS()), (0.5, waits_for_tool()), *script
    )
    assert [secs for secs, _ in told] == pytest.approx(at, abs=0.01)


@pytest.mark.parametrize(
    ("script", "at"),
    [
        pytest.param([(1.0, asks_voice())], [2.5], id="of which nothing was heard yet"),
        pytest.param([(1.0, asks_voice()), (0.3, sound(0.5))], [], id="that speaks"),
        pytest.param(
            [(0.0, asks_voice()), (0.2, sound(0.5)), (1.0, TURN_ENDS()), (1.0, asks_voice())],
            [3.55],
            id="that is known to be quick",
        ),
        pytest.param([(5.9, asks_voice()), (0.8, sound(0.5))], [], id="that begins at the last"),
        pytest.param([], [6.0], id="that nobody asked to speak"),
    ],
)
async def test_a_voice_that_stays_mute_is_apologised_for(
    recording: Path, script: list[tuple[float, Frame | None]], at: list[float]
) -> None:
    told = await said(Apology(recording=recording), (0.0, TURN_ENDS()), *script)
    assert [secs for secs, _ in told] == pytest.approx(at, abs=0.01)


@pytest.mark.parametrize(("secs", "makes_way"), [(0.3, True), (0.7, False)])
async def test_an_apology_makes_way_for_who_began_when_it_did_and_for_nobody_else(
    recording: Path, secs: float, makes_way: bool
) -> None:
    sounds: list[Frame] = []
    script = [(0.0, TURN_ENDS()), (6.0 + secs, VOICE())]
    await said(Apology(recording=recording), *script, sounds=sounds)
    assert [frame.interruptible for frame in sounds] == [makes_way]


async def test_what_fills_a_wait_is_not_put_into_the_context(recording: Path) -> None:
    for waits in (Filler(again_secs=None), Apology(), Apology(recording=recording)):
        [(_, written)] = await said(waits, (0.0, UserStoppedSpeakingFrame()))
        assert not written


async def test_an_apology_is_not_repeated_for_a_tool_that_comes_after_it() -> None:
    script = [(0.0, UserStoppedSpeakingFrame()), (7.0, waits_for_tool())]
    assert [secs for secs, _ in await said(Apology(after_secs=6.0), *script)] == [6.0]


async def test_probes_around_a_processor_show_what_it_costs(run_call: Any, copies: Any) -> None:
    process = LatencyStats()
    before = LatencyProbe(place="before", process=process)
    after = LatencyProbe(place="after", process=process)
    observer = LatencyObserver(process=process)
    shown = LatencyProbe(place="shown", observer=observer, process=process)
    call = await run_call(
        one_turn, observer=observer, after_stt=[before, copies, after], after_llm=[shown]
    )
    cost = (after.percentiles("transcript").p50 or 0) - (before.percentiles("transcript").p50 or 0)
    assert cost == pytest.approx(0.04, abs=0.005)
    assert process.percentiles("before.transcript").count == 1
    assert before.percentiles("transcript").p50 == pytest.approx(0.35, abs=0.005)
    assert call.turns[0].stamps == {"shown.token": pytest.approx(0.95, abs=0.01)}


@pytest.mark.parametrize(
    "make",
    [
        lambda: Filler(texts=()),
        lambda: Filler(after_secs=0),
        lambda: Filler(again_secs=0),
        lambda: Apology(text=""),
        lambda: Apology(recording=Path(__file__)),
        lambda: LatencyProbe(place=""),
    ],
)
async def test_what_can_say_nothing_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match=r"needs|must|not a WAV"):
        make()
