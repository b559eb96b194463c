"""A synthetic caller: speaks its lines over a transport and listens to the agent.

It sends audio without a break, as a telephone does, and takes its turns by what it hears. All its
time is the event loop's, so that a call in virtual time is the same call.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import InputDTMFFrame

from antiphon.core.wav import Samples
from antiphon.simulation.audio import SAMPLE_RATE_HZ, SpeechActivity, spans_of_speech
from antiphon.simulation.caller.conditions import Echo, Network, Noise
from antiphon.simulation.caller.follower import PATIENCE_SECS, ScriptFollower
from antiphon.simulation.caller.script import PAUSE_SECS, HangUp, Press, Say, Step
from antiphon.simulation.caller.voice import EspeakVoice, Voice
from antiphon.transports.memory import PlayedAudio

__all__ = ["Caller", "CallerListener", "FarEnd", "SpokenLine"]

FRAME_SECS = 0.02
FRAME_SAMPLES = round(SAMPLE_RATE_HZ * FRAME_SECS)
KEY_FRAMES = 12
"""From one key to the next: four keys a second."""

SILENCE = np.zeros(FRAME_SAMPLES, np.int16)


@dataclass(frozen=True, kw_only=True)
class SpokenLine:
    """A line as it is heard on the wire.

    Parameters:
        text: The words, as far as they are known.
        start_secs: When its first audible sample sounds, on the loop's clock.
        end_secs: When its last audible sample has sounded.
    """

    text: str
    start_secs: float
    end_secs: float


class CallerListener(Protocol):
    """What follows a caller: a recorder, a display. Times are the loop's, in seconds."""

    def call_started(self, at_secs: float) -> None:
        """The caller is connected."""
        ...

    def caller_audio(self, at_secs: float, samples: Samples) -> None:
        """A frame at `SAMPLE_RATE_HZ` was sent; it began to sound at `at_secs`."""
        ...

    def line_started(self, line: SpokenLine) -> None:
        """The caller begins a line; when it will end is known."""
        ...

    def call_ended(self, at_secs: float) -> None:
        """The caller hangs up."""
        ...


class FarEnd(Protocol):
    """The caller's end of an agent's transport: a `MemoryTransport`, or a `PhoneLine`.

    Its event "on_audio_played" brings each `PlayedAudio` that the caller hears, in order.
    """

    def add_event_handler(self, event_name: str, handler: Any) -> None:
        """Follow an event, as with any Pipecat object."""
        ...

    async def connect(self) -> None:
        """Begin the call; a ConnectionError if that fails."""
        ...

    async def disconnect(self) -> None:
        """End the call."""
        ...

    async def send_audio(self, pcm: bytes, *, sample_rate_hz: int) -> None:
        """Bring 20 ms to the agent; a ConnectionError if it has hung up."""
        ...

    async def send_frame(self, frame: InputDTMFFrame) -> None:
        """Bring a key to the agent."""
        ...


