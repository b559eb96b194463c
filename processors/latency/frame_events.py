"""From Pipecat's frames to the cores: what each frame of a call says about its latency."""

from collections import deque
from weakref import WeakValueDictionary

from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    ErrorFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMServiceMetadataFrame,
    LLMTextFrame,
    MetricsFrame,
    OutputAudioRawFrame,
    ProposedUserStoppedSpeakingFrame,
    SpeechOutputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserBackchannelFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import (
    TextAggregationMetricsData,
    TTFBMetricsData,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregator
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.ai_service import AIService
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport

from antiphon.core.audio import frame_secs
from antiphon.core.frames import UNASKED_TEXT
from antiphon.core.protocols import KnowsVoiceEdges
from antiphon.core.transport_kinds import kind_of
from antiphon.processors.latency.core.conversation import Conversation
from antiphon.processors.latency.core.given_speech import GivenSpeech
from antiphon.processors.latency.core.moments import LATE, Mark, Moment
from antiphon.processors.latency.core.prices import Usage
from antiphon.processors.latency.core.timeline import Timeline
from antiphon.processors.latency.core.turn import BargeIn, Turn
from antiphon.processors.latency.core.turn_latency import Service
from antiphon.processors.latency.core.watchdogs import Stall, StallKind, WatchdogLimits, Watchdogs
from antiphon.processors.latency.frame_kinds import SAYS, Handler, Handlers, add_usage, package_of
from antiphon.processors.latency.hearing_model import HearingModel
from antiphon.processors.latency.voice_text import VoiceText

__all__ = ["FILLER_TEXT", "FrameEvents"]

FILLER_TEXT = "filler"
"""The `text_type` of a `TTSSpeakFrame` that only bridges a wait, and is not the answer."""

_NO_ANSWER = (FILLER_TEXT, UNASKED_TEXT)

_AT_WORK = (Moment.TOKEN, Moment.MODEL_SPOKE, Moment.TOOL_STARTED)

# Pushed upstream alone by some services; everything else that matters also goes downstream.
_UPSTREAM_TOO = (ErrorFrame, TranscriptionFrame, UserBackchannelFrame)


class FrameEvents:
    """Follows one call; fills its lists of what is done and what went wrong."""

    def __init__(self, limits: WatchdogLimits) -> None:
        """Start at the beginning of a call.

        Args:
            limits: When something is overdue.
        """
        self.timeline = Timeline()
        self.watchdogs = Watchdogs(limits)
        self._hearing = HearingModel()
        self._transcribes(False)
        self.conversation = Conversation()
        self.usage = Usage()
        self.services: dict[str, Service] = {}
        self.processors: dict[str, FrameProcessor] = {}
        self.transport = ""
        self.tells_answers = False
        self.answered: list[Turn] = []
        self.done: list[Turn | BargeIn] = []
        self.stalls: list[Stall] = []
        self._hole_secs = limits.audio_underrun
        self._stt = self._tts = ""
        # Held weakly: an entry goes with its frame.
        self._seen: WeakValueDictionary[int, Frame] = WeakValueDictionary()
        self._fillers: deque[str] = deque(maxlen=16)
        self._awaited: set[str] = set()
        self._begun_since_cut: deque[str | None] = deque(maxlen=16)
        self._given = GivenSpeech()
        self._filler_sounds = False
        self._sounds_until: float | None = None
        self._audible_until: float | None = None
        self._bot_speaks = self._cut_off = False
        self._model_speaks = self._model_wrote = False
        self._voice_text = VoiceText()
        self.handlers = Handlers(
            {kind: self._telling(moment) for kind, moment in SAYS.items()}
            | {
                VADUserStartedSpeakingFrame: self._caller_started,
                VADUserStoppedSpeakingFrame: self._caller_stopped,
                TranscriptionFrame: self._transcript,
                LLMServiceMetadataFrame: self._model_told,
                ProposedUserStoppedSpeakingFrame: self._model_told,
                LLMFullResponseStartFrame: self._llm_started,
                ErrorFrame: self._failed,
                UserStoppedSpeakingFrame: self._turn_ended,
                InterruptionFrame: self._interrupted,
                LLMContextFrame: self._context,
                LLMTextFrame: self._token,
                LLMFullResponseEndFrame: self._llm_ended,
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
        if handler is None:
            return False
        owed = False
        if isinstance(frame, OutputAudioRawFrame):
            owed = self._to_write(data)
        elif (
            isinstance(frame, AggregatedTextFrame)
            and isinstance(data.source, TTSService)
            and frame.will_be_spoken
        ):
            # A text leaves the voice before its sound; it may have been seen on its way there.
            self._given.announced("" if isinstance(frame, TTSTextFrame) else frame.text)
        elif isinstance(frame, TTSStartedFrame | TTSStoppedFrame):
            self._sounds(data, frame)
        if isinstance(data.destination, TTSService):
            for moment in self._voice_text.takes(frame):
                self.watchdogs.see(moment, at=data.timestamp / 1e9)
                owed = True
        if frame.id in self._seen:
            return owed
        self._seen[frame.id] = frame
        if self._hearing.shows_in(frame, data.source):
            self.timeline.hears, self.watchdogs.hears = True, self._hearing.name
            self._transcribes(False)
        if data.direction is FrameDirection.UPSTREAM and not isinstance(frame, _UPSTREAM_TOO):
            return False
        return handler(data, data.timestamp / 1e9) is not False or owed

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
                provider=package_of(processor), model=model if isinstance(model, str) else ""
            )
        if isinstance(processor, STTService):
            self._stt = name
            self._transcribes(True)
        if isinstance(processor, TTSService):
            self._tts = name
        if isinstance(processor, BaseOutputTransport):
            self.transport = kind_of(processor) or package_of(processor)

    def _tell(
        self,
        moment: Moment,
        data: FramePushed,
        at: float,
        *,
        owner: str | None = None,
        secs: float = 0.0,
        key: str = "",
        name: str = "",
    ) -> None:
        owner = data.source.name if owner is None else owner
        mark = Mark(moment=moment, at=at, owner=owner, secs=secs, key=key, name=name)
        self.done += self.timeline.see(mark)
        self.stalls += self.watchdogs.see(moment, at=at, service=owner)
        self.conversation.see(moment, at=at)

    def _telling(self, moment: Moment) -> Handler:
        """Handle a kind of frame that says one thing and nothing else."""

        def handle(data: FramePushed, at: float) -> None:
            self._tell(moment, data, at)

        return handle

    def _caller_started(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, VADUserStartedSpeakingFrame)
        secs = None
        if isinstance(data.source, KnowsVoiceEdges):
            secs = data.source.voice_began_secs_ago()
        secs = data.frame.start_secs if secs is None else secs
        self._tell(Moment.CALLER_STARTED, data, at, secs=secs)

    def _caller_stopped(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, VADUserStoppedSpeakingFrame)
        secs = None
        if isinstance(data.source, KnowsVoiceEdges):
            secs = data.source.voice_ended_secs_ago()
        secs = data.frame.stop_secs if secs is None else secs
        self._tell(Moment.CALLER_STOPPED, data, at, owner=self._stt, secs=secs)

    def _transcript(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, TranscriptionFrame)
        if isinstance(data.source, DTMFAggregator):
            # Keys: nothing is heard of them, and who has pressed the last begins to wait.
            self._tell(Moment.CALLER_STOPPED, data, at)
        # A processor that changes the text pushes it as a new frame: the same words once more.
        elif (self._stt or self._hearing.name) and not isinstance(
            data.source, STTService | LLMService
        ):
            return
        elif self._hearing.name:
            self.conversation.caller_said(data.frame.text)
            self._words_known(data, at)
            return
        else:
            self._transcribes(True)
            self.conversation.caller_said(data.frame.text)
        self._tell(Moment.TRANSCRIPT, data, at)

    def _transcribes(self, known: bool) -> None:
        # What is written down beside a model that hears for itself, no answer waits for.
        known = known and not self._hearing.name
        self.timeline.transcribes = self.watchdogs.transcribes = known

    def _words_known(self, data: FramePushed, at: float) -> None:
        """See words of a model that hears for itself, which may come long after its answer."""
        mark = Mark(moment=Moment.SPOKE, at=at, owner=data.source.name, key=LATE)
        asked = self.timeline.waiting and self.timeline.has(Moment.TURN_ENDED)
        at_work = any(self.timeline.has(moment) for moment in _AT_WORK)
        self.done += self.timeline.see(mark)
        if asked and not at_work and not self.watchdogs.owes(StallKind.NO_ANSWER):
            # They were too short to be known as words by the voice.
            self.watchdogs.see(Moment.SPOKE, at=at)
            self.watchdogs.see(Moment.TURN_ENDED, at=at, service=self._hearing.name)

    def _model_told(self, data: FramePushed, at: float) -> None:
        """See that a model hears for itself; the frame has shown it, or tells what it heard."""
        heard = isinstance(data.frame, ProposedUserStoppedSpeakingFrame)
        if heard and self._hearing.is_at(data.source):
            self._tell(Moment.SPOKE, data, at)

    def _llm_started(self, data: FramePushed, at: float) -> None:
        if self._hearing.is_at(data.source):
            if self._hearing.asked:
                return
            self._hearing.asked = True
        self._model_wrote = False
        self._tell(Moment.LLM_STARTED, data, at)

    def _failed(self, data: FramePushed, at: float) -> None:
        if isinstance(data.source, LLMService):
            self._tell(Moment.LLM_FAILED, data, at)
        elif isinstance(data.source, TTSService):
            self._given.failed()

    def _turn_ended(self, data: FramePushed, at: float) -> None:
        model = self._hearing.name
        self._tell(Moment.TURN_ENDED, data, at, owner=model or data.source.name)
        if model and self.timeline.waiting and not self._hearing.asked:
            # Nobody else asks it.
            self._hearing.asked, self._model_wrote = True, False
            asked = Mark(moment=Moment.LLM_STARTED, at=at, owner=model)
            self.done += self.timeline.see(asked)
            if self.watchdogs.owes(StallKind.NO_ANSWER):
                self.watchdogs.see(Moment.LLM_STARTED, at=at, service=model)

    def _interrupted(self, data: FramePushed, at: float) -> None:
        self._cut_off = self._bot_speaks
        self._begun_since_cut.clear()
        self._given.dropped()
        self._voice_text.dropped()
        self._model_speaks = False
        self._hearing.interrupted()
        self._tell(Moment.INTERRUPTED, data, at)

    def _context(self, data: FramePushed, at: float) -> None:
        # The assistant's is what was said; nobody is asked.
        if not isinstance(data.source, LLMAssistantAggregator):
            self._tell(Moment.CONTEXT, data, at)

    def _token(self, data: FramePushed, at: float) -> bool:
        assert isinstance(data.frame, LLMTextFrame)
        if not data.frame.text.strip():
            # Some models say no more than a line break.
            return False
        self._model_wrote = True
        self._tell(Moment.TOKEN, data, at)
        return True

    def _llm_ended(self, data: FramePushed, at: float) -> None:
        self._tell(Moment.LLM_ENDED, data, at)
        if self._tts and not self._model_speaks:
            self.watchdogs.see(Moment.TEXT_UNDER_WAY, at=at)
        elif self._model_wrote and not self._model_speaks:
            # No voice is there to say it.
            self.watchdogs.see(Moment.SHOWN, at=at)
        self._model_speaks = self._hearing.asked = False

    def _tool_started(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, FunctionCallInProgressFrame)
        call = data.frame
        self._hearing.asked = False
        self._tell(Moment.TOOL_STARTED, data, at, key=call.tool_call_id, name=call.function_name)
        if call.cancel_on_interruption:
            if not self._awaited:
                self.watchdogs.see(Moment.TOOLS_AWAITED, at=at, service=call.function_name)
            self._awaited.add(call.tool_call_id)

    def _tool_ended(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, FunctionCallResultFrame | FunctionCallCancelFrame)
        call = data.frame
        self._tell(Moment.TOOL_ENDED, data, at, key=call.tool_call_id, name=call.function_name)
        self._awaited.discard(call.tool_call_id)
        if not self._awaited:
            self.watchdogs.see(Moment.TOOLS_DONE, at=at)

    def _sentence(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, AggregatedTextFrame)
        if data.frame.text_type in _NO_ANSWER:
            # A TTS service announces what it is about to speak, with the context it will be in.
            if data.frame.context_id:
                self._fillers.append(data.frame.context_id)
        elif not data.frame.will_be_spoken:
            self._tell(Moment.SENTENCE, data, at)

    def _tts_started(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, TTSStartedFrame)
        if not self._speaks(data.source):
            # A recording, such as an apology.
            if data.frame.context_id and not data.frame.append_to_context:
                self._fillers.append(data.frame.context_id)
            return
        self._given.began()
        self._begun_since_cut.append(data.frame.context_id)
        self._tell(Moment.TTS_STARTED, data, at)

    def _tts_stopped(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, TTSStoppedFrame)
        if self._speaks(data.source):
            self._tell(Moment.TTS_STOPPED, data, at)
            # What only filled a wait is not missed.
            if self._given.ended() and data.frame.context_id not in self._fillers:
                kind, service = StallKind.SPEECH_CUT_SHORT, data.source.name
                self.stalls.append(Stall(kind=kind, service=service, elapsed_secs=0.0, at=at))

    def _spoken(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, TTSTextFrame)
        if self._speaks(data.source):
            self.conversation.agent_said(data.frame.text)

    def _audio(self, data: FramePushed, at: float) -> bool:
        assert isinstance(data.frame, OutputAudioRawFrame)
        if isinstance(data.source, BaseOutputTransport):
            return self._written(data, data.frame, at)
        if not self._speaks(data.source):
            return False
        secs = frame_secs(data.frame)
        self._given.sounded(secs)
        name = data.source.name
        given_until = self._hearing.gave(secs, at) if self._hearing.is_at(data.source) else at
        follows = self.watchdogs.more_audio(given_until)
        if not follows:
            self.stalls += self.watchdogs.see(Moment.AUDIO, at=given_until, service=name)
        if isinstance(data.source, LLMService) and not self._model_speaks:
            self._model_speaks = True
            spoke = Mark(moment=Moment.MODEL_SPOKE, at=at, owner=name)
            self.done += self.timeline.see(spoke)
            self.watchdogs.see(Moment.MODEL_SPOKE, at=at)
        if not self.timeline.waiting:
            return not follows
        if getattr(data.frame, "context_id", None) not in self._fillers:
            self.done += self.timeline.see(Mark(moment=Moment.AUDIO, at=at, owner=name))
        return True

    def _to_write(self, data: FramePushed) -> bool:
        """See audio reach the transport; whatever stands before it may hold it back with reason."""
        known = self.watchdogs.owes(StallKind.NO_AUDIO_WRITTEN)
        if known or not isinstance(data.destination, BaseOutputTransport):
            return False
        self.watchdogs.see(Moment.TO_WRITE, at=data.timestamp / 1e9)
        return self.watchdogs.owes(StallKind.NO_AUDIO_WRITTEN)

    def _sounds(self, data: FramePushed, frame: TTSStartedFrame | TTSStoppedFrame) -> None:
        """See speech begin or end at the transport: both leave it in their place among the audio.

        That audio is cut anew and tells no longer whose it is.
        """
        if isinstance(data.source, BaseOutputTransport):
            begins = isinstance(frame, TTSStartedFrame)
            if begins and frame.context_id in self._begun_since_cut:
                # Whatever outlasted the interruption, an apology as it may be, is over.
                self._cut_off = False
            self._filler_sounds = begins and frame.context_id in self._fillers

    def _speaks(self, source: FrameProcessor) -> bool:
        """Whether speech begins here; a processor behind the voice pushes it on as new frames."""
        return isinstance(source, AIService) or not (self._tts or self._hearing.name)

    def _written(self, data: FramePushed, frame: OutputAudioRawFrame, at: float) -> bool:
        secs = frame_secs(frame)
        hole = 0.0 if self._sounds_until is None else at - self._sounds_until
        broken = self._hole_secs is not None and hole > self._hole_secs
        broke_off = broken and not self.timeline.ducked(since=at - hole)
        if broke_off:
            name = data.source.name
            self.stalls.append(
                Stall(kind=StallKind.AUDIO_UNDERRUN, service=name, elapsed_secs=hole, at=at)
            )
        begins = max(at, self._sounds_until or at)
        self._sounds_until = begins + secs
        if audible := len(frame.audio.rstrip(b"\0")):
            self._audible_until = begins + secs * audible / len(frame.audio)
        if self._cut_off:
            # The interruption is still on its way, or cuts no apology; neither answers anything.
            self.watchdogs.see(Moment.FILLER_WRITTEN, at=at)
            return broke_off
        if self.timeline.speaking:
            awaited = self.watchdogs.owes(StallKind.NO_AUDIO_WRITTEN)
            if awaited or self.watchdogs.owes(StallKind.NO_ANSWER):
                self._tell(Moment.WRITTEN, data, at)
            return awaited or broke_off
        self._tell(Moment.FILLER_WRITTEN if self._filler_sounds else Moment.WRITTEN, data, at)
        if self.tells_answers and (answered := self.timeline.answered(at)):
            self.answered.append(answered)
        return True

    def _bot_started(self, data: FramePushed, at: float) -> None:
        # A chunk that was being written when the agent was cut off may come after its silence.
        self._sounds_until = None
        self._bot_speaks = True
        self._tell(Moment.BOT_STARTED, data, at)

    def _bot_stopped(self, data: FramePushed, at: float) -> None:
        # Before an interruption the agent may have fallen silent already.
        silent_secs = 0.0 if self._audible_until is None else max(0.0, at - self._audible_until)
        self._sounds_until = self._audible_until = None
        self._bot_speaks = self._cut_off = False
        self._tell(Moment.BOT_STOPPED, data, at, secs=silent_secs)

    def _metrics(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, MetricsFrame)
        for metrics in data.frame.data:
            match metrics:
                case TTFBMetricsData():
                    moment = Moment.FIRST_CHUNK
                case TextAggregationMetricsData():
                    moment = Moment.AGGREGATED
                case _:
                    add_usage(metrics, self.services, self.usage)
                    continue
            if metrics.value > 0:
                owner, secs = metrics.processor, metrics.value
                self._tell(moment, data, at, owner=owner, secs=secs)
