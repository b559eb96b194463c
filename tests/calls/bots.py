"""Bots of the shapes of Pipecat's public examples, with fakes for vendors, as stock or with ours.

Each is named after the example that it follows, and composed here anew.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.audio.mixers.base_audio_mixer import BaseAudioMixer
from pipecat.classifiers.base_classifier import BaseClassifier, ChoiceResult
from pipecat.extensions.voicemail.voicemail_detector import VoicemailDetector
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    ImageRawFrame,
    InputDTMFFrame,
    InputTransportMessageFrame,
    InterimTranscriptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    ManuallySwitchServiceFrame,
    MixerControlFrame,
    OutputAudioRawFrame,
    OutputImageRawFrame,
    TextFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.llm_switcher import LLMSwitcher
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher
from pipecat.pipeline.sync_parallel_pipeline import SyncParallelPipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregatorParams,
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.aggregators.llm_text_processor import LLMTextProcessor
from pipecat.processors.filters.function_filter import FunctionFilter
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.processors.text_transformer import StatelessTextTransformer
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_mute import (
    FunctionCallUserMuteStrategy,
    MuteUntilFirstBotCompleteUserMuteStrategy,
)
from pipecat.turns.user_start import (
    BaseUserTurnStartStrategy,
    TranscriptionUserTurnStartStrategy,
    VADUserTurnStartStrategy,
    WakePhraseUserTurnStartStrategy,
)
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_processor import UserTurnProcessor
from pipecat.turns.user_turn_strategies import (
    ExternalUserTurnStrategies,
    UserTurnStrategies,
    default_user_turn_start_strategies,
)
from pipecat.utils.context.llm_context_summarization import (
    LLMAutoContextSummarizationConfig,
    LLMContextSummaryConfig,
)
from pipecat.utils.text.pattern_pair_aggregator import (
    MatchAction,
    PatternMatch,
    PatternPairAggregator,
)
from pipecat.workers.runner import WorkerRunner

from antiphon.processors import (
    LatencyObserver,
    LatencyProbe,
    PIIRedactor,
    SentenceAggregator,
)
from antiphon.processors.interruption import (
    InterruptionSettings,
    InterruptionStrategy,
    PlaybackGate,
)
from antiphon.simulation.fakes import FakeLLM, FakeTTS
from antiphon.simulation.fakes.llm import ToolCall
from antiphon.transports import MemoryTransport

RATE = 16_000
OURS = ("redaction", "sentences", "gate", "strategy", "latency")


@dataclass
class Outcome:
    """What a caller and a developer notice of a call."""

    words: list[str] = field(default_factory=list)
    sound_secs: float = field(default=0.0, compare=False)
    contexts: list[list[tuple[str, Any]]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    ended: bool = False


class Voice(FakeTTS):
    """Keeps the words that it was given to speak."""

    def __init__(self, words: list[str], mark: str = "") -> None:
        super().__init__(words_per_second=5.0)
        self._given = words
        self._mark = mark

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        self._given += [self._mark + word for word in text.split()]
        async for frame in super().run_tts(text, context_id):
            yield frame


class Ear(FrameProcessor):
    """Where the caller comes in, as transport, VAD and recogniser would have it."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class Parts:
    """What each bot is made of, with some of our processors, or none."""

    def __init__(self, ours: Collection[str], params: TransportParams | None = None) -> None:
        self.ours = ours
        self.outcome = Outcome()
        self.ear = Ear()
        self.transport = MemoryTransport(params=params)
        self.gate = PlaybackGate()
        self.observers: list[BaseObserver] = [LatencyObserver()] if "latency" in ours else []

    def voice(self, mark: str = "") -> Voice:
        return Voice(self.outcome.words, mark)

    def hearing(self) -> list[FrameProcessor]:
        return [PIIRedactor()] if "redaction" in self.ours else []

    def speaking(self) -> list[FrameProcessor]:
        redactors = [PIIRedactor()] if "redaction" in self.ours else []
        return [*redactors, *([SentenceAggregator()] if "sentences" in self.ours else [])]

    def playing(self) -> list[FrameProcessor]:
        probes = [LatencyProbe(place="played")] if "latency" in self.ours else []
        return [*([self.gate] if "gate" in self.ours else []), *probes]

    def turns(
        self, *start: BaseUserTurnStartStrategy, interrupts: bool = True
    ) -> UserTurnStrategies:
        """Ours in front of those, or of Pipecat's own."""
        behind = [*(start or default_user_turn_start_strategies())]
        if "strategy" in self.ours:
            gate = self.gate if "gate" in self.ours else None
            settings = InterruptionSettings(enable_interruptions=interrupts)
            behind.insert(0, InterruptionStrategy(playback=gate, settings=settings))
        stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.4)
        return UserTurnStrategies(start=behind, stop=[stop])

    def pair(
        self,
        context: LLMContext,
        assistant: LLMAssistantAggregatorParams | None = None,
        **user: Any,
    ) -> LLMContextAggregatorPair:
        params = LLMUserAggregatorParams(**{"user_turn_strategies": self.turns(), **user})
        return LLMContextAggregatorPair(context, user_params=params, assistant_params=assistant)


