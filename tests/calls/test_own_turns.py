"""A composed agent follows the turn strategies and the VAD that it is given, or its service has."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer, BaseTurnParams, EndOfTurnState
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    STTMetadataFrame,
    TranscriptionFrame,
)
from pipecat.metrics.metrics import MetricsData
from pipecat.pipeline.service_switcher import ServiceSwitcher
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.turns.eager_end_of_turn_mixin import EagerEndOfTurnSTTServiceMixin
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_stop import (
    SpeechTimeoutUserTurnStopStrategy,
    TurnAnalyzerUserTurnStopStrategy,
)
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.processors.interruption import InterruptionSettings
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.caller.caller import SpokenLine
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS, Latency
from antiphon.transports import MemoryTransport

QUESTION = Say(text="when do you open")
STORY = "We open at nine, and close at five. On Sundays we are closed all day. Anything else?"
COMMIT_SECS = 0.5


class TurnFindingSTT(EagerEndOfTurnSTTServiceMixin, FakeSTT):
    """Finds turns itself, as Deepgram Flux does: predicts an end, and later commits to it."""

    def service_metadata_frame(self) -> STTMetadataFrame:
        frame = super().service_metadata_frame()
        frame.user_turn_strategies = self.recommended_user_turn_strategies(
            enable_interruptions=True
        )
        return frame

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        if isinstance(frame, InterimTranscriptionFrame) and " " not in frame.text:
            await self.broadcast_frame(ProposedUserStartedSpeakingFrame)
        final = isinstance(frame, TranscriptionFrame)
        if isinstance(frame, TranscriptionFrame):
            await self._push_eager_end_of_turn(frame.text, user_id="")
            await asyncio.sleep(COMMIT_SECS)
            self._clear_eager_end_of_turn()
        await super().push_frame(frame, direction)
        if final:
            await self.broadcast_frame(ProposedUserStoppedSpeakingFrame)


class Talk:
    """A call, and what came of it."""

    def __init__(self, *lines: Say, stt: Callable[..., Any] = FakeSTT, **options: Any) -> None:
        said = [line.text for line in lines]
        self.messages: list[Any] = []
        self.spoken: list[SpokenLine] = []
        self.transport = MemoryTransport()
        agent = VoiceAgent(
            stt=lambda: stt(script=said, latency=Latency(median=0.1)),
            llm=lambda: FakeLLM(script=self._answer),
            tts=FakeTTS,
            latency=None,
            redaction=None,
            **options,
        )
        self.worker = agent.worker(self.transport, enable_rtvi=False)
        self._caller = Caller(self.transport, [*lines, HangUp()], listeners=[self])

    def _answer(self, context: LLMContext) -> str:
        self.messages = list(context.messages)
        return STORY

    async def talk(self) -> "Talk":
        await simulate_call(self._caller, self.worker)
        return self

    @property
    def waited_secs(self) -> float:
        """From the end of the first line to the first sound of the answer."""
        first = min(chunk.at_secs for chunk in self.transport.played if any(chunk.pcm))
        return first - self.spoken[0].end_secs

    @property
    def heard_secs(self) -> float:
        """How long the agent spoke."""
        played = self.transport.played
        return sum(len(c.pcm) / 2 / c.sample_rate_hz for c in played if any(c.pcm))

    @property
    def asked(self) -> list[str]:
        return [m["content"] for m in self.messages if m["role"] == "user"]

    def line_started(self, line: SpokenLine) -> None:
        self.spoken.append(line)

    def call_started(self, at_secs: float) -> None: ...

    def caller_audio(self, at_secs: float, samples: object) -> None: ...

    def call_ended(self, at_secs: float) -> None: ...


@pytest.mark.virtual_time
async def test_a_stop_strategy_of_ones_own_ends_the_turn() -> None:
    def patient() -> UserTurnStrategies:
        return UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=2.0)])

    soon = await Talk(QUESTION, turns=TurnSettings(silence_secs=0.4)).talk()
    late = await Talk(QUESTION, turns=TurnSettings(strategies=patient)).talk()
    assert late.waited_secs - soon.waited_secs == pytest.approx(1.6, abs=0.05)
    assert late.asked == [QUESTION.text]


class AfterAllThisAudio(SpeechTimeoutUserTurnStopStrategy):
    """Hears every packet, silent ones too."""

    def __init__(self) -> None:
        super().__init__(user_speech_timeout=0.4)
        self.heard_secs = 0.0

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        if isinstance(frame, InputAudioRawFrame):
            self.heard_secs += frame.num_frames / frame.sample_rate
        return await super().process_frame(frame)


@pytest.mark.virtual_time
async def test_a_strategy_that_listens_hears_silence_too() -> None:
    made: list[AfterAllThisAudio] = []

    def listening() -> UserTurnStrategies:
        made.append(AfterAllThisAudio())
        return UserTurnStrategies(stop=[*made])

    call = await Talk(QUESTION, turns=TurnSettings(strategies=listening)).talk()
    assert call.asked == [QUESTION.text]
    assert made[0].heard_secs > 3 * (call.spoken[0].end_secs - call.spoken[0].start_secs)


class EndsAfter(BaseTurnAnalyzer):
    """Takes any pause for the end of a turn, and remembers how much it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self._triggered = False

    @property
    def speech_triggered(self) -> bool:
        return self._triggered

    @property
    def params(self) -> BaseTurnParams:
        return BaseTurnParams()

    def append_audio(self, buffer: bytes, is_speech: bool) -> EndOfTurnState:
        self._triggered |= is_speech
        return EndOfTurnState.INCOMPLETE

    async def analyze_end_of_turn(self) -> tuple[EndOfTurnState, MetricsData | None]:
        self.asked += 1
        return EndOfTurnState.COMPLETE, None

    def clear(self) -> None:
        self._triggered = False


