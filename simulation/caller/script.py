"""What a caller is going to do: things to say, each with the moment to say it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from antiphon.core.wav import Audio, AudioFileError, Samples
from antiphon.simulation.audio import SAMPLE_RATE_HZ, VoicedSpan, resample, spans_of_speech

__all__ = [
    "PAUSE_SECS",
    "HangUp",
    "Moment",
    "Press",
    "Say",
    "Step",
    "recorded_lines",
    "replayed_call",
]

PAUSE_SECS = 0.7
"""A longer silence ends a turn: above the 0.4 s that eSpeak pauses at a full stop."""

MARGIN_SECS = 0.1
"""Kept of the silence around a recorded line, where its softest sounds are."""

Moment = Literal["agent_done", "agent_starts", "step_done"]
"""When a step is due: the agent has answered and paused, it has just begun to speak, or the step
before is done, whatever the agent does."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Say:
    """Something to say.

    Parameters:
        text: The words; what a voice speaks, and what the recognised text is compared with. Empty
            for a recording of which the words are not known.
        after: The moment to wait for. `"agent_starts"` is how a caller talks over the agent.
        after_secs: How long after that moment to begin.
        audio: Mono samples at `SAMPLE_RATE_HZ` to play instead of speaking the text.
        transcript: How a right transcript reads where that is not the text: with personal data
            redacted. What is recorded of the line is this.
        language: A code, "es", to have eSpeak speak it; "" for the caller's own voice.
    """

    text: str = ""
    after: Moment = "agent_done"
    after_secs: float = 0.0
    audio: Samples | None = None
    transcript: str | None = None
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class Press:
    """Keys to press.

    Parameters:
        keys: Such as "42#".
        after: The moment to wait for.
        after_secs: How long after that moment to begin.
    """

    keys: str
    after: Moment = "agent_done"
    after_secs: float = 0.0

    def __post_init__(self) -> None:
        if not self.keys or set(self.keys) - set("0123456789*#"):
            raise ValueError(f"keys are of 0-9, * and #, not {self.keys!r}")


@dataclass(frozen=True, kw_only=True)
class HangUp:
    """The end of the call.

    Parameters:
        after: The moment to wait for.
        after_secs: How long after that moment.
    """

    after: Moment = "agent_done"
    after_secs: float = 0.0


Step = Say | Press | HangUp


def recorded_lines(recording: Audio) -> Sequence[Say]:
    """Cut a recording of a caller into lines at its pauses.

    Each line waits for its turn, so the recording need not fit the agent's pace. Of a stereo
    recording the left channel is the caller, as in the recordings that antiphon makes.

    Args:
        recording: The recording.

    Raises:
        AudioFileError: If no voice is heard in it.
    """
    return [Say(audio=audio) for _, audio in _lines(recording)]


def replayed_call(call: Audio) -> Sequence[Say]:
    """Return what the caller of a recorded call said, with the timing of the recording.

    A line comes as long after the agent's last word as it did then, or after its first word if the
    caller talked over it, or after the line before if the agent said nothing in between. So it fits
    an agent that is faster or slower. Nobody speaks sooner after the agent than `PAUSE_SECS`.

    Args:
        call: The recording, the caller left and the agent right, as antiphon makes them.

    Raises:
        AudioFileError: If it is mono, or no voice is heard in its left channel.
    """
    if call.samples.shape[1] < 2:
        raise AudioFileError(
            "the recorded call is mono: it needs the caller in its left channel and the agent in "
            "its right one (a caller alone is a 'recording', who waits for every turn)"
        )
    agent = spans_of_speech(call.samples[:, 1], call.sample_rate_hz)
    steps: list[Say] = []
    since_secs = 0.0
    for span, audio in _lines(call):
        start_secs = max(0.0, span.start_secs - MARGIN_SECS)
        answer = [each for each in agent if since_secs <= each.start_secs < start_secs]
        after: Moment = "agent_done"
        if not answer:
            after, after_secs = "step_done", start_secs - since_secs
        elif answer[-1].end_secs > start_secs:
            after, after_secs = "agent_starts", start_secs - answer[0].start_secs
        else:
            after_secs = start_secs - answer[-1].end_secs - PAUSE_SECS
        steps.append(Say(audio=audio, after=after, after_secs=max(0.0, after_secs)))
        since_secs = span.end_secs
    return steps


def _lines(recording: Audio) -> list[tuple[VoicedSpan, Samples]]:
    """Return the lines in the first channel, each with when it is audible."""
    samples = resample(recording.samples[:, 0], recording.sample_rate_hz, SAMPLE_RATE_HZ)
    spans = spans_of_speech(samples, SAMPLE_RATE_HZ, join_secs=PAUSE_SECS)
    if not spans:
        raise AudioFileError("the recording is silent: no speech is heard in its first channel")
    return [
        (
            span,
            samples[
                round(max(0.0, span.start_secs - MARGIN_SECS) * SAMPLE_RATE_HZ) : round(
                    (span.end_secs + MARGIN_SECS) * SAMPLE_RATE_HZ
                )
            ],
        )
        for span in spans
    ]