@dataclass(kw_only=True)
class Bot:
    """A composed bot, and what its caller does."""

    parts: Parts
    processors: Sequence[FrameProcessor]
    contexts: Sequence[LLMContext]
    caller: Callable[["Call"], Awaitable[None]]
    rtvi: bool = False


class Call:
    """A call, as its caller's script has it."""

    def __init__(self, parts: Parts, worker: PipelineWorker) -> None:
        self.parts = parts
        self.worker = worker

    async def starts(self) -> None:
        """Let the agent begin, and finish."""
        await self.worker.queue_frame(LLMRunFrame())
        await asyncio.sleep(8)

    async def says(self, text: str, *, then: float = 11.0) -> None:
        words = text.split()
        push = self.parts.ear.push_frame
        await push(VADUserStartedSpeakingFrame(start_secs=0.2))
        for count in range(1, len(words) + 1):
            await asyncio.sleep(0.3)
            await push(InterimTranscriptionFrame(" ".join(words[:count]), "caller", ""))
        await push(VADUserStoppedSpeakingFrame(stop_secs=0.2))
        await asyncio.sleep(0.1)
        await push(TranscriptionFrame(text, "caller", "", finalized=True))
        await asyncio.sleep(then)

    async def presses(self, keys: str, *, then: float = 11.0) -> None:
        for key in keys:
            await self.parts.ear.push_frame(InputDTMFFrame(KeypadEntry(key)))
            await asyncio.sleep(0.2)
        await asyncio.sleep(then)


def talks(
    parts: Parts,
    llm: FrameProcessor,
    caller: Callable[[Call], Awaitable[None]],
    *,
    keypad: Sequence[FrameProcessor] = (),
    before_user: Sequence[FrameProcessor] = (),
    after_llm: Sequence[FrameProcessor] = (),
    tts: FrameProcessor | None = None,
    after_tts: Sequence[FrameProcessor] = (),
    pair: LLMContextAggregatorPair | None = None,
    context: LLMContext | None = None,
    rtvi: bool = False,
    **user: Any,
) -> Bot:
    """The shape that most examples have."""
    context = context or LLMContext()
    pair = pair or parts.pair(context, **user)
    processors = [
        parts.ear,
        *keypad,
        *parts.hearing(),
        *before_user,
        pair.user(),
        llm,
        *parts.speaking(),
        *after_llm,
        tts or parts.voice(),
        *after_tts,
        *parts.playing(),
        parts.transport.output(),
        pair.assistant(),
    ]
    return Bot(parts=parts, processors=processors, contexts=[context], caller=caller, rtvi=rtvi)


GREETING = "Hello, this is the harbour office. How can I help you?"
ANSWER = "The ferry leaves at nine, at noon, and at six in the evening. It takes two hours."
MORE = "Yes, bicycles are free. Please come ten minutes early."


async def asks(call: Call) -> None:
    await call.starts()
    await call.says("When does the ferry leave?")


