"""The valve between the voice and the caller's ear.

The gate paces the agent's audio itself, so that next to nothing waits in the transport: a duck, a
pause or a stop takes effect within one chunk, a pause loses nothing, and a word goes into the
conversation's context when its audio has been heard, not before.
"""

import asyncio
from collections import deque
from contextlib import suppress

from pipecat.frames.frames import (
    AggregatedTextFrame,
    AggregatedTextProgressFrame,
    CancelFrame,
    EndFrame,
    Frame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMAssistantPushAggregationFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    OutputAudioRawFrame,
    StartFrame,
    StopFrame,
    SystemFrame,
    TextFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from antiphon.core.frames import CUT_TEXT, HeardTextFrame, heard_text
from antiphon.processors.interruption.echo import OwnWords
from antiphon.processors.interruption.fader import Fader
from antiphon.processors.interruption.ledger import PlaybackLedger
from antiphon.processors.interruption.pieces import like, milliseconds, shown_at_once
from antiphon.processors.interruption.playback import FrameQueue, PlayedAudio
from antiphon.processors.interruption.sentence import Word
from antiphon.processors.interruption.settings import PLACE, PlaybackSettings
from antiphon.processors.interruption.told_text import ToldText
from antiphon.processors.interruption.tool_calls import ToolCallGuard
from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["PlaybackGate"]

_TELL_EVERY_SECS = 0.02
_REPLY_ENDS = (LLMFullResponseEndFrame, LLMAssistantPushAggregationFrame)
_BEHIND_WORDS = (LLMFullResponseStartFrame, *_REPLY_ENDS, TextFrame)


def _is_kept(source: object) -> bool:
    return isinstance(source, Frame) and not source.interruptible


class PlaybackGate(SafeProcessor):
    """Paces, ducks, holds and resumes the agent's voice; stands before `transport.output()`.

    `duck`, `restore`, `hold` and `resume` take effect at once and may be called from any task of
    the call's event loop.

    Event handlers available:

    - on_duck(gate): the agent is made quieter
    """

    belongs = PLACE

    def __init__(
        self, *, settings: PlaybackSettings | None = None, name: str | None = None
    ) -> None:
        """Create the gate.

        Args:
            settings: How the agent sounds when the caller speaks over it.
            name: A name for logs.
        """
        super().__init__(name=name)
        self.settings = settings or PlaybackSettings()
        self.ledger = PlaybackLedger()
        self._items = FrameQueue()
        # What comes behind words that were sent and are not heard yet.
        self._unheard: deque[tuple[Frame, float]] = deque()
        self._timed: deque[tuple[float, Frame]] = deque()
        self._played = PlayedAudio()
        self._fader = Fader(ramp_ms=self.settings.ramp_secs * 1000)
        self._held_at: float | None = None
        self._held_position_ms = 0.0
        self._repeated_to_ms = 0.0
        self._ending = False
        self._next_at = 0.0
        self._in_reply = False
        self._reply_began_ms = 0.0
        self._text = ToldText(self.ledger, lambda: self.get_clock().get_time())
        self._tool_calls = ToolCallGuard()
        self.own_words = OwnWords()
        # Contexts whose speech is not to be written down; only the last few can still be playing.
        self._unwritten: deque[str | None] = deque(maxlen=8)
        self._pacer: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._register_event_handler("on_duck")
        self._idle = asyncio.Event()
        self._idle.set()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def playing(self) -> bool:
        """Whether the agent has something to say: audio sounds, waits, or is held."""
        return bool(self._items) or self.ledger.far_end.played(self._now()) < self.ledger.sent_ms

    @property
    def protected(self) -> bool:
        """Whether what is being said was sent with `interruptible=False`, as TTSSpeakFrame can."""
        waiting = (frame for frame, _ in self._items if isinstance(frame, OutputAudioRawFrame))
        frame = next(waiting, self._played.last)
        return self.playing and frame is not None and not frame.interruptible

    @property
    def fills(self) -> bool:
        """Whether what was played last only fills a wait, and is not to be written down."""
        return getattr(self._played.last, "context_id", None) in self._unwritten

    @property
    def held(self) -> bool:
        """Whether the agent is silent in the middle of what it says."""
        return self._held_at is not None

    @property
    def heard_ms(self) -> float:
        """How much of the agent's audio since the last interruption the caller has heard.

        What is repeated after a hold was heard before.
        """
        return max(self._position(), self._repeated_to_ms)

    @property
    def reply_heard_secs(self) -> float:
        """How much of the reply in progress the caller has heard."""
        return max(0.0, self._position() - self._reply_began_ms) / 1000

    def duck(self) -> None:
        """Speak more quietly from the next piece on, until `restore`."""
        if self._fader.target == 1.0:
            self.create_task(self._call_event_handler("on_duck"), f"{self}::duck")
        self._fader.target = self.settings.duck_gain

    def restore(self) -> None:
        """Speak at full loudness again."""
        self._fader.target = 1.0

    def hold(self) -> None:
        """Fall silent, keeping what was not played."""
        if self._held_at is None and not self._ending:
            self._held_at = self._now()
            # All that was sent will still be heard.
            self._held_position_ms = self.ledger.sent_ms
            self._fader.fall_silent(at_once=not self.playing)

    def resume(self) -> None:
        """Go on where `hold` fell silent: from that word, or from its clause after a while."""
        if self._held_at is None:
            return
        waited = self._now() - self._held_at > self.settings.clause_after_secs
        self._held_at = None
        self._fader.target = 1.0
        start_of = self.ledger.clause_start if waited else self.ledger.word_start
        if self._held_position_ms < self.ledger.sent_ms and (
            again := self._played.take_after(start_of(self._held_position_ms))
        ):
            self._items.put_back(again)
            self._repeated_to_ms = max(self._repeated_to_ms, self._held_position_ms)
            self.ledger.far_end.rewind(again[-1][1])
            self._fader.jump(0.0)
            self._idle.clear()
        self._wake.set()

    def asked(self, *, secs_ago: float = 0.0, within_secs: float = 1.5) -> bool:
        """Return whether the agent was asking something.

        Args:
            secs_ago: How long ago.
            within_secs: How long after its end a question still counts.
        """
        position_ms = self.ledger.far_end.played(self._now()) - secs_ago * 1000
        return self.ledger.asked(position_ms, within_ms=within_secs * 1000)

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Queue what the transport would play, and let all else pass.

        Args:
            frame: The frame.
            direction: Its direction.
        """
        if direction is FrameDirection.DOWNSTREAM:
            if (passing := self._tool_calls.passing(frame, self._now())) is None:
                return
            frame = passing
        if (
            direction is FrameDirection.UPSTREAM
            or isinstance(frame, SystemFrame)
            or frame.transport_destination is not None
            or shown_at_once(frame)
        ):
            await self.push_frame(frame, direction)
            return
        if isinstance(frame, OutputAudioRawFrame):
            await self._room.wait()
            self._receive(frame)
        elif isinstance(frame, TTSTextFrame):
            self._text.take(frame)
            self._wake.set()
            return
        elif isinstance(frame, AggregatedTextProgressFrame) and frame.pts:
            self._timed.append((self._text.position_of(frame.context_id, frame.pts), frame))
            self._wake.set()
            return
        elif isinstance(frame, TTSStartedFrame) and not frame.append_to_context:
            self._unwritten.append(frame.context_id)
        elif isinstance(frame, TTSStoppedFrame):
            self._text.ended(frame.context_id)
        elif isinstance(frame, AggregatedTextFrame) and frame.will_be_spoken:
            self._text.announce(frame)
        self._items.append((frame, self.ledger.received_ms))
        self._idle.clear()
        self._wake.set()

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Start and stop the pacing; on an interruption, tell what was heard and drop the rest.

        Args:
            frame: The lifecycle frame.
            direction: Its direction.
        """
        match frame:
            case StartFrame():
                self._pacer = self.create_task(self._pace(), f"{self}::pace")
            case InterruptionFrame():
                await self._interrupt()
            case EndFrame() | StopFrame():
                self._ending = True
                self.resume()
                await self._idle.wait()
                await self.release()
            case CancelFrame():
                await self.release()

    async def release(self) -> None:
        """Stop pacing."""
        if self._pacer:
            pacer, self._pacer = self._pacer, None
            await self.cancel_task(pacer)

    def _receive(self, frame: OutputAudioRawFrame) -> None:
        self._text.begin(getattr(frame, "context_id", None))
        self.ledger.receive(milliseconds(frame))
        if self.ledger.received_ms - self.ledger.sent_ms > self.settings.max_buffer_secs * 1000:
            self._room.clear()

    # Pacing.

    async def _pace(self) -> None:
        while True:
            if not self._items or (self.held and not self._fading()):
                await self._rest()
                continue
            frame, received_ms = self._items[0]
            if not isinstance(frame, OutputAudioRawFrame):
                self._items.popleft()
                await self._release(frame, received_ms)
                continue
            wait = self._next_at - self._now()
            if wait > 0:
                await asyncio.sleep(wait)
                moved = not self._items or self._items[0][0] is not frame
                if moved or (self.held and not self._fading()):
                    continue
            await self._play_piece()

    def _fading(self) -> bool:
        # The voice that is to fall silent still has to be faded out.
        return not self._fader.silent and isinstance(self._items[0][0], OutputAudioRawFrame)

    async def _rest(self) -> None:
        """Wait for work, telling meanwhile the words that the last piece holds."""
        self._wake.clear()
        await self._tell_heard()
        if not (self._items or self._unheard):
            self._idle.set()
        pending = self.ledger.far_end.played(self._now()) < self.ledger.sent_ms
        with suppress(TimeoutError):
            async with asyncio.timeout(_TELL_EVERY_SECS if pending else None):
                await self._wake.wait()

    async def _release(self, frame: Frame, received_ms: float) -> None:
        """Take a frame whose turn has come: all audio before it was sent."""
        if isinstance(frame, FunctionCallResultFrame):
            # The model is about to read what the agent said.
            await self._catch_up(received_ms)
        late = bool(self._unheard) or self.ledger.far_end.late(self._now())
        if late and isinstance(frame, _BEHIND_WORDS):
            self._unheard.append((frame, received_ms))
        else:
            await self._pass(frame, received_ms)

    async def _catch_up(self, position_ms: float) -> None:
        while self._unheard and self._unheard[0][1] <= position_ms + 1:
            await self._pass(*self._unheard.popleft())

    async def _pass(self, frame: Frame, received_ms: float) -> None:
        stopped = isinstance(frame, TTSStoppedFrame) and not self.ledger.far_end.late(self._now())
        if stopped or isinstance(frame, _REPLY_ENDS):
            await self._tell(self.ledger.settle(received_ms, unfinished=self._text.goes_on(frame)))
        if isinstance(frame, LLMFullResponseStartFrame):
            self._reply_began_ms = received_ms
        elif isinstance(frame, _REPLY_ENDS):
            self._in_reply = False
            # Its time has come; by a clock of its own it could come behind a tool's result.
            frame.pts = None
        await self.push_frame(frame)
        if isinstance(frame, FunctionCallInProgressFrame) and (
            follows := self._tool_calls.announced(frame, self._now())
        ):
            await self.push_frame(follows)

    async def _play_piece(self) -> None:
        sent, announced = self._items.take_piece(self.settings.piece_secs * 1000)
        for frame in announced:
            await self.push_frame(frame)
        self._played.add(sent, at_ms=self.ledger.sent_ms)
        now = self._now()
        self._next_at = max(self._next_at, now) + milliseconds(sent) / 1000
        self.ledger.far_end.send(milliseconds(sent), now)
        if self.ledger.received_ms - self.ledger.sent_ms <= self.settings.max_buffer_secs * 1000:
            self._room.set()
        per_ms = sent.sample_rate * sent.num_channels / 1000
        audio = self._fader.apply(sent.audio, samples_per_ms=per_ms)
        await self.push_frame(sent if audio is sent.audio else like(sent, audio))
        await self._tell_heard()

    async def _tell_heard(self) -> None:
        position_ms = self._position()
        while self._timed and self._timed[0][0] <= position_ms:
            await self.push_frame(self._timed.popleft()[1])
        await self._tell(self.ledger.heard(position_ms))
        await self._catch_up(position_ms)

    async def _tell(self, words: list[Word]) -> None:
        for word in words:
            assert isinstance(word.source, AggregatedTextFrame)
            self.own_words.sounded(word.text, self._now())
            frame = heard_text(word.text, source=word.source, joined=word.joined)
            self._in_reply = word.source.context_id not in self._unwritten
            frame.append_to_context &= self._in_reply
            await self.push_frame(frame)

    # Holding and stopping.

    async def _interrupt(self) -> None:
        await self._tell(self.ledger.heard(self._position()))
        cut = self._in_reply and not self._said_all()
        self._items.put_back(reversed(self._unheard))
        self._unheard.clear()
        kept_ms = self._items.drop_interruptible()
        if cut and self.settings.cut_mark:
            await self.push_frame(HeardTextFrame(self.settings.cut_mark, text_type=CUT_TEXT))
        self._in_reply = False
        self._timed.clear()
        self._played = PlayedAudio()
        self.ledger.clear(keep=_is_kept, from_ms=kept_ms or 0.0)
        self._reply_began_ms = self._repeated_to_ms = 0.0
        self._text.interrupted(kept_ms)
        for frame, _ in self._items:
            if isinstance(frame, OutputAudioRawFrame):
                self.ledger.receive(milliseconds(frame))
        self._fader = Fader(ramp_ms=self.settings.ramp_secs * 1000)
        self._held_at = None
        self._next_at = 0.0
        self._room.set()
        self._wake.set()

    def _position(self) -> float:
        """How far the caller has heard the agent; what fades away in a hold does not count."""
        played_ms = self.ledger.far_end.played(self._now())
        return min(played_ms, self._held_position_ms) if self.held else played_ms

    def _said_all(self) -> bool:
        """Whether the reply was complete and played out, and only its end frame is on its way."""
        frames = [frame for frame, _ in (*self._unheard, *self._items)]
        return any(isinstance(frame, _REPLY_ENDS) for frame in frames) and not (
            any(isinstance(frame, OutputAudioRawFrame) for frame in frames)
            or self.ledger.far_end.played(self._now()) < self.ledger.sent_ms
        )

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
