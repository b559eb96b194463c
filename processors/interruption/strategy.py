"""Deciding, in a running call, whether the caller's voice starts a turn.

Stands first among the start strategies. What the caller says over the agent is judged here and
nowhere else; what is said while the agent is silent goes on to the strategies behind it.
"""

import asyncio

from loguru import logger
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    STTMetadataFrame,
    TranscriptionFrame,
    UserBackchannelFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start import BaseUserTurnStartStrategy

from antiphon.core.road import flattened
from antiphon.core.turns import TurnEvent, TurnSnapshot, TurnTracker
from antiphon.processors.interruption.agent import BUSY, AgentActivity
from antiphon.processors.interruption.behind import StrategiesBehind
from antiphon.processors.interruption.deciders import Deciders
from antiphon.processors.interruption.decision import (
    Action,
    AgentState,
    Decider,
    Decision,
)
from antiphon.processors.interruption.echo import ECHO
from antiphon.processors.interruption.gate import PlaybackGate
from antiphon.processors.interruption.settings import InterruptionSettings
from antiphon.processors.interruption.speech import LATE_SECS, NEXT_WORDS_SECS, Speech
from antiphon.processors.interruption.stops import StopStrategies
from antiphon.processors.interruption.ticker import Ticker
from antiphon.processors.interruption.user_aggregators import UserAggregators
from antiphon.processors.interruption.voice import AgentVoice
from antiphon.processors.interruption.voice_level import VoiceLevel
from antiphon.processors.interruption.wordless import WordlessVoices
from antiphon.processors.safe_processor import serves_only

__all__ = ["InterruptionStrategy"]

# What tells of the caller's voice, words or turn.
_OF_THE_CALLER = (
    *(InputAudioRawFrame, VADUserStartedSpeakingFrame, VADUserStoppedSpeakingFrame),
    *(TranscriptionFrame, InterimTranscriptionFrame),
    *(ProposedUserStartedSpeakingFrame, ProposedUserStoppedSpeakingFrame),
)
# By then the words of a voice that has ended are told, but for the last.
_WORDS_LAG_SECS = 0.4
# Whose turn begins when they have been silent for so long has said all of it.
_SAID_ALL_SECS = 1.0