async def asks_twice(call: Call) -> None:
    await asks(call)
    await call.says("May I bring a bicycle?")


async def run(make: Callable[[Parts], Bot], ours: Collection[str]) -> Outcome:
    parts = Parts(ours)
    bot = make(parts)
    parts = bot.parts
    worker = PipelineWorker(
        Pipeline(list(bot.processors)),
        params=PipelineParams(
            audio_in_sample_rate=RATE, audio_out_sample_rate=RATE, enable_metrics=True
        ),
        observers=parts.observers,
        enable_rtvi=bot.rtvi,
        idle_timeout_secs=None,
    )
    started = asyncio.Event()
    worker.add_event_handler("on_pipeline_started", lambda *_: started.set())
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await started.wait()
    await bot.caller(Call(parts, worker))
    if not running.done():
        await worker.queue_frame(EndFrame())
    done, _ = await asyncio.wait({running}, timeout=30)
    if not done:
        await worker.cancel()
    outcome = parts.outcome
    outcome.ended = bool(done)
    outcome.sound_secs = sum(
        np.count_nonzero(np.abs(np.frombuffer(chunk.pcm, np.int16)) > 50) / RATE
        for chunk in parts.transport.played
    )
    outcome.contexts = [
        [
            (message["role"], message.get("content") or message.get("tool_calls"))
            for message in context.messages
            if isinstance(message, dict)
        ]
        for context in bot.contexts
    ]
    return outcome


# The bots.


def function_calling(parts: Parts) -> Bot:
    tts = parts.voice()
    llm = FakeLLM(script=[GREETING, ToolCall(name="ferry"), ANSWER, MORE])

    async def ferry(params: FunctionCallParams) -> None:
        await asyncio.sleep(1)
        await params.result_callback({"leaves": ["9:00", "12:00", "18:00"]})

    llm.register_function("ferry", ferry)

    @llm.event_handler("on_function_calls_started")
    async def on_function_calls_started(*_: object) -> None:
        await tts.queue_frame(TTSSpeakFrame("Let me check on that."))

    return talks(parts, llm, asks_twice, tts=tts)


def user_mute_strategy(parts: Parts) -> Bot:
    llm = FakeLLM(script=[GREETING, ToolCall(name="ferry"), ANSWER, MORE])

    async def ferry(params: FunctionCallParams) -> None:
        await asyncio.sleep(5)
        await params.result_callback({"leaves": "at nine"})

    llm.register_function("ferry", ferry)

    async def caller(call: Call) -> None:
        await call.worker.queue_frame(LLMRunFrame())
        await asyncio.sleep(1)
        await call.says("No, wait, stop it.", then=6)
        await call.says("When does the ferry leave?", then=1.5)
        await call.says("Hurry up please.", then=14)
        await call.says("May I bring a bicycle?")

    mutes = [MuteUntilFirstBotCompleteUserMuteStrategy(), FunctionCallUserMuteStrategy()]
    return talks(parts, llm, caller, user_mute_strategies=mutes)


def detect_user_idle(parts: Parts) -> Bot:
    llm = FakeLLM(script=[GREETING, ANSWER, "Are you still there?"])
    context = LLMContext()
    pair = parts.pair(context, user_idle_timeout=6.0)
    asked = 0

    @pair.user().event_handler("on_user_turn_idle")
    async def on_user_turn_idle(aggregator: FrameProcessor) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            remark: Any = {"role": "developer", "content": "Ask whether the caller is still there."}
            await aggregator.push_frame(LLMMessagesAppendFrame([remark], run_llm=True))
        else:
            await aggregator.push_frame(TTSSpeakFrame("It seems that you are busy. Goodbye!"))
            await aggregator.push_frame(EndFrame())

    async def caller(call: Call) -> None:
        await call.starts()
        await call.says("When does the ferry leave?")
        await asyncio.sleep(40)

    return talks(parts, llm, caller, context=context, pair=pair)