@pytest.mark.virtual_time
async def test_a_turn_analyzer_of_ones_own_is_asked() -> None:
    analyzer = EndsAfter()

    def strategies() -> UserTurnStrategies:
        return UserTurnStrategies(stop=[TurnAnalyzerUserTurnStopStrategy(turn_analyzer=analyzer)])

    call = await Talk(QUESTION, turns=TurnSettings(strategies=strategies)).talk()
    assert analyzer.asked
    assert call.asked == [QUESTION.text]


class NeverHears(VADAnalyzer):
    """Hears nobody."""

    def num_frames_required(self) -> int:
        return 512

    def voice_confidence(self, buffer: bytes) -> float:
        return 0.0


@pytest.mark.virtual_time
async def test_a_vad_of_ones_own_hears_the_caller_in_place_of_silero() -> None:
    call = await Talk(QUESTION, turns=TurnSettings(silence_secs=0.4, vad=NeverHears)).talk()
    assert not any(any(chunk.pcm) for chunk in call.transport.played)


@pytest.mark.virtual_time
async def test_the_vad_takes_parameters() -> None:
    turns = [TurnSettings(silence_secs=0.4, vad=VADParams(stop_secs=secs)) for secs in (0.2, 0.8)]
    soon, late = [await Talk(QUESTION, turns=each).talk() for each in turns]
    assert late.waited_secs - soon.waited_secs == pytest.approx(0.6, abs=0.1)


def eager(**options: Any) -> TurnFindingSTT:
    return TurnFindingSTT(enable_eager_end_of_turn=True, **options)


def switched(**options: Any) -> ServiceSwitcher:
    return ServiceSwitcher([eager(**options)])


@pytest.mark.parametrize("interruption", [InterruptionSettings(), None])
@pytest.mark.parametrize("stt", [eager, pytest.param(switched, marks=pytest.mark.system)])
@pytest.mark.virtual_time
async def test_a_service_that_predicts_the_end_of_a_turn_is_answered_early(
    stt: Callable[..., Any], interruption: InterruptionSettings | None
) -> None:
    waits = TurnFindingSTT
    late = await Talk(QUESTION, stt=waits, interruption=interruption).talk()
    early = await Talk(QUESTION, stt=stt, interruption=interruption).talk()
    assert late.asked == early.asked == [QUESTION.text]
    # The LLM takes 0.3 s, and had them before the turn was over.
    assert late.waited_secs - early.waited_secs > 0.2


