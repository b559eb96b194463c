"""Frame streams: what a call feeds to a processor, as short expressions.

A stream is frames, each with the second at which it comes. `a + b` plays `b` after `a`, `a | b`
plays both at once, `pause(0.5)` is half a second of nothing:

    audio = speech(1.2) + silence(0.8)
    words = user_turn("what are your opening hours", seconds=1.2)
    out = await run_frames(my_processor, audio | words)

Frames are made once and are used up by a run: build the stream anew for the next one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.utils.text.base_text_aggregator import TextType

from antiphon.core.audio import pcm_secs
from antiphon.simulation.lines.babble import silence_pcm, speech_pcm

__all__ = [
    "CHUNK_SECS",
    "FrameStream",
    "TimedFrame",
    "audio",
    "bot_speaking",
    "dtmf",
    "final",
    "frames",
    "interim",
    "interruption",
    "llm_response",
    "pause",
    "silence",
    "speech",
    "split_words",
    "tool_call",
    "tts_response",
    "upstream",
    "user_turn",
    "vad_started",
    "vad_stopped",
]

CHUNK_SECS = 0.02
"""Length of one audio frame, as telephony sends it."""

_WORDS_PER_SECOND = 2.7
"""About 160 words a minute: the pace of a phone agent's voice."""


@dataclass(frozen=True, kw_only=True)
class TimedFrame:
    """A frame and when it is sent.

    Parameters:
        at: Seconds from the start of the stream.
        frame: The frame.
        direction: The way it is sent.
        shown_at: If given, seconds from the start of the stream at which the frame is due to be
            presented; becomes the frame's `pts`.
    """

    at: float
    frame: Frame
    direction: FrameDirection = FrameDirection.DOWNSTREAM
    shown_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class FrameStream:
    """Frames in order of time, and how long the whole lasts.

    Parameters:
        items: The frames, earliest first.
        seconds: The length; at least the time of the last frame.
    """

    items: tuple[TimedFrame, ...] = ()
    seconds: float = 0.0

    def __post_init__(self) -> None:
        times = [item.at for item in self.items]
        if times != sorted(times):
            raise ValueError(f"frames of a stream must be in order of time, not at {times}")
        if times and not 0 <= times[0] <= times[-1] <= self.seconds:
            raise ValueError(f"frames at {times[0]}…{times[-1]} s do not fit in {self.seconds} s")

    def __iter__(self) -> Iterator[TimedFrame]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __add__(self, other: "FrameStream") -> "FrameStream":
        """Play `other` once this stream has ended."""
        late = tuple(_shifted(item, self.seconds) for item in other.items)
        return FrameStream(items=self.items + late, seconds=self.seconds + other.seconds)

    def __or__(self, other: "FrameStream") -> "FrameStream":
        """Play both from the same moment; at equal times, this stream's frame goes first."""
        together = sorted(self.items + other.items, key=lambda item: item.at)
        return FrameStream(items=tuple(together), seconds=max(self.seconds, other.seconds))

    @property
    def frames(self) -> list[Frame]:
        """The frames alone."""
        return [item.frame for item in self.items]


def _shifted(item: TimedFrame, seconds: float) -> TimedFrame:
    shown_at = None if item.shown_at is None else item.shown_at + seconds
    return replace(item, at=item.at + seconds, shown_at=shown_at)


def frames(*all_frames: Frame, every: float = 0.0) -> FrameStream:
    """Send the given frames, `every` seconds apart.

    Args:
        *all_frames: Any frames.
        every: Seconds from one to the next, and after the last.

    Returns:
        The stream.
    """
    return FrameStream(
        items=tuple(TimedFrame(at=i * every, frame=frame) for i, frame in enumerate(all_frames)),
        seconds=every * len(all_frames),
    )


def upstream(stream: FrameStream) -> FrameStream:
    """Send a stream's frames upstream, from behind the processor."""
    return FrameStream(
        items=tuple(replace(item, direction=FrameDirection.UPSTREAM) for item in stream),
        seconds=stream.seconds,
    )


