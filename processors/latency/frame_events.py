"""From Pipecat's frames to the cores: what each frame of a call says about its latency."""

from collections import deque
from collections.abc import Callable
from weakref import WeakValueDictionary

from antiphon.processors.latency.core.conversation import Conversation
from antiphon.processors.latency.core.prices import Usage
from antiphon.processors.latency.core.stages import Service
from antiphon.processors.latency.core.timeline import BargeIn, Mark, Moment, Timeline, Turn
from antiphon.processors.latency.core.watchdogs import (
    Seen,
    Stall,
    StallKind,
    WatchdogLimits,
    Watchdogs,
)
from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    ClientConnectedFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMarkerFrame,
    LLMTextFrame,
    MetricsFrame,
    OutputAudioRawFrame,
    SpeechOutputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserBackchannelFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import (
    LLMUsageMetricsData,
    MetricsData,
    STTUsageMetricsData,
    TTSUsageMetricsData,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.ai_service import AIService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport

__all__ = ["FILLER_TEXT", "Recorder"]

FILLER_TEXT = "filler"
"""The `text_type` of a `TTSSpeakFrame` that only bridges a wait, and is not the answer."""

# An output transport writes chunks of 40 ms: half of one is rounding.
_CHUNK_SLACK_SECS = 0.02

# Pushed upstream alone by some services; everything else that matters also goes downstream.
_UPSTREAM_TOO = (TranscriptionFrame, UserBackchannelFrame)


# False: there is nothing to tell.
_Handler = Callable[[FramePushed, float], bool | None]


class _Handlers(dict[type[Frame], _Handler | None]):
    """Who takes in a kind of frame: of most, such as the caller's audio, nobody."""

    def __missing__(self, kind: type[Frame]) -> _Handler | None:
        self[kind] = next((found for base in kind.__mro__ if (found := self.get(base))), None)
        return self[kind]


class Recorder:
    """Follows one call; fills its lists of what is done and what went wrong."""

    def __init__(self, limits: WatchdogLimits) -> None:
        """Start at the beginning of a call.

        Args:
            limits: When something is overdue.
        """
        self.timeline = Timeline()
        self.watchdogs = Watchdogs(limits)
        self.conversation = Conversation()
        self.usage = Usage()
        self.services: dict[str, Service] = {}
        self.processors: dict[str, FrameProcessor] = {}
        self.transport = ""
        self.done: list[Turn | BargeIn] = []
        self.stalls: list[Stall] = []
        self._hole_secs = limits.audio_underrun
        self._stt = self._tts = ""
        # Held weakly: an entry goes with its frame.
        self._seen: WeakValueDictionary[int, Frame] = WeakValueDictionary()
        self._fillers: deque[tuple[str, str]] = deque(maxlen=16)
        self._filler_secs = self._lasting_secs = self._written_secs = 0.0
        self._sounds_until: float | None = None
        self._bot_speaks = self._cut_off = False
        self.handlers = _Handlers(
            {
                ClientConnectedFrame: self._connected,
                VADUserStartedSpeakingFrame: self._caller_started,
                VADUserStoppedSpeakingFrame: self._caller_stopped,
                InterimTranscriptionFrame: self._interim,
                TranscriptionFrame: self._transcript,
                UserStartedSpeakingFrame: self._turn_started,
                UserStoppedSpeakingFrame: self._turn_ended,
                UserBackchannelFrame: self._backchannel,
                InterruptionFrame: self._interrupted,
                CancelFrame: self._cancelled,
                LLMContextFrame: self._context,
                LLMFullResponseStartFrame: self._llm_started,
                LLMMarkerFrame: self._marker,
                LLMTextFrame: self._token,
                LLMFullResponseEndFrame: self._llm_ended,
                FunctionCallsStartedFrame: self._tools_called,
                FunctionCallInProgressFrame: self._tool_started,
                FunctionCallResultFrame: self._tool_ended,
                FunctionCallCancelFrame: self._tool_ended,
                AggregatedTextFrame: self._sentence,
                TTSStartedFrame: self._tts_started,
                TTSAudioRawFrame: self._audio,
                SpeechOutputAudioRawFrame: self._audio,
                TTSStoppedFrame: self._tts_stopped,
                TTSTextFrame: self._spoken,
                BotStartedSpeakingFrame: self._bot_started,
                BotStoppedSpeakingFrame: self._bot_stopped,
                MetricsFrame: self._metrics,
            }
        )

    def take(self, data: FramePushed) -> bool:
        """Take in a push of a frame; only the first counts.

        Args:
            data: The push; its time is that of the pipeline's clock.

        Returns:
            Whether there may be anything to tell.
        """
        frame = data.frame
        handler = self.handlers[type(frame)]
        if handler is None or frame.id in self._seen:
            return False
        self._seen[frame.id] = frame
        if data.direction is FrameDirection.UPSTREAM and not isinstance(frame, _UPSTREAM_TOO):
            return False
        return handler(data, data.timestamp / 1e9) is not False

    def see(self, moment: Moment, at: float) -> None:
        """Take in a moment that no frame tells."""
        self.done += self.timeline.see(Mark(moment=moment, at=at))

    def learn(self, processor: FrameProcessor) -> None:
        """Learn who is in the pipeline."""
        name = processor.name
        self.processors[name] = processor
        if isinstance(processor, AIService):
            model = processor.settings.model
            self.services[name] = Service(
                provider=_package_of(processor), model=model if isinstance(model, str) else ""
            )
        if isinstance(processor, STTService):
            self._stt = name
        if isinstance(processor, TTSService):
            self._tts = name
        if isinstance(processor, BaseOutputTransport):
            self.transport = _package_of(processor)

    def _mark(self, moment: Moment, data: FramePushed, at: float, **more: object) -> None:
        mark = Mark(moment=moment, at=at, owner=data.source.name, evidence=data, **more)  # type: ignore[arg-type]
        self.done += self.timeline.see(mark)

    def _watch(self, seen: Seen, data: FramePushed, at: float) -> None:
        self.stalls += self.watchdogs.see(seen, at=at, service=data.source.name)

    def _connected(self, data: FramePushed, at: float) -> None:
        self.conversation.connected(at)
        self._mark(Moment.CONNECTED, data, at)

    def _caller_started(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, VADUserStartedSpeakingFrame)
        self.conversation.caller(speaks=True, at=at)
        self._mark(Moment.CALLER_STARTED, data, at, secs=data.frame.start_secs)
        self._watch(Seen.CALLER_STARTED, data, at)

    def _caller_stopped(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, VADUserStoppedSpeakingFrame)
        self.conversation.caller(speaks=False, at=at)
        self._mark(Moment.CALLER_STOPPED, data, at, secs=data.frame.stop_secs)
        self.stalls += self.watchdogs.see(Seen.CALLER_STOPPED, at=at, service=self._stt)

    def _interim(self, data: FramePushed, at: float) -> None:
        self._watch(Seen.INTERIM, data, at)

    def _transcript(self, data: FramePushed, at: float) -> None:
        # A processor that changes the text pushes it as a new frame: the same words once more.
        if self._stt and not isinstance(data.source, STTService):
            return
        assert isinstance(data.frame, TranscriptionFrame)
        self.conversation.caller_said(data.frame.text)
        self._mark(Moment.TRANSCRIPT, data, at)
        self._watch(Seen.TRANSCRIPT, data, at)

    def _turn_started(self, data: FramePushed, at: float) -> None:
        self._mark(Moment.TURN_STARTED, data, at)
        self._watch(Seen.TURN_STARTED, data, at)

    def _turn_ended(self, data: FramePushed, at: float) -> None:
        self._drop_fillers()
        self._mark(Moment.TURN_ENDED, data, at)
        self._watch(Seen.TURN_ENDED, data, at)

    def _backchannel(self, data: FramePushed, at: float) -> None:
        self._mark(Moment.BACKCHANNEL, data, at)

    def _interrupted(self, data: FramePushed, at: float) -> None:
        self._drop_fillers()
        self._cut_off = self._bot_speaks
        self._mark(Moment.INTERRUPTED, data, at)
        self._watch(Seen.INTERRUPTED, data, at)

    def _drop_fillers(self) -> None:
        """Forget what an interruption keeps from being written: not what is uninterruptible."""
        unwritten_secs = max(0.0, self._filler_secs - self._written_secs)
        self._filler_secs = self._lasting_secs = min(unwritten_secs, self._lasting_secs)
        self._written_secs = 0.0

    def _cancelled(self, data: FramePushed, at: float) -> None:
        self._watch(Seen.INTERRUPTED, data, at)

    def _context(self, data: FramePushed, at: float) -> None:
        self._mark(Moment.CONTEXT, data, at)

    def _llm_started(self, data: FramePushed, at: float) -> None:
        self._mark(Moment.LLM_STARTED, data, at)
        self._watch(Seen.LLM_STARTED, data, at)

    def _marker(self, data: FramePushed, at: float) -> None:
        self._mark(Moment.EVIDENCE, data, at)

    def _token(self, data: FramePushed, at: float) -> None:
        if self.timeline.waiting or not self.timeline.speaking:
            self._mark(Moment.TOKEN, data, at)
        self._watch(Seen.TOKEN, data, at)

    def _llm_ended(self, data: FramePushed, at: float) -> None:
        self._watch(Seen.LLM_ENDED, data, at)

    def _tools_called(self, data: FramePushed, at: float) -> None:
        # The calls themselves may be announced after the end of the answer that made them.
        self._watch(Seen.TOOL_STARTED, data, at)

    def _tool_started(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, FunctionCallInProgressFrame)
        call = data.frame
        self._mark(Moment.TOOL_STARTED, data, at, key=call.tool_call_id, name=call.function_name)
        self._watch(Seen.TOOL_STARTED, data, at)

    def _tool_ended(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, FunctionCallResultFrame | FunctionCallCancelFrame)
        call = data.frame
        self._mark(Moment.TOOL_ENDED, data, at, key=call.tool_call_id, name=call.function_name)
        self._watch(Seen.TOOL_ENDED, data, at)

    def _sentence(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, AggregatedTextFrame)
        if data.frame.text_type == FILLER_TEXT:
            # A TTS service announces what it is about to speak, with the context it will be in.
            if data.frame.context_id:
                self._fillers.append((data.frame.context_id, data.source.name))
        elif not data.frame.will_be_spoken:
            self._mark(Moment.SENTENCE, data, at)

    def _tts_started(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, TTSStartedFrame)
        if not self._speaks(data.source):
            # A recording, such as an apology.
            if data.frame.context_id and not data.frame.append_to_context:
                self._fillers.append((data.frame.context_id, data.source.name))
            return
        self._watch(Seen.TTS_STARTED, data, at)

    def _tts_stopped(self, data: FramePushed, at: float) -> None:
        if self._speaks(data.source):
            self._watch(Seen.TTS_STOPPED, data, at)

    def _spoken(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, TTSTextFrame)
        if self._speaks(data.source):
            self.conversation.agent_said(data.frame.text)

    def _audio(self, data: FramePushed, at: float) -> bool:
        assert isinstance(data.frame, OutputAudioRawFrame)
        if isinstance(data.source, BaseOutputTransport):
            return self._written(data, data.frame, at)
        filler = (getattr(data.frame, "context_id", None), data.source.name) in self._fillers
        if filler and not self.timeline.speaking:
            self._filler_secs += _secs(data.frame)
            if not data.frame.interruptible:
                self._lasting_secs += _secs(data.frame)
        if not self._speaks(data.source):
            return False
        follows = self.watchdogs.more_audio(at)
        if not follows:
            self._watch(Seen.AUDIO, data, at)
        if not self.timeline.waiting:
            return not follows
        if not filler:
            self._mark(Moment.AUDIO, data, at)
        return True

    def _speaks(self, source: FrameProcessor) -> bool:
        """Whether speech begins here; a processor behind the voice pushes it on as new frames."""
        return isinstance(source, AIService) or not self._tts

    def _written(self, data: FramePushed, frame: OutputAudioRawFrame, at: float) -> bool:
        secs = _secs(frame)
        hole = 0.0 if self._sounds_until is None else at - self._sounds_until
        broke_off = self._hole_secs is not None and hole > self._hole_secs
        if broke_off:
            name = data.source.name
            self.stalls.append(
                Stall(kind=StallKind.AUDIO_UNDERRUN, service=name, elapsed_secs=hole, at=at)
            )
        self._sounds_until = max(at, self._sounds_until or at) + secs
        if self._cut_off:
            # The interruption is still on its way; what is written until then answers nothing.
            return broke_off
        if self.timeline.speaking:
            awaited = self.watchdogs.owes(StallKind.NO_AUDIO_WRITTEN)
            if awaited or self.watchdogs.owes(StallKind.NO_ANSWER):
                self._watch(Seen.WRITTEN, data, at)
            return awaited or broke_off
        filler = self._written_secs + _CHUNK_SLACK_SECS < self._filler_secs or (
            # The last chunk of a filler is padded, and none of an answer that is not there.
            self._filler_secs > 0 and not self.timeline.has(Moment.AUDIO)
        )
        self._mark(Moment.FILLER_WRITTEN if filler else Moment.WRITTEN, data, at)
        self._written_secs += secs
        self._watch(Seen.WRITTEN, data, at)
        return True

    def _bot_started(self, data: FramePushed, at: float) -> None:
        # A chunk that was being written when the agent was cut off may come after its silence.
        self._sounds_until = None
        self._bot_speaks = True
        self.conversation.agent(speaks=True, at=at)

    def _bot_stopped(self, data: FramePushed, at: float) -> None:
        self._sounds_until = None
        self._bot_speaks = self._cut_off = False
        self.conversation.agent(speaks=False, at=at)
        self._mark(Moment.BOT_STOPPED, data, at)

    def _metrics(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, MetricsFrame)
        self._mark(Moment.EVIDENCE, data, at)
        for metrics in data.frame.data:
            self._used(metrics)

    def _used(self, metrics: MetricsData) -> None:
        service = self.services.get(metrics.processor, Service(provider=metrics.processor))
        model = metrics.model or service.model
        match metrics:
            case STTUsageMetricsData():
                used = {"audio_minute": metrics.value.audio_seconds / 60}
            case TTSUsageMetricsData():
                used = {"million_characters": metrics.value / 1e6}
            case LLMUsageMetricsData():
                # Some vendors count cached tokens among the prompt's, some beside them; the
                # total is the gross figure of both.
                tokens = metrics.value
                cached = tokens.cache_read_input_tokens or 0
                fresh = tokens.total_tokens - tokens.completion_tokens - cached
                used = {
                    "million_input": max(0, fresh) / 1e6,
                    "million_cached_input": cached / 1e6,
                    "million_output": tokens.completion_tokens / 1e6,
                }
            case _:
                return
        for unit, amount in used.items():
            if amount:
                self.usage.add(service.provider, model, unit, amount)


def _secs(frame: OutputAudioRawFrame) -> float:
    return len(frame.audio) / (2 * frame.sample_rate * frame.num_channels)


def _package_of(processor: FrameProcessor) -> str:
    """Name a service or transport as its package does: "deepgram" of pipecat.services.deepgram."""
    parts = type(processor).__module__.split(".")
    for room in ("services", "transports"):
        if room in parts[:-1]:
            return parts[parts.index(room) + 1]
    return type(processor).__name__