@pytest.mark.parametrize("stt", [TurnFindingSTT, eager])
@pytest.mark.parametrize(
    ("over_it", "cuts"),
    [("uh-huh", False), ("stop please", True), ("what about monday morning then", True)],
)
@pytest.mark.virtual_time
async def test_what_is_said_over_the_agent_is_judged_whoever_finds_the_turns(
    over_it: str, cuts: bool, stt: Callable[..., Any]
) -> None:
    call = await Talk(
        QUESTION, Say(text=over_it, after="agent_starts", after_secs=0.6), stt=stt
    ).talk()
    assert call.worker.turns
    assert call.worker.turns.interruptions == cuts
    assert call.worker.turns.ignored == (not cuts)
    assert call.asked == ([QUESTION.text, over_it] if cuts else [QUESTION.text])


@pytest.mark.virtual_time
async def test_an_agent_that_may_not_be_interrupted_speaks_on_and_answers_after() -> None:
    call = await Talk(
        QUESTION,
        Say(text="stop please", after="agent_starts", after_secs=0.6),
        turns=TurnSettings(silence_secs=0.4),
        interruption=InterruptionSettings(enable_interruptions=False),
    ).talk()
    once = await Talk(QUESTION, turns=TurnSettings(silence_secs=0.4)).talk()
    assert call.asked == [QUESTION.text, "stop please"]
    assert call.heard_secs == pytest.approx(2 * once.heard_secs, rel=0.02)


@pytest.mark.virtual_time
async def test_what_is_set_wins_over_what_a_service_brings() -> None:
    call = await Talk(QUESTION, stt=eager, turns=TurnSettings(silence_secs=1.5)).talk()
    assert call.asked == [QUESTION.text]
    assert call.waited_secs > 1.5


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"silence_secs": 0}, "silence_secs=0: give seconds above 0"),
        ({"silence_secs": "0.4"}, "silence_secs='0.4': give seconds above 0"),
        ({"strategies": UserTurnStrategies(stop=[EndsAfter()])}, "give a function that makes"),  # type: ignore[list-item]
        ({"strategies": UserTurnStrategies, "silence_secs": 1}, "silence_secs=1 beside strategies"),
        ({"vad": 0.5}, r"vad=0.5: give VADParams\(…\), or a class"),
        ({"vad": NeverHears()}, "NeverHears.*a class or function that makes a VADAnalyzer"),
    ],
)
def test_what_cannot_tell_turns_is_refused_in_one_line(options: Any, told: str) -> None:
    with pytest.raises((TypeError, ValueError), match=told):
        TurnSettings(**options)


def test_strategies_and_a_vad_are_made_anew_for_each_call() -> None:
    shared, vad = UserTurnStrategies(stop=[AfterAllThisAudio()]), NeverHears()
    for turns in (TurnSettings(strategies=lambda: shared), TurnSettings(vad=lambda: vad)):
        agent = VoiceAgent(turns=turns)
        agent.pipeline(MemoryTransport())
        with pytest.raises(ValueError, match="was made for another call"):
            agent.pipeline(MemoryTransport())


def test_what_makes_no_strategies_is_told() -> None:
    agent = VoiceAgent(turns=TurnSettings(strategies=lambda: "soon"))  # type: ignore[arg-type,return-value]
    with pytest.raises(
        TypeError, match=r"turns\.strategies returned 'soon': .* UserTurnStrategies"
    ):
        agent.pipeline(MemoryTransport())


def test_what_fails_to_make_strategies_is_told_in_one_line() -> None:
    def fails() -> UserTurnStrategies:
        raise KeyError("no such shop")

    agent = VoiceAgent(turns=TurnSettings(strategies=fails))
    with pytest.raises(
        ValueError, match=r"^turns\.strategies=<function .*raised KeyError: 'no such shop'$"
    ):
        agent.pipeline(MemoryTransport())


@pytest.mark.virtual_time
async def test_turn_settings_say_whether_callers_interrupt() -> None:
    call = await Talk(
        QUESTION,
        Say(text="stop please", after="agent_starts", after_secs=0.6),
        turns=TurnSettings(silence_secs=0.4, enable_interruptions=False),
    ).talk()
    assert call.asked == [QUESTION.text, "stop please"]
    assert call.worker.turns
    agent = VoiceAgent(turns=TurnSettings(side_effect_tools={"book"}))
    interruption = agent.worker(MemoryTransport()).interruption
    assert interruption
    assert interruption.strategy.settings.side_effect_tools == {"book"}
