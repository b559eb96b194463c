"""What the frames of the agent's voice say, from its text to the sound that is written."""

from collections import deque

from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    OutputAudioRawFrame,
    SpeechOutputAudioRawFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.ai_service import AIService
from pipecat.services.llm_service import LLMService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport

from antiphon.core.audio import frame_secs
from antiphon.core.frames import UNASKED_TEXT
from antiphon.processors.latency.call_cores import CallCores
from antiphon.processors.latency.core.given_speech import GivenSpeech
from antiphon.processors.latency.core.moments import Mark, Moment
from antiphon.processors.latency.core.watchdogs import Stall, StallKind
from antiphon.processors.latency.frame_kinds import FILLER_TEXT, Handler
from antiphon.processors.latency.hearing_model import HearingModel
from antiphon.processors.latency.voice_text import VoiceText

__all__ = ["VoiceFrames"]

_NO_ANSWER = (FILLER_TEXT, UNASKED_TEXT)


class VoiceFrames:
    """Follows the agent's voice, whoever gives it.

    Attributes:
        name: The processor that is the voice; empty if none is.
        model_speaks: Whether a model is giving sound itself.
        handlers: Who takes in each kind of frame.
    """

    def __init__(self, cores: CallCores, hearing: HearingModel, *, hole_secs: float | None) -> None:
        """Begin before anything is said.

        Args:
            cores: What is told of it.
            hearing: The model that hears for itself.
            hole_secs: How long a hole in the sound may be; None for any length.
        """
        self.name = ""
        self.model_speaks = False
        self._cores = cores
        self._hearing = hearing
        self._hole_secs = hole_secs
        self._fillers: deque[str] = deque(maxlen=16)
        self._begun_since_cut: deque[str | None] = deque(maxlen=16)
        self._given = GivenSpeech()
        self._text = VoiceText()
        self._filler_sounds = False
        self._sounds_until: float | None = None
        self._audible_until: float | None = None
        self._bot_speaks = self._cut_off = False
        self.handlers: dict[type[Frame], Handler] = {
            AggregatedTextFrame: self._sentence,
            TTSStartedFrame: self._tts_started,
            TTSAudioRawFrame: self._audio,
            SpeechOutputAudioRawFrame: self._audio,
            TTSStoppedFrame: self._tts_stopped,
            TTSTextFrame: self._spoken,
            BotStartedSpeakingFrame: self._bot_started,
            BotStoppedSpeakingFrame: self._bot_stopped,
        }

    def passes(self, data: FramePushed) -> bool:
        """Take in where a frame is, each time that it is pushed.

        Args:
            data: The push; its time is that of the pipeline's clock.

        Returns:
            Whether something is owed now.
        """
        frame, owed = data.frame, False
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
            for moment in self._text.takes(frame):
                self._cores.watchdogs.see(moment, at=data.timestamp / 1e9)
                owed = True
        return owed

    def failed(self) -> None:
        """The voice has told that it failed."""
        self._given.failed()

    def interrupted(self) -> None:
        """What was to be said is dropped."""
        self._cut_off = self._bot_speaks
        self._begun_since_cut.clear()
        self._given.dropped()
        self._text.dropped()
        self.model_speaks = False

    def _sentence(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, AggregatedTextFrame)
        if data.frame.text_type in _NO_ANSWER:
            # A TTS service announces what it is about to speak, with the context it will be in.
            if data.frame.context_id:
                self._fillers.append(data.frame.context_id)
        elif not data.frame.will_be_spoken:
            self._cores.tell(Moment.SENTENCE, data, at)

    def _tts_started(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, TTSStartedFrame)
        if not self._speaks(data.source):
            # A recording, such as an apology.
            if data.frame.context_id and not data.frame.append_to_context:
                self._fillers.append(data.frame.context_id)
            return
        self._given.began()
        self._begun_since_cut.append(data.frame.context_id)
        self._cores.tell(Moment.TTS_STARTED, data, at)

    def _tts_stopped(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, TTSStoppedFrame)
        if self._speaks(data.source):
            self._cores.tell(Moment.TTS_STOPPED, data, at)
            # What only filled a wait is not missed.
            if self._given.ended() and data.frame.context_id not in self._fillers:
                kind, service = StallKind.SPEECH_CUT_SHORT, data.source.name
                self._cores.stalls.append(
                    Stall(kind=kind, service=service, elapsed_secs=0.0, at=at)
                )

    def _spoken(self, data: FramePushed, at: float) -> None:
        assert isinstance(data.frame, TTSTextFrame)
        if self._speaks(data.source):
            self._cores.conversation.agent_said(data.frame.text)

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
        follows = self._cores.watchdogs.more_audio(given_until)
        if not follows:
            self._cores.stalls += self._cores.watchdogs.see(
                Moment.AUDIO, at=given_until, service=name
            )
        if isinstance(data.source, LLMService) and not self.model_speaks:
            self.model_speaks = True
            self._cores.mark(Mark(moment=Moment.MODEL_SPOKE, at=at, owner=name))
            self._cores.watchdogs.see(Moment.MODEL_SPOKE, at=at)
        if not self._cores.timeline.waiting:
            return not follows
        if getattr(data.frame, "context_id", None) not in self._fillers:
            self._cores.mark(Mark(moment=Moment.AUDIO, at=at, owner=name))
        return True

    def _to_write(self, data: FramePushed) -> bool:
        """See audio reach the transport; whatever stands before it may hold it back with reason."""
        known = self._cores.watchdogs.owes(StallKind.NO_AUDIO_WRITTEN)
        if known or not isinstance(data.destination, BaseOutputTransport):
            return False
        self._cores.watchdogs.see(Moment.TO_WRITE, at=data.timestamp / 1e9)
        return self._cores.watchdogs.owes(StallKind.NO_AUDIO_WRITTEN)

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
        return isinstance(source, AIService) or not (self.name or self._hearing.name)

    def _written(self, data: FramePushed, frame: OutputAudioRawFrame, at: float) -> bool:
        secs = frame_secs(frame)
        hole = 0.0 if self._sounds_until is None else at - self._sounds_until
        broken = self._hole_secs is not None and hole > self._hole_secs
        broke_off = broken and not self._cores.timeline.ducked(since=at - hole)
        if broke_off:
            name = data.source.name
            self._cores.stalls.append(
                Stall(kind=StallKind.AUDIO_UNDERRUN, service=name, elapsed_secs=hole, at=at)
            )
        begins = max(at, self._sounds_until or at)
        self._sounds_until = begins + secs
        if audible := len(frame.audio.rstrip(b"\0")):
            self._audible_until = begins + secs * audible / len(frame.audio)
        if self._cut_off:
            # The interruption is still on its way, or cuts no apology; neither answers anything.
            self._cores.watchdogs.see(Moment.FILLER_WRITTEN, at=at)
            return broke_off
        if self._cores.timeline.speaking:
            awaited = self._cores.watchdogs.owes(StallKind.NO_AUDIO_WRITTEN)
            if awaited or self._cores.watchdogs.owes(StallKind.NO_ANSWER):
                self._cores.tell(Moment.WRITTEN, data, at)
            return awaited or broke_off
        self._cores.tell(Moment.FILLER_WRITTEN if self._filler_sounds else Moment.WRITTEN, data, at)
        if self._cores.tells_answers and (answered := self._cores.timeline.answered(at)):
            self._cores.answered.append(answered)
        return True

    def _bot_started(self, data: FramePushed, at: float) -> None:
        # A chunk that was being written when the agent was cut off may come after its silence.
        self._sounds_until = None
        self._bot_speaks = True
        self._cores.tell(Moment.BOT_STARTED, data, at)

    def _bot_stopped(self, data: FramePushed, at: float) -> None:
        # Before an interruption the agent may have fallen silent already.
        silent_secs = 0.0 if self._audible_until is None else max(0.0, at - self._audible_until)
        self._sounds_until = self._audible_until = None
        self._bot_speaks = self._cut_off = False
        self._cores.tell(Moment.BOT_STOPPED, data, at, secs=silent_secs)
