"""Pipecat's frames and metrics alone tell where the time of a wait went."""

import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import TTFBMetricsData
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from antiphon.core.frames import UNASKED_TEXT
from antiphon.processors.latency import WatchdogLimits
from antiphon.processors.latency.core.moments import Moment
from antiphon.processors.latency.core.stages import measure
from antiphon.processors.latency.core.turn import Turn, TurnKind
from antiphon.processors.latency.frame_events import FrameEvents
from antiphon.processors.latency.frame_kinds import FILLER_TEXT
from antiphon.simulation.fakes import FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport, TransportKind, create_transport


def test_a_wait_with_a_tool_is_named_part_by_part() -> None:
    llm, call = IdentityFilter(), FrameEvents(WatchdogLimits())

    def pushed(at: float, frame: Frame) -> None:
        call.take(FramePushed(llm, llm, frame, FrameDirection.DOWNSTREAM, round(at * 1e9)))

    def first_byte(secs: float) -> MetricsFrame:
        return MetricsFrame(data=[TTFBMetricsData(processor=llm.name, value=secs)])

    # By the wall clock, which is another than the pipeline's.
    pushed(2.2, VADUserStoppedSpeakingFrame(stop_secs=0.2, timestamp=1_767_225_602.2))
    pushed(2.5, TranscriptionFrame("", "", ""))
    pushed(3.0, UserStoppedSpeakingFrame())
    pushed(3.0, LLMFullResponseStartFrame())
    pushed(3.4, first_byte(0.4))
    pushed(3.9, FunctionCallInProgressFrame("look_up", "1", {}))
    pushed(4.9, FunctionCallResultFrame("look_up", "1", {}, {}))
    pushed(5.0, LLMFullResponseStartFrame())
    pushed(5.3, first_byte(0.0))
    pushed(5.6, LLMTextFrame("Yes"))
    pushed(6.0, TTSAudioRawFrame(b"", 16000, 1))
    call.see(Moment.WRITTEN, 6.1)
    call.see(Moment.CALL_ENDED, 6.1)
    [turn] = call.cores.done
    assert isinstance(turn, Turn)
    found = measure(turn, number=1).stages
    assert [(stage.name, round(stage.start_secs, 3), round(stage.secs, 3)) for stage in found] == [
        ("endpointing_wait", 0.0, 0.2),
        ("transcription", 0.2, 0.3),
        ("turn_detection", 0.5, 0.5),
        ("llm_inference", 1.0, 0.4),
        ("llm_tool_call", 1.4, 0.5),
        ("function_handler", 1.9, 1.0),
        ("context", 2.9, 0.1),
        ("llm_inference", 3.0, 0.6),
        ("speech_synthesis", 3.6, 0.4),
        ("output_transport", 4.0, 0.1),
    ]


def test_latency_has_the_label_under_which_the_transport_was_asked_for() -> None:
    kinds = {"line": TransportKind(target="antiphon.transports.memory:MemoryTransport")}
    events = FrameEvents(WatchdogLimits())
    events.learn(create_transport("line", kinds=kinds).output())
    assert events.transport == "line"


def test_what_the_assistant_puts_in_the_context_while_the_caller_speaks_is_no_request() -> None:
    call, pair = FrameEvents(WatchdogLimits()), LLMContextAggregatorPair(LLMContext())

    def pushed(at: float, frame: Frame, source: FrameProcessor) -> None:
        call.take(FramePushed(source, source, frame, FrameDirection.DOWNSTREAM, round(at * 1e9)))

    user, assistant = pair.user(), pair.assistant()
    pushed(1.0, VADUserStartedSpeakingFrame(), user)
    pushed(1.2, TranscriptionFrame("The other one.", "", ""), user)
    pushed(1.2, UserStartedSpeakingFrame(), user)
    pushed(1.3, LLMContextFrame(LLMContext()), assistant)
    pushed(1.6, VADUserStoppedSpeakingFrame(), user)
    pushed(2.0, LLMContextFrame(LLMContext()), user)
    pushed(2.0, UserStoppedSpeakingFrame(), user)
    call.see(Moment.WRITTEN, 2.5)
    call.see(Moment.CALL_ENDED, 3.0)
    kinds = [turn.kind for turn in call.cores.done if isinstance(turn, Turn)]
    assert kinds == [TurnKind.ANSWERED]


def test_who_has_pressed_keys_waits_since_the_last_and_says_no_word() -> None:
    stt, keypad, call = FakeSTT(script=[]), DTMFAggregator(), FrameEvents(WatchdogLimits())
    call.learn(stt)

    def pushed(at: float, frame: Frame, source: FrameProcessor) -> None:
        call.take(FramePushed(source, stt, frame, FrameDirection.DOWNSTREAM, round(at * 1e9)))

    pushed(2.0, TranscriptionFrame("DTMF: 42#", "", ""), keypad)
    pushed(2.4, UserStoppedSpeakingFrame(), stt)
    call.see(Moment.WRITTEN, 3.0)
    call.see(Moment.CALL_ENDED, 4.0)
    [turn] = call.cores.done
    assert isinstance(turn, Turn)
    assert turn.kind is TurnKind.ANSWERED
    assert measure(turn, number=1).total_secs == 1.0
    assert call.cores.conversation.measures(4.0).caller_words == 0