class Caller:
    """Makes one call.

    Example::

        caller = Caller(transport, [Say(text="what are your opening hours"), HangUp()])
        await caller.call()      # while the worker of the agent runs

    Attributes:
        hung_up: Whether the caller ended the call.
    """

    def __init__(
        self,
        transport: FarEnd,
        script: Sequence[Step],
        *,
        voice: Voice | None = None,
        listeners: Sequence[CallerListener] = (),
        pause_secs: float = PAUSE_SECS,
        patience_secs: float = PATIENCE_SECS,
        noise: Noise | None = None,
        network: Network | None = None,
        echo_db: float | None = None,
        echo_ms: float = 200.0,
    ) -> None:
        """Learn the script.

        Args:
            transport: The far end of the agent's transport.
            script: What to do and when; after the last step the caller hangs up.
            voice: Speaks the lines that bring no audio; by default eSpeak's "en-us+f2".
            listeners: Are told of everything the caller does.
            pause_secs: How long the agent must be silent before the caller speaks.
            patience_secs: How long the caller waits for an answer before going on without one.
            noise: What is heard around the caller, without a break.
            network: What becomes of the packets on their way to the agent.
            echo_db: How loud the agent's own voice comes back, beside itself: -20, say. None for
                no echo.
            echo_ms: How late it does.
        """
        self._echo = None if echo_db is None else Echo(db=echo_db, delay_ms=echo_ms)
        self._noise = noise
        self._network = network
        self._transport = transport
        self._script = script
        self._voice = voice
        self._listeners = listeners
        self._pause_secs = pause_secs
        self._patience_secs = patience_secs
        self._agent = SpeechActivity()
        self.hung_up = False
        transport.add_event_handler("on_audio_played", self._hear)

    async def call(self) -> None:
        """Connect, follow the script, and hang up, also when cancelled.

        Returns early, with `hung_up` False, if the far end hangs up.

        Raises:
            ConnectionError: If the call does not come about.
        """
        # Before the call, so that the call itself is not charged for it.
        script = [await self._with_audio(step) for step in self._script]
        follower = ScriptFollower(
            script, pause_secs=self._pause_secs, patience_secs=self._patience_secs
        )
        await self._transport.connect()
        loop = asyncio.get_running_loop()
        start_secs = loop.time()
        for listener in self._listeners:
            listener.call_started(start_secs)
        try:
            # An agent that hangs up ends the call, and nothing is wrong with that.
            with suppress(ConnectionError):
                await self._follow(follower, start_secs)
        finally:
            for listener in self._listeners:
                listener.call_ended(loop.time())
            await self._transport.disconnect()

    async def _with_audio(self, step: Step) -> Step:
        if not isinstance(step, Say) or step.audio is not None:
            return step
        self._voice = self._voice or EspeakVoice()
        voice = EspeakVoice(language=step.language) if step.language else self._voice
        return replace(step, audio=await voice.speak(step.text))

    async def _follow(self, follower: ScriptFollower, start_secs: float) -> None:
        loop = asyncio.get_running_loop()
        follower.begin(start_secs)
        line: SpokenLine | None = None
        rest = SILENCE[:0]
        keys: deque[str] = deque()
        for index in itertools.count():
            at_secs = start_secs + index * FRAME_SECS
            if line is None:
                match follower.due(at_secs, self._agent.spans):
                    case HangUp():
                        self.hung_up = True
                        return
                    case Say(text=text, transcript=transcript, audio=audio) if audio is not None:
                        line, rest = _spoken_line(transcript or text, audio, at_secs), audio
                        for listener in self._listeners:
                            listener.line_started(line)
                    case Press(keys=pressed):
                        rest = np.tile(SILENCE, KEY_FRAMES * len(pressed))
                        keys.extend(pressed)
                        end_secs = at_secs + len(rest) / SAMPLE_RATE_HZ
                        line = SpokenLine(text="", start_secs=at_secs, end_secs=end_secs)
                        for listener in self._listeners:
                            listener.line_started(line)
            if keys and len(rest) // FRAME_SAMPLES == KEY_FRAMES * len(keys):
                key = InputDTMFFrame(button=KeypadEntry(keys.popleft()))
                await self._transport.send_frame(key)
            frame, rest = rest[:FRAME_SAMPLES], rest[FRAME_SAMPLES:]
            frame = np.concatenate((frame, SILENCE[len(frame) :]))
            if self._noise:
                frame = self._noise.add_to(frame)
            if self._echo:
                frame = self._echo.add_to(frame, at_secs)
            # A frame is on the wire when its last sample has been spoken, not when its first has.
            await asyncio.sleep(at_secs + FRAME_SECS - loop.time())
            for packet in self._network.carry(frame) if self._network else (frame,):
                await self._transport.send_audio(packet.tobytes(), sample_rate_hz=SAMPLE_RATE_HZ)
            for listener in self._listeners:
                listener.caller_audio(at_secs, frame)
            if line is not None and not len(rest):
                follower.step_done(line.end_secs)
                line = None

    async def _hear(self, transport: FarEnd, chunk: PlayedAudio) -> None:
        samples = np.frombuffer(chunk.pcm, "<i2")[:: chunk.num_channels]
        self._agent.feed(chunk.at_secs, samples, chunk.sample_rate_hz)
        if self._echo:
            self._echo.hear(chunk.at_secs, samples, chunk.sample_rate_hz)


def _spoken_line(text: str, samples: Samples, at_secs: float) -> SpokenLine:
    spans = spans_of_speech(samples, SAMPLE_RATE_HZ)
    return SpokenLine(
        text=text,
        start_secs=at_secs + (spans[0].start_secs if spans else 0.0),
        end_secs=at_secs + (spans[-1].end_secs if spans else len(samples) / SAMPLE_RATE_HZ),
    )