def wake_phrase(parts: Parts) -> Bot:
    wake = WakePhraseUserTurnStartStrategy(phrases=["hey harbour"], timeout=8.0)

    async def caller(call: Call) -> None:
        await call.worker.queue_frame(LLMRunFrame())
        await asyncio.sleep(1)
        await call.says("No, I told you that already.")
        await call.says("Hey harbour, when does the ferry leave?")
        await call.says("May I bring a bicycle?", then=30)
        await call.says("Did you lock the door?")

    turns = parts.turns(wake, *default_user_turn_start_strategies())
    llm = FakeLLM(script=[GREETING, ANSWER, MORE])
    return talks(parts, llm, caller, user_turn_strategies=turns)


class Hum(BaseAudioMixer):
    """The sound of an office under everything."""

    async def start(self, sample_rate: int) -> None: ...

    async def stop(self) -> None: ...

    async def process_frame(self, frame: MixerControlFrame) -> None: ...

    async def mix(self, audio: bytes) -> bytes:
        return (np.frombuffer(audio, np.int16) // 2 + 30).astype(np.int16).tobytes()


def background_sound(parts: Parts) -> Bot:
    mixed = Parts(
        parts.ours,
        TransportParams(
            audio_out_enabled=True, audio_out_mixer=Hum(), audio_out_end_silence_secs=0
        ),
    )
    return talks(mixed, FakeLLM(script=[GREETING, ANSWER, MORE]), asks)


class Effects(FrameProcessor):
    """A sound when the model is asked, and one when it has answered."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, LLMContextFrame | LLMFullResponseEndFrame):
            sound = b"\x00\x10" * (RATE // 2)
            await self.push_frame(OutputAudioRawFrame(sound, RATE, 1))


def sound_effects(parts: Parts) -> Bot:
    llm = FakeLLM(script=[GREETING, ANSWER, MORE])
    return talks(parts, llm, asks, after_llm=[Effects()])


def live_translation(parts: Parts) -> Bot:
    """What is heard is translated, sentence after sentence, and nothing interrupts."""
    quiet = [
        VADUserTurnStartStrategy(enable_interruptions=False),
        TranscriptionUserTurnStartStrategy(enable_interruptions=False),
    ]

    async def caller(call: Call) -> None:
        await call.says("When does the ferry leave in the morning?", then=2.0)
        await call.says("And may I bring my old bicycle along?", then=14)

    turns = parts.turns(*quiet, interrupts=False)
    llm = FakeLLM(script=["¿Cuándo sale el transbordador por la mañana?", "¿Y puedo ir en bici?"])
    return talks(parts, llm, caller, user_turn_strategies=turns)


def switch_voices(parts: Parts) -> Bot:
    llm = FakeLLM(script=[GREETING, ToolCall(name="switch"), ANSWER, MORE])
    low = False

    async def switch(params: FunctionCallParams) -> None:
        nonlocal low
        low = True
        await params.result_callback({"voice": "low"})

    async def is_low(_: Frame) -> bool:
        return low

    async def is_high(_: Frame) -> bool:
        return not low

    llm.register_function("switch", switch)
    voices = ParallelPipeline(
        [FunctionFilter(is_high), parts.voice()], [FunctionFilter(is_low), parts.voice("low:")]
    )
    return talks(parts, llm, asks_twice, tts=voices)


def service_switcher(parts: Parts) -> Bot:
    models: list[Any] = [FakeLLM(script=[GREETING, ANSWER]), FakeLLM(script=[MORE])]
    voices = [parts.voice(), parts.voice("two:")]

    async def caller(call: Call) -> None:
        await call.starts()
        await call.says("When does the ferry leave?")
        for service in (models[1], voices[1]):
            await call.worker.queue_frame(ManuallySwitchServiceFrame(service=service))
        await call.says("May I bring a bicycle?")

    return talks(parts, LLMSwitcher(models), caller, tts=ServiceSwitcher([*voices]))


class Judge(BaseClassifier):
    """Says what it is told to."""

    def __init__(self, verdict: str) -> None:
        super().__init__()
        self._verdict = verdict

    @property
    def model(self) -> str:
        return "judge"

    async def _ask(self, state: Any, questions: Any, images: Any = ()) -> Any:
        probabilities = {self._verdict: 1.0}
        said = ChoiceResult(choice=self._verdict, probabilities=probabilities, confidence=1.0)
        return dict.fromkeys(questions, said), None


def voicemail(parts: Parts, verdict: str) -> Bot:
    detector = VoicemailDetector(classifier=Judge(verdict))

    @detector.event_handler("on_voicemail_detected")
    async def on_voicemail_detected(processor: FrameProcessor) -> None:
        parts.outcome.events.append("voicemail")
        await processor.push_frame(TTSSpeakFrame("Please call the harbour office back."))
        await processor.push_frame(EndFrame())

    async def caller(call: Call) -> None:
        await call.says("You have reached Ann. Leave a message.", then=12)

    return talks(
        parts,
        FakeLLM(script=[ANSWER]),
        caller,
        before_user=[detector.detector()],
        after_tts=[detector.gate()],
    )


def voicemail_detection(parts: Parts) -> Bot:
    return voicemail(parts, "voicemail")


def voicemail_detection_of_a_person(parts: Parts) -> Bot:
    return voicemail(parts, "conversation")


def dtmf_menu(parts: Parts) -> Bot:
    async def caller(call: Call) -> None:
        await call.starts()
        await call.presses("1")
        await call.presses("42#")

    llm = FakeLLM(script=["Press 1 for the ferry, or 42 for bicycles.", ANSWER, MORE])
    return talks(parts, llm, caller, keypad=[DTMFAggregator()])


class Summarising(FakeLLM):
    """A fake that can be asked apart from the call."""

    async def run_inference(self, *_: Any, **__: Any) -> str:
        return "The caller asks about the ferry."


def context_summarization(parts: Parts) -> Bot:
    context = LLMContext()
    config = LLMAutoContextSummarizationConfig(
        max_unsummarized_messages=4,
        summary_config=LLMContextSummaryConfig(min_messages_after_summary=2),
    )
    pair = parts.pair(
        context,
        LLMAssistantAggregatorParams(
            enable_auto_context_summarization=True, auto_context_summarization_config=config
        ),
    )

    async def caller(call: Call) -> None:
        await asks_twice(call)
        await call.says("And is there a café on board?")

    llm = Summarising(script=[GREETING, ANSWER, MORE, "There is one, on the upper deck."])
    return talks(parts, llm, caller, context=context, pair=pair)


def user_assistant_turns(parts: Parts) -> Bot:
    context = LLMContext()
    pair = parts.pair(context)
    events = parts.outcome.events

    @pair.user().event_handler("on_user_turn_stopped")
    async def on_user_turn_stopped(_: object, __: object, message: Any) -> None:
        events.append(f"user: {message.content}")

    @pair.assistant().event_handler("on_assistant_turn_stopped")
    async def on_assistant_turn_stopped(_: object, message: Any) -> None:
        events.append(f"assistant: {message.content}")

    llm = FakeLLM(script=[GREETING, ANSWER, MORE])
    return talks(parts, llm, asks, context=context, pair=pair)


def pattern_pair_voice_switching(parts: Parts) -> Bot:
    patterns = PatternPairAggregator()
    patterns.add_pattern("voice", "<voice>", "</voice>", action=MatchAction.REMOVE)

    async def switch(match: PatternMatch) -> None:
        parts.outcome.events.append(match.text)

    patterns.on_pattern_match("voice", switch)
    told = (
        "<voice>narrator</voice>Once there was a ship. <voice>captain</voice>All aboard, she said."
    )
    return talks(
        parts,
        FakeLLM(script=[GREETING, told, MORE]),
        asks,
        after_llm=[LLMTextProcessor(text_aggregator=patterns)],
    )


def bot_ready_signalling(parts: Parts) -> Bot:
    """A client says that it is ready, and is sent a sound and the greeting."""

    async def caller(call: Call) -> None:
        @call.worker.rtvi.event_handler("on_client_ready")
        async def on_client_ready(rtvi: Any) -> None:
            await rtvi.set_bot_ready()
            await call.worker.queue_frame(OutputAudioRawFrame(b"\x00\x10" * RATE, RATE, 1))
            await call.worker.queue_frame(LLMRunFrame())

        about = {"version": "1.2.0", "about": {"library": "test"}}
        ready = {"label": "rtvi-ai", "type": "client-ready", "id": "1", "data": about}
        await parts.ear.push_frame(
            InputTransportMessageFrame(message=ready), FrameDirection.UPSTREAM
        )
        await parts.ear.push_frame(InputTransportMessageFrame(message=ready))
        await asyncio.sleep(8)
        await call.says("When does the ferry leave?")
        told = [message for message in parts.transport.messages if isinstance(message, dict)]
        parts.outcome.events += sorted({message["type"] for message in told})
        parts.outcome.events += [
            message["data"]["text"] for message in told if message["type"] == "user-transcription"
        ]

    return talks(parts, FakeLLM(script=[GREETING, ANSWER]), caller, rtvi=True)


def concurrent_llm_evaluation(parts: Parts) -> Bot:
    """One turn for two models, of which one is heard."""
    contexts = [LLMContext(), LLMContext()]
    external = LLMUserAggregatorParams(user_turn_strategies=ExternalUserTurnStrategies())
    heard, other = (LLMContextAggregatorPair(each, user_params=external) for each in contexts)
    processors = [
        parts.ear,
        *parts.hearing(),
        UserTurnProcessor(user_turn_strategies=parts.turns()),
        ParallelPipeline(
            [
                heard.user(),
                FakeLLM(script=[GREETING, ANSWER, MORE]),
                *parts.speaking(),
                parts.voice(),
                *parts.playing(),
                parts.transport.output(),
                heard.assistant(),
            ],
            [other.user(), FakeLLM(script=["One.", "Two.", "Three."]), other.assistant()],
        ),
    ]
    return Bot(parts=parts, processors=processors, contexts=contexts, caller=asks)


class Painter(FrameProcessor):
    """A picture for each sentence."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TextFrame):
            await asyncio.sleep(0.5)
            await self.push_frame(OutputImageRawFrame(bytes(12), (2, 2), "RGB"))
        else:
            await self.push_frame(frame, direction)


class Gallery(FrameProcessor):
    """Notes each picture and each text, in the order in which they are shown."""

    def __init__(self, events: list[str]) -> None:
        super().__init__()
        self._events = events

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, ImageRawFrame):
            self._events.append("picture")
        await self.push_frame(frame, direction)