class _Heard:
    """A call whose transport plays what it is given, in chunks of its own."""

    def __init__(self) -> None:
        self.events = FrameEvents(WatchdogLimits())
        self.user, self.gate = IdentityFilter(), IdentityFilter()
        self.stt, self.tts = FakeSTT(script=[]), FakeTTS()
        self.output = MemoryTransport().output()
        for each in (self.stt, self.tts, self.output):
            self.events.learn(each)

    def push(self, at: float, frame: Frame, source: FrameProcessor | None = None) -> None:
        source = source or self.user
        to = self.output if source is self.gate else source
        self.events.take(FramePushed(source, to, frame, FrameDirection.DOWNSTREAM, round(at * 1e9)))

    def ask(self, at: float, words: str) -> None:
        self.push(at - 0.4, VADUserStoppedSpeakingFrame(stop_secs=0.2))
        self.push(at - 0.2, TranscriptionFrame(words, "", ""), self.stt)
        self.push(at, UserStoppedSpeakingFrame())

    def speech(self, at: float, context: str, text_type: str | None = None) -> list[Frame]:
        """Have a second of speech reach the transport; return what is left for it to play."""
        source = self.gate if text_type is None and context == "recording" else self.tts
        if text_type is not None:
            told = AggregatedTextFrame("Well.", text_type)
            told.context_id = context
            self.push(at, told, source)
        started = TTSStartedFrame(context_id=context, append_to_context=context != "recording")
        audio = TTSAudioRawFrame(bytes(32000), 16000, 1, context_id=context)
        stopped = TTSStoppedFrame(context_id=context)
        audio.interruptible = context != "recording"
        for frame in (started, audio, stopped):
            self.push(at, frame, source)
            self.push(at, frame, self.gate)
        chunks = [TTSAudioRawFrame(b"\1" * 1280, 16000, 1) for _ in range(25)]
        return [started, *chunks, stopped]

    def play(self, at: float, frames: list[Frame]) -> None:
        for frame in frames:
            self.push(at, frame, self.output)
            at += isinstance(frame, TTSAudioRawFrame) * 0.04


def test_an_answer_behind_an_apology_that_outlasts_an_interruption_is_measured_when_it_sounds() -> (
    None
):
    call = _Heard()
    apology = call.speech(1.0, "recording")
    call.push(1.0, BotStartedSpeakingFrame(), call.output)
    call.play(1.0, apology[:6])
    call.push(1.2, VADUserStartedSpeakingFrame(start_secs=0.2))
    call.push(1.2, UserStartedSpeakingFrame())
    call.push(1.2, InterruptionFrame())
    call.ask(1.7, "when will it come")
    filler = call.speech(1.8, "filler", FILLER_TEXT)
    call.play(1.2, apology[6:])
    call.push(2.0, BotStoppedSpeakingFrame(), call.output)
    call.play(2.0, filler)
    call.play(3.0, call.speech(2.9, "answer", "sentence"))
    call.push(4.0, BotStoppedSpeakingFrame(), call.output)
    [turn] = [turn for turn in call.events.cores.done if isinstance(turn, Turn)]
    written = turn.first(Moment.WRITTEN)
    assert written
    assert written.at == pytest.approx(3.0)


def test_an_answer_on_the_heels_of_an_apology_that_outlasts_an_interruption_is_measured() -> None:
    call = _Heard()
    apology = call.speech(1.0, "recording")
    call.push(1.0, BotStartedSpeakingFrame(), call.output)
    call.play(1.0, apology[:6])
    call.push(1.2, VADUserStartedSpeakingFrame(start_secs=0.2))
    call.push(1.2, UserStartedSpeakingFrame())
    call.push(1.2, InterruptionFrame())
    call.ask(1.7, "when will it come")
    # Its end was dropped, and so the transport takes it and the answer for one speech.
    call.play(1.2, apology[6:-1])
    call.play(2.2, call.speech(1.9, "answer", "sentence"))
    call.push(3.2, BotStoppedSpeakingFrame(), call.output)
    [turn] = [turn for turn in call.events.cores.done if isinstance(turn, Turn)]
    written = turn.first(Moment.WRITTEN)
    assert written
    assert written.at == pytest.approx(2.2)


def test_what_is_said_to_a_caller_who_is_silent_answers_no_turn() -> None:
    call = _Heard()
    call.ask(1.0, "when will it come")
    call.play(9.0, call.speech(9.0, "goodbye", UNASKED_TEXT))
    call.push(10.0, BotStoppedSpeakingFrame(), call.output)
    call.events.see(Moment.CALL_ENDED, 11.0)
    assert [turn.kind for turn in call.events.cores.done if isinstance(turn, Turn)] == [
        TurnKind.UNANSWERED
    ]


@pytest.mark.parametrize(("text_type", "stalls"), [(FILLER_TEXT, 0), ("sentence", 1)])
def test_a_voice_that_breaks_off_is_a_stall_unless_it_only_fills_a_wait(
    text_type: str, stalls: int
) -> None:
    call = _Heard()
    told = AggregatedTextFrame("One moment, please, I am looking for it at once.", text_type)
    told.context_id, told.will_be_spoken = "speech", True
    for frame in (
        told,
        TTSStartedFrame(context_id="speech"),
        TTSAudioRawFrame(bytes(3200), 16000, 1, context_id="speech"),
        TTSStoppedFrame(context_id="speech"),
    ):
        call.push(1.0, frame, call.tts)
    assert len(call.events.cores.stalls) == stalls