def pause(seconds: float) -> FrameStream:
    """Send nothing for a while."""
    return FrameStream(seconds=seconds)


def audio(pcm: bytes, *, sample_rate_hz: int = 16_000) -> FrameStream:
    """Send 16-bit mono PCM as a caller's audio, 20 ms a frame, in real time.

    Args:
        pcm: Little-endian samples; a last part of a frame is sent as it is.
        sample_rate_hz: Sample rate in Hz.

    Returns:
        The stream, as long as the sound.
    """
    size = 2 * round(CHUNK_SECS * sample_rate_hz)
    chunks = [pcm[start : start + size] for start in range(0, len(pcm), size)]
    return FrameStream(
        items=tuple(
            TimedFrame(at=i * CHUNK_SECS, frame=InputAudioRawFrame(chunk, sample_rate_hz, 1))
            for i, chunk in enumerate(chunks)
        ),
        seconds=max(pcm_secs(len(pcm), sample_rate_hz), (len(chunks) - 1) * CHUNK_SECS, 0.0),
    )


def speech(seconds: float, *, sample_rate_hz: int = 16_000, pitch_hz: float = 120.0) -> FrameStream:
    """Send a synthetic voice without words, which Silero takes for speech."""
    pcm = speech_pcm(seconds, sample_rate_hz=sample_rate_hz, pitch_hz=pitch_hz)
    return audio(pcm, sample_rate_hz=sample_rate_hz)


def silence(seconds: float, *, sample_rate_hz: int = 16_000) -> FrameStream:
    """Send silent audio."""
    return audio(silence_pcm(seconds, sample_rate_hz=sample_rate_hz), sample_rate_hz=sample_rate_hz)


def vad_started() -> FrameStream:
    """Say that the VAD hears the caller, with Pipecat's default 0.2 s of delay."""
    return frames(VADUserStartedSpeakingFrame(start_secs=0.2))


def vad_stopped() -> FrameStream:
    """Say that the VAD no longer hears the caller, with Pipecat's default 0.2 s of delay."""
    return frames(VADUserStoppedSpeakingFrame(stop_secs=0.2))


def interim(text: str) -> FrameStream:
    """Send one interim transcript."""
    return frames(InterimTranscriptionFrame(text, "", ""))


def final(text: str) -> FrameStream:
    """Send one final transcript, finalized as by a service that confirms it."""
    return frames(TranscriptionFrame(text, "", "", finalized=True))


def user_turn(
    text: str,
    *,
    seconds: float | None = None,
    vad_delay: float = 0.2,
    final_delay: float = 0.1,
    turn_frames: bool = False,
) -> FrameStream:
    """Send what a VAD and an STT service say of one utterance, without its audio.

    Args:
        text: The words, each of which appears in an interim transcript as it ends.
        seconds: How long the words take; 2.7 words a second by default.
        vad_delay: Seconds by which the VAD's events lag behind the sound.
        final_delay: Seconds from the VAD's stop to the final transcript.
        turn_frames: Also send UserStarted/StoppedSpeakingFrame, as a turn strategy would.

    Returns:
        The stream, from the first sound to the final transcript.
    """
    words = text.split()
    if not words:
        raise ValueError("a user turn needs at least one word")
    seconds = len(words) / _WORDS_PER_SECOND if seconds is None else seconds
    said = [" ".join(words[: i + 1]) for i in range(len(words))]
    each = pause(seconds / len(words))
    transcripts = FrameStream()
    for text_so_far in said[:-1]:
        transcripts += each + interim(text_so_far)
    started = frames(UserStartedSpeakingFrame()) if turn_frames else FrameStream()
    stopped = frames(UserStoppedSpeakingFrame()) if turn_frames else FrameStream()
    starts = pause(vad_delay) + vad_started() + started
    stops = pause(seconds + vad_delay) + vad_stopped()
    return (starts | transcripts | stops) + pause(final_delay) + final(text) + stopped