class InterruptionStrategy(BaseUserTurnStartStrategy):
    """Starts a turn for callers who mean to interrupt, and for nobody else.

    Put it first: `UserTurnStrategies(start=[strategy, *others])`. It judges what is said over the
    agent; what is said while the agent is silent it leaves to the others. Before it interrupts, the
    others have to agree: one that waits for a wake phrase behind it is as good as in front.

    Event handlers available:

    - on_decision(strategy, decision): an utterance over the agent was settled.
    - on_state(strategy, snapshot): the conversation's `TurnSnapshot` changed.
    """

    def __init__(
        self,
        *,
        settings: InterruptionSettings | None = None,
        playback: PlaybackGate | None = None,
        decider: Decider | None = None,
    ) -> None:
        """Create the strategy.

        Args:
            settings: How callers interrupt.
            playback: The gate to duck and hold, and to ask what the agent is saying. Without it the
                agent talks on at full loudness until an interruption, and questions are not known.
            decider: Asked before ours, which decides where it fails or takes too long.
        """
        self.settings = settings or InterruptionSettings()
        super().__init__(enable_interruptions=self.settings.enable_interruptions)
        self.interruptible = True
        """Set it to False while the agent says what must be heard to its end."""
        self._ending = False
        # Its words come when they come, often behind its answer to them: they are no new voice.
        self.model_hears = False
        self.service_decides = False
        """Set it to True where a service has already cut its reply when it tells of a turn."""
        self._voice = AgentVoice(playback)
        self._decider = Deciders(self.settings, decider)
        self._speech: Speech | None = None
        self._turn_open = self._has_words = self._sounds = False
        self._told_at: float | None = None
        self._agent = AgentActivity()
        self._current: Frame | None = None
        self._cuts = False
        self._level = VoiceLevel()
        self._wordless = WordlessVoices(self._level, self.settings.silent_hold_limit_secs)
        self._ticker = Ticker(self, self._look)
        self._aggregators = UserAggregators(self._forget)
        self._behind = StrategiesBehind(self)
        self._stops = StopStrategies(self)
        self._tracker = TurnTracker()
        self._register_event_handler("on_decision")
        self._register_event_handler("on_state")

    @property
    def snapshot(self) -> TurnSnapshot:
        """Where the conversation stands."""
        return self._tracker.snapshot

    async def _track(self, event: TurnEvent) -> None:
        before = self._tracker.snapshot
        if (snapshot := self._tracker.take(event, heard_secs=self._voice.heard_secs)) is not before:
            await self._call_event_handler("on_state", snapshot)

    async def setup(  # type: ignore[override] # as BaseUserTurnStartStrategy has it
        self, setup: FrameProcessorSetup
    ) -> None:
        """Prepare for a call.

        Args:
            setup: Pipecat's setup.
        """
        if not await serves_only(self, setup.pipeline_worker):
            return
        await super().setup(setup)
        processors = list(flattened(setup.pipeline_worker.pipeline))
        await self._behind.setup(setup, processors)
        self._voice.watch(processors)
        self._aggregators.watch(processors)
        self._stops.watch(processors)
        self._wordless.watch(processors)

    async def cleanup(self) -> None:
        """Stop watching."""
        self._aggregators.release()
        await self._ticker.stop()
        await self._behind.cleanup()
        await super().cleanup()

    async def handle_user_turn_started(self) -> None:
        """Leave all to the turn that has begun."""
        self._turn_open = True
        self._speech = self._told_at = None
        self._agent.turn_started()
        await self._behind.turn_started()
        await self._track(TurnEvent.CALLER_STARTED)

    async def handle_user_turn_stopped(self) -> None:
        """Judge again, and never leave the agent silenced by a turn that did not interrupt it."""
        self._turn_open = False
        self._told_at = None
        if self._has_words:
            self._agent.turn_stopped(_now())
        self._has_words = False
        await self._behind.turn_stopped()
        if not self._cuts:
            self._voice.go_on()
        self._cuts = False
        await self._track(TurnEvent.CALLER_STOPPED)

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        """Judge a frame.

        Args:
            frame: The frame.

        Returns:
            STOP where the frame belongs to an utterance over the agent.
        """
        if self.service_decides and isinstance(frame, _OF_THE_CALLER):
            return ProcessFrameResult.CONTINUE
        self._current = frame
        result = await self._take(frame)
        self._current = None
        if result is ProcessFrameResult.CONTINUE:
            return await self._behind.process_frame(frame)
        return result

    async def _take(self, frame: Frame) -> ProcessFrameResult:
        over = self._agent.see(frame, _now())
        match frame:
            case InputAudioRawFrame():
                if self._speech and self._speech.speaking:
                    self._level.hear(frame.audio, _now())
            case VADUserStartedSpeakingFrame():
                self._sounds = True
                self._aggregators.doubles.voice_began(_now() - frame.start_secs)
                return await self._voice_began(frame)
            case VADUserStoppedSpeakingFrame():
                self._sounds = False
                self._aggregators.doubles.voice_ended(_now() - frame.stop_secs)
                await self._voice_ended(frame.stop_secs)
            case TranscriptionFrame() if self._aggregators.emptied(frame):
                return ProcessFrameResult.STOP
            case STTMetadataFrame():
                self._wordless.finals_take(frame.ttfs_p99_latency)
            case InterimTranscriptionFrame() if self.model_hears:
                # Pieces of what is over; of "don't stop" one may be the second word alone.
                pass
            case InterimTranscriptionFrame():
                self._aggregators.doubles.interim()
                self._wordless.interim()
                return await self._heard(frame)
            case TranscriptionFrame():
                self._wordless.final()
                return await self._heard(frame)
            case ProposedUserStartedSpeakingFrame():
                # From a service that finds turns itself, but not whether this is meant for one.
                if not self._turn_open and self._agent_state(_now()) in BUSY:
                    return ProcessFrameResult.STOP
            case ProposedUserStoppedSpeakingFrame() if self._speech:
                self._speech.frames.append(frame)
            case EndFrame():
                # What is said now is a goodbye, behind which nothing could be answered.
                self._ending = True
            case BotStartedSpeakingFrame():
                await self._track(TurnEvent.AGENT_STARTED)
            case BotStoppedSpeakingFrame():
                if self._voice.fills:
                    self._agent.thinks_on()
                await self._track(TurnEvent.AGENT_STOPPED)
            case _:
                pass
        if over:
            await self._settle_pending()
        return ProcessFrameResult.CONTINUE

    # What was noticed.

    async def _voice_began(self, frame: VADUserStartedSpeakingFrame) -> ProcessFrameResult:
        if self._turn_open:
            return ProcessFrameResult.CONTINUE
        speech = self._speech
        if speech is None or speech.settled is not None:
            onset = _now() - frame.start_secs
            speech = self._speech = self._begin(onset)
            if speech is None:
                return ProcessFrameResult.CONTINUE
            if self.model_hears:
                # Of the turn before, which is answered; what is ignored is dropped with all words.
                await self._aggregators.write_down()
        speech.speaking, speech.over_filler = True, self._voice.fills
        self._level.begin()
        await self._behind.ask(frame)
        if self._may_interrupt() and self._behind.agree and self._voice.duck():
            await self._track(TurnEvent.DUCKED)
            if speech.state is not AgentState.SPEAKING or self._agent.has_just_begun(_now()):
                # It says next to nothing yet: what it is about to say waits until this is clear.
                self._hold(speech)
        return ProcessFrameResult.STOP

    async def _voice_ended(self, stop_secs: float) -> None:
        speech = self._speech
        if speech and speech.speaking:
            speech.speaking = False
            speech.ended = _now() - stop_secs
            await self._judge(speech)

    async def _heard(
        self, frame: TranscriptionFrame | InterimTranscriptionFrame
    ) -> ProcessFrameResult:
        words = isinstance(frame, TranscriptionFrame) and bool(frame.text.strip())
        if self._turn_open or not frame.text.strip():
            self._has_words |= words
            self._await_more(frame)
            # Without a word it is a cough's, and Pipecat's strategies would begin a turn.
            over = not self._turn_open and self._agent_state(_now()) in BUSY
            return ProcessFrameResult.STOP if over else ProcessFrameResult.CONTINUE
        speech = self._speech
        if speech and speech.settled is not None and _now() - speech.settled > LATE_SECS:
            speech = None
        if self.model_hears and not (speech and speech.told_by(frame)):
            self._has_words |= words
            if speech and words:
                # With the words of this sound they would be dropped.
                await self._aggregators.write_down()
            return ProcessFrameResult.CONTINUE
        if speech is None:
            onset = _now() - self.settings.late_transcript_secs
            speech = self._begin(onset) or self._begin(_now())
            if speech is None:
                # Others begin a turn for it, as for keys.
                self._has_words |= words
                return ProcessFrameResult.CONTINUE
            if speech.state is AgentState.THINKING and self._agent.speaking:
                speech.state = AgentState.SPEAKING
            self._speech = speech
        speech.take(frame, _now())
        await self._behind.ask(frame)
        self._ticker.start()
        await self._judge(speech)
        return ProcessFrameResult.STOP

    def _await_more(self, frame: TranscriptionFrame | InterimTranscriptionFrame) -> None:
        """Look whether the caller of an open turn says more, or another voice is heard."""
        if self._turn_open and frame.text.strip():
            self._told_at = _now() if isinstance(frame, TranscriptionFrame) else None
            self._ticker.start()

    def _begin(self, onset: float) -> Speech | None:
        """Open an utterance, if the agent was busy when the caller began."""
        state = self._agent_state(onset)
        if state is AgentState.SILENT:
            return None
        self._decider.reset()
        self._behind.forget()
        self._ticker.start()
        return Speech(
            onset=onset,
            state=state,
            asked=self._voice.asked(_now() - onset),
            agent_text=self._voice.text,
            ended=_now(),
        )

    def _agent_state(self, at: float) -> AgentState:
        # A phone may still play what was sent.
        sounds = not self._agent.speaking and self._voice.late(_now())
        return AgentState.SPEAKING if sounds or self._voice.held else self._agent.state(at)

    # Judging it.

    async def _judge(self, speech: Speech) -> None:
        if speech is not self._speech or speech.settled is not None or speech.pending:
            return
        now = _now()
        utterance = speech.utterance(
            now,
            sounding=self._level.sounds(now),
            transcribed=self._stops.wait_for_words,
            told_early=self._wordless.tells_early,
            own_words=self._voice.own_words,
        )
        decision = self._behind.decision or await self._decider.decide(utterance)
        if speech is not self._speech or speech.settled is not None:
            return
        if decision.reason == ECHO:
            self._wordless.echoed()
        if not self._behind.agree:
            # As without ours: they keep or drop the words themselves.
            if not speech.speaking:
                speech.settle(now)
        elif decision.action is Action.IGNORE or self._wordless.in_vain(speech, now):
            await self._ignore(speech, decision)
        elif decision.action is Action.INTERRUPT:
            await self._interrupt(speech, decision)
        elif decision.action is Action.HOLD:
            if speech.words or self._wordless.may_hold(asked=speech.asked):
                self._hold(speech)
        elif decision.reason == ECHO:
            speech.held_since = None
            self._voice.go_on()
        elif speech.held_since and speech.words and (utterance.silence_secs or 0) > _WORDS_LAG_SECS:
            # It seems to be a comment, but a word may be missing yet.
            speech.held_since = None
            self._voice.go_on(quietly=True)

    def _hold(self, speech: Speech) -> None:
        """Have the agent fall silent, and lose nothing."""
        allowed = self._may_interrupt() and self.settings.enable_interruptions
        if allowed and self._voice.hold() and speech.held_since is None:
            speech.held_since = _now()

    async def _forget(self, *_: object) -> None:
        """Let go of what a muted caller has begun to say: of its end, nothing is heard."""
        if self._speech:
            self._speech = None
            self._voice.go_on()
            await self._track(TurnEvent.RESTORED)

    def _may_interrupt(self) -> bool:
        return self.interruptible and not (self._ending or self._voice.protected)

    async def _interrupt(self, speech: Speech, decision: Decision) -> None:
        if not self._may_interrupt():
            # What must be heard would wait in a silent agent for the turn that waits for it.
            self._voice.go_on()
            speech.pending = True
            return
        if self.settings.enable_interruptions:
            self._voice.hold()
        if self._agent.runs(self.settings.side_effect_tools):
            speech.pending = True
            return
        await self._start_turn(speech, decision)

    async def _start_turn(self, speech: Speech, decision: Decision) -> None:
        self._speech = None
        logger.debug(f"{self}: interrupted ({decision.reason})")
        await self._call_event_handler("on_decision", decision)
        interrupts = self.settings.enable_interruptions and self._behind.interrupt
        self._cuts = interrupts
        await self.trigger_user_turn_started(enable_interruptions=interrupts)
        self._has_words |= bool(speech.finals)
        self._told_at = _now() if speech.finals and not speech.interim else None
        # What is being handled comes to them by itself.
        told = [frame for frame in speech.frames if frame is not self._current]
        # Of a voice that is over and had no word, nothing more comes either; nor is a word awaited
        # by what hears for itself.
        over = not speech.speaking and not (speech.words and self._stops.wait_for_words)
        over |= speech.complete(_now(), silence_secs=_SAID_ALL_SECS)
        await self._stops.tell_again(told, over=over)

    async def _ignore(self, speech: Speech, decision: Decision) -> None:
        words = speech.words
        self._wordless.ignored(speech, _now())
        speech.settle(_now())
        self._decider.reset()
        self._voice.go_on()
        await self._track(TurnEvent.RESTORED)
        logger.debug(f"{self}: ignored ({decision.reason})")
        await self._call_event_handler("on_decision", decision)
        if words:
            await self.trigger_reset_aggregation()
        if words and decision.reason != ECHO:
            await self.push_frame(UserBackchannelFrame(words, speech.user_id, speech.timestamp))
            if note := self._decider.note(words, speech.language):
                await self.push_frame(note)

    async def _settle_pending(self) -> None:
        """Start the turn that had to wait, if nothing stands in its way any more."""
        speech = self._speech
        if speech and speech.pending:
            speech.pending = False
            self._decider.reset()
            await self._judge(speech)

    async def _look(self) -> bool:
        """Look at what is undecided, as time passes; return whether anything is."""
        if self._told_at is not None:
            more = self._sounds and self._wordless.tells_early
            if more and _now() - self._told_at >= NEXT_WORDS_SECS:
                self._told_at = None
                await self._stops.voice_is_over()
            return self._told_at is not None
        if (speech := self._speech) is None or speech.settled is not None:
            return False
        if speech.pending and self._may_interrupt():
            await self._settle_pending()
        else:
            await self._judge(speech)
        undecided = (speech := self._speech) is not None and speech.settled is None
        return undecided or self._told_at is not None


def _now() -> float:
    return asyncio.get_running_loop().time()
