"""From Pipecat's frames to the cores: what each frame of a call says about its latency."""

from weakref import WeakValueDictionary

from pipecat.frames.frames import (
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
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
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

from antiphon.core.by_kind import ByKind
from antiphon.core.frames import NodeEnteredFrame
from antiphon.core.protocols import KnowsVoiceEdges
from antiphon.core.transport_kinds import kind_of
from antiphon.processors.latency.call_cores import CallCores
from antiphon.processors.latency.core.moments import LATE, Mark, Moment
from antiphon.processors.latency.core.nodes import Nodes
from antiphon.processors.latency.core.prices import Usage
from antiphon.processors.latency.core.turn_latency import Service
from antiphon.processors.latency.core.watchdogs import StallKind, WatchdogLimits
from antiphon.processors.latency.frame_kinds import SAYS, Handler, add_usage, package_of
from antiphon.processors.latency.hearing_model import HearingModel
from antiphon.processors.latency.voice_frames import VoiceFrames

__all__ = ["FrameEvents"]

_AT_WORK = (Moment.TOKEN, Moment.MODEL_SPOKE, Moment.TOOL_STARTED)

# Pushed upstream alone by some services; everything else that matters also goes downstream.
_UPSTREAM_TOO = (ErrorFrame, TranscriptionFrame, UserBackchannelFrame)


class FrameEvents:
    """Follows one call, and tells its cores.

    Attributes:
        cores: What the call comes to.
        nodes: The nodes of its flow, if it has one.
        usage: What it costs.
        services: Who is behind each processor, by the processor's name.
        processors: All that are in the pipeline, by name.
        transport: The kind of transport.
        handlers: Who takes in each kind of frame: most, such as the caller's audio, nobody.
    """

    def __init__(self, limits: WatchdogLimits) -> None:
        """Start at the beginning of a call.

        Args:
            limits: When something is overdue.
        """
        self.cores = CallCores(limits)
        self.nodes = Nodes()
        self.usage = Usage()
        self.services: dict[str, Service] = {}
        self.processors: dict[str, FrameProcessor] = {}
        self.transport = ""
        self._stt = ""
        self._hearing = HearingModel()
        self._voice = VoiceFrames(self.cores, self._hearing, hole_secs=limits.audio_underrun)
        # Held weakly: an entry goes with its frame.
        self._seen: WeakValueDictionary[int, Frame] = WeakValueDictionary()
        self._awaited: set[str] = set()
        self._model_wrote = False
        self._transcribes(False)
        nobody: dict[type[Frame], Handler | None] = {Frame: None}
        self.handlers = ByKind(
            nobody
            | {kind: self._telling(moment) for kind, moment in SAYS.items()}
            | self._voice.handlers
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
                MetricsFrame: self._metrics,
                NodeEnteredFrame: self._node_entered,
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
        owed = self._voice.passes(data)
        if frame.id in self._seen:
            return owed
        self._seen[frame.id] = frame
        if self._hearing.shows_in(frame, data.source):
            self.cores.timeline.hears, self.cores.watchdogs.hears = True, self._hearing.name
            self._transcribes(False)
        if data.direction is FrameDirection.UPSTREAM and not isinstance(frame, _UPSTREAM_TOO):
            return False
        return handler(data, data.timestamp / 1e9) is not False or owed

    def see(self, moment: Moment, at: float) -> None:
        """Take in a moment that no frame tells."""
        self.cores.mark(Mark(moment=moment, at=at))

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
            self._voice.name = name
        if isinstance(processor, BaseOutputTransport):
            self.transport = kind_of(processor) or package_of(processor)

    def _telling(self, moment: Moment) -> Handler:
        """Handle a kind of frame that says one thing and nothing else."""

        def handle(data: FramePushed, at: float) -> None:
            self.cores.tell(moment, data, at)

        return handle

    def _node_entered(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, NodeEnteredFrame)
        self.nodes.enter(data.frame.node, at=at)

    def _caller_started(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, VADUserStartedSpeakingFrame)
        secs = None
        if isinstance(data.source, KnowsVoiceEdges):
            secs = data.source.voice_began_secs_ago()
        secs = data.frame.start_secs if secs is None else secs
        self.cores.tell(Moment.CALLER_STARTED, data, at, secs=secs)

    def _caller_stopped(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, VADUserStoppedSpeakingFrame)
        secs = None
        if isinstance(data.source, KnowsVoiceEdges):
            secs = data.source.voice_ended_secs_ago()
        secs = data.frame.stop_secs if secs is None else secs
        self.cores.tell(Moment.CALLER_STOPPED, data, at, owner=self._stt, secs=secs)

    def _transcript(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, TranscriptionFrame)
        if isinstance(data.source, DTMFAggregator):
            # Keys: nothing is heard of them, and who has pressed the last begins to wait.
            self.cores.tell(Moment.CALLER_STOPPED, data, at)
        # A processor that changes the text pushes it as a new frame: the same words once more.
        elif (self._stt or self._hearing.name) and not isinstance(
            data.source, STTService | LLMService
        ):
            return
        elif self._hearing.name:
            self.cores.conversation.caller_said(data.frame.text)
            self._words_known(data, at)
            return
        else:
            self._transcribes(True)
            self.cores.conversation.caller_said(data.frame.text)
        self.cores.tell(Moment.TRANSCRIPT, data, at)

    def _transcribes(self, known: bool) -> None:
        # What is written down beside a model that hears for itself, no answer waits for.
        known = known and not self._hearing.name
        self.cores.timeline.transcribes = self.cores.watchdogs.transcribes = known

    def _words_known(self, data: FramePushed, at: float) -> None:
        """See words of a model that hears for itself, which may come long after its answer."""
        mark = Mark(moment=Moment.SPOKE, at=at, owner=data.source.name, key=LATE)
        asked = self.cores.timeline.waiting and self.cores.timeline.has(Moment.TURN_ENDED)
        at_work = any(self.cores.timeline.has(moment) for moment in _AT_WORK)
        self.cores.mark(mark)
        if asked and not at_work and not self.cores.watchdogs.owes(StallKind.NO_ANSWER):
            # They were too short to be known as words by the voice.
            self.cores.watchdogs.see(Moment.SPOKE, at=at)
            self.cores.watchdogs.see(Moment.TURN_ENDED, at=at, service=self._hearing.name)

    def _model_told(self, data: FramePushed, at: float) -> None:
        """See that a model hears for itself; the frame has shown it, or tells what it heard."""
        heard = isinstance(data.frame, ProposedUserStoppedSpeakingFrame)
        if heard and self._hearing.is_at(data.source):
            self.cores.tell(Moment.SPOKE, data, at)

    def _llm_started(self, data: FramePushed, at: float) -> None:
        if self._hearing.is_at(data.source):
            if self._hearing.asked:
                return
            self._hearing.asked = True
        self._model_wrote = False
        self.cores.tell(Moment.LLM_STARTED, data, at)

    def _failed(self, data: FramePushed, at: float) -> None:
        if isinstance(data.source, LLMService):
            self.cores.tell(Moment.LLM_FAILED, data, at)
        elif isinstance(data.source, TTSService):
            self._voice.failed()

    def _turn_ended(self, data: FramePushed, at: float) -> None:
        model = self._hearing.name
        self.cores.tell(Moment.TURN_ENDED, data, at, owner=model or data.source.name)
        if model and self.cores.timeline.waiting and not self._hearing.asked:
            # Nobody else asks it.
            self._hearing.asked, self._model_wrote = True, False
            self.cores.mark(Mark(moment=Moment.LLM_STARTED, at=at, owner=model))
            if self.cores.watchdogs.owes(StallKind.NO_ANSWER):
                self.cores.watchdogs.see(Moment.LLM_STARTED, at=at, service=model)

    def _interrupted(self, data: FramePushed, at: float) -> None:
        self._voice.interrupted()
        self._hearing.interrupted()
        self.cores.tell(Moment.INTERRUPTED, data, at)

    def _context(self, data: FramePushed, at: float) -> None:
        # The assistant's is what was said; nobody is asked.
        if not isinstance(data.source, LLMAssistantAggregator):
            self.cores.tell(Moment.CONTEXT, data, at)

    def _token(self, data: FramePushed, at: float) -> bool:
        assert isinstance(data.frame, LLMTextFrame)
        if not data.frame.text.strip():
            # Some models say no more than a line break.
            return False
        self._model_wrote = True
        self.cores.tell(Moment.TOKEN, data, at)
        return True

    def _llm_ended(self, data: FramePushed, at: float) -> None:
        self.cores.tell(Moment.LLM_ENDED, data, at)
        if self._voice.name and not self._voice.model_speaks:
            self.cores.watchdogs.see(Moment.TEXT_UNDER_WAY, at=at)
        elif self._model_wrote and not self._voice.model_speaks:
            # No voice is there to say it.
            self.cores.watchdogs.see(Moment.SHOWN, at=at)
        self._voice.model_speaks = self._hearing.asked = False

    def _tool_started(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, FunctionCallInProgressFrame)
        call = data.frame
        self._hearing.asked = False
        self.cores.tell(
            Moment.TOOL_STARTED, data, at, key=call.tool_call_id, name=call.function_name
        )
        if call.cancel_on_interruption:
            if not self._awaited:
                self.cores.watchdogs.see(Moment.TOOLS_AWAITED, at=at, service=call.function_name)
            self._awaited.add(call.tool_call_id)

    def _tool_ended(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, FunctionCallResultFrame | FunctionCallCancelFrame)
        call = data.frame
        self.cores.tell(Moment.TOOL_ENDED, data, at, key=call.tool_call_id, name=call.function_name)
        self._awaited.discard(call.tool_call_id)
        if not self._awaited:
            self.cores.watchdogs.see(Moment.TOOLS_DONE, at=at)

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
                self.cores.tell(moment, data, at, owner=owner, secs=secs)
