"""What a caller is going to do: things to say, each with the moment to say it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from antiphon.simulation.audio import (
    SAMPLE_RATE_HZ,
    Audio,
    AudioFileError,
    Samples,
    resample,
    spans_of_speech,
)

__all__ = ["HangUp", "Moment", "Press", "Say", "Step", "recorded_lines"]

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
    """

    text: str = ""
    after: Moment = "agent_done"
    after_secs: float = 0.0
    audio: Samples | None = None
    transcript: str | None = None


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


def recorded_lines(recording: Audio, *, pause_secs: float = 0.7) -> Sequence[Say]:
    """Cut a recording of a caller into lines at its pauses.

    Each line waits for its turn, so the recording need not fit the agent's pace. Of a stereo
    recording the left channel is the caller, as in the recordings that antiphon makes.

    Args:
        recording: The recording.
        pause_secs: A longer silence ends a line.

    Raises:
        AudioFileError: If no voice is heard in it.
    """
    samples = resample(recording.samples[:, 0], recording.sample_rate_hz, SAMPLE_RATE_HZ)
    spans = spans_of_speech(samples, SAMPLE_RATE_HZ, join_secs=pause_secs)
    if not spans:
        raise AudioFileError("the recording is silent: no speech is heard in its first channel")
    margin = SAMPLE_RATE_HZ // 10
    return [
        Say(
            audio=samples[
                max(0, round(span.start_secs * SAMPLE_RATE_HZ) - margin) : round(
                    span.end_secs * SAMPLE_RATE_HZ
                )
                + margin
            ]
        )
        for span in spans
    ]