def split_words(text: str, *, size: int | None = None) -> list[str]:
    """Cut a text as an LLM streams it: before each space, or every `size` characters."""
    if size is not None:
        return [text[start : start + size] for start in range(0, len(text), size)]
    pieces = text.split(" ")
    return [pieces[0], *(f" {piece}" for piece in pieces[1:])] if text else []


def llm_response(
    text: str, *, chunk_chars: int | None = None, tokens_per_second: float = 50.0
) -> FrameStream:
    """Send a reply as an LLM service streams it.

    Args:
        text: The reply.
        chunk_chars: Characters in one token; by default a token is a word with its space.
        tokens_per_second: The pace.

    Returns:
        Start frame, tokens, end frame.
    """
    tokens = [LLMTextFrame(token) for token in split_words(text, size=chunk_chars)]
    return (
        frames(LLMFullResponseStartFrame())
        + frames(*tokens, every=1 / tokens_per_second)
        + frames(LLMFullResponseEndFrame())
    )


def tts_response(
    text: str,
    *,
    rtf: float = 0.1,
    word_timestamps: bool = True,
    words_per_second: float = _WORDS_PER_SECOND,
    sample_rate_hz: int = 24_000,
    context_id: str = "context",
) -> FrameStream:
    """Send a sentence as a TTS service speaks it.

    Args:
        text: The words.
        rtf: Real-time factor: seconds that a second of audio takes to arrive.
        word_timestamps: Send each word as its own frame, whose `pts` is when it is heard; else
            the whole text comes after its audio, as from a service without timestamps.
        words_per_second: The pace of the voice.
        sample_rate_hz: Sample rate in Hz.
        context_id: The TTS context.

    Returns:
        Started frame, audio in 20 ms frames, words, stopped frame.
    """
    words = text.split()
    length = len(words) / words_per_second
    pcm = speech_pcm(length, sample_rate_hz=sample_rate_hz)
    size = 2 * round(CHUNK_SECS * sample_rate_hz)
    chunks = [
        TTSAudioRawFrame(pcm[start : start + size], sample_rate_hz, 1, context_id=context_id)
        for start in range(0, len(pcm), size)
    ]
    sound = frames(*chunks, every=CHUNK_SECS * rtf)
    if word_timestamps:
        spoken = FrameStream(
            items=tuple(
                TimedFrame(
                    at=0.0,
                    frame=TTSTextFrame(word, TextType.WORD, context_id),
                    shown_at=i / words_per_second,
                )
                for i, word in enumerate(words)
            )
        )
        body = spoken | sound
    else:
        body = sound + frames(TTSTextFrame(text, TextType.SENTENCE, context_id))
    started = frames(TTSStartedFrame(context_id=context_id))
    return started + body + frames(TTSStoppedFrame(context_id=context_id))


def tool_call(
    name: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    result: Any,
    seconds: float = 0.3,
    call_id: str = "call-1",
) -> FrameStream:
    """Send what an LLM service says of one tool call, from its start to its result.

    Args:
        name: The tool.
        arguments: Its arguments.
        result: What it returned.
        seconds: How long it ran.
        call_id: The call's id.

    Returns:
        The stream.
    """
    given = dict(arguments or {})
    call = FunctionCallFromLLM(
        function_name=name, tool_call_id=call_id, arguments=given, context=None
    )
    return (
        frames(
            FunctionCallsStartedFrame([call]),
            FunctionCallInProgressFrame(name, call_id, given),
        )
        + pause(seconds)
        + frames(FunctionCallResultFrame(name, call_id, given, result))
    )


def bot_speaking(seconds: float) -> FrameStream:
    """Say that the agent is heard for a while, as an output transport does (upstream)."""
    return (
        upstream(frames(BotStartedSpeakingFrame()))
        + pause(seconds)
        + upstream(frames(BotStoppedSpeakingFrame()))
    )


def dtmf(keys: str, *, every: float = 0.25) -> FrameStream:
    """Press keys, such as `dtmf("42#")`, `every` seconds apart."""
    return frames(*(InputDTMFFrame(KeypadEntry(key)) for key in keys), every=every)


def interruption() -> FrameStream:
    """Interrupt the agent."""
    return frames(InterruptionFrame())