def sync_speech_and_image(parts: Parts) -> Bot:
    """Each sentence is heard when its picture is there."""
    together = SyncParallelPipeline(
        [*parts.speaking(), parts.voice()], [*parts.hearing(), Painter()]
    )
    pair = parts.pair(context := LLMContext())
    processors = [
        parts.ear,
        pair.user(),
        FakeLLM(script=[GREETING, ANSWER, MORE]),
        LLMTextProcessor(),
        together,
        Gallery(parts.outcome.events),
        *parts.playing(),
        parts.transport.output(),
        pair.assistant(),
    ]
    return Bot(parts=parts, processors=processors, contexts=[context], caller=asks)


def text_transformer(parts: Parts) -> Bot:
    """Every word of the model is spoken in capitals."""
    llm = FakeLLM(script=[GREETING, ANSWER, MORE])
    return talks(parts, llm, asks_twice, after_llm=[StatelessTextTransformer(str.upper)])


BOTS: Sequence[Callable[[Parts], Bot]] = (
    background_sound,
    bot_ready_signalling,
    concurrent_llm_evaluation,
    context_summarization,
    detect_user_idle,
    dtmf_menu,
    function_calling,
    live_translation,
    pattern_pair_voice_switching,
    service_switcher,
    sound_effects,
    switch_voices,
    sync_speech_and_image,
    text_transformer,
    user_assistant_turns,
    user_mute_strategy,
    voicemail_detection,
    voicemail_detection_of_a_person,
    wake_phrase,
)
