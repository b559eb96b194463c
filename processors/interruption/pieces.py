"""Audio frames cut into pieces: how long they sound, what belongs together, and what does not."""

from pipecat.frames.frames import Frame, OutputAudioRawFrame, OutputImageRawFrame, SpriteFrame

from antiphon.core.audio import frame_secs

__all__ = ["bytes_of", "like", "milliseconds", "same_kind", "shown_at_once"]


def milliseconds(frame: OutputAudioRawFrame) -> float:
    """Return how long a frame sounds, in ms."""
    return frame_secs(frame) * 1000


def bytes_of(frame: OutputAudioRawFrame, ms: float) -> int:
    """Return how many bytes of a frame's audio sound that long, in whole samples."""
    return 2 * frame.num_channels * round(frame.sample_rate * ms / 1000)


def like(frame: OutputAudioRawFrame, audio: bytes) -> OutputAudioRawFrame:
    """Return a frame of the same kind with other audio."""
    made = type(frame)(audio, sample_rate=frame.sample_rate, num_channels=frame.num_channels)
    for name in ("context_id", "interruptible", "append_to_context"):
        if hasattr(frame, name):
            setattr(made, name, getattr(frame, name))
    return made


def same_kind(one: OutputAudioRawFrame, other: OutputAudioRawFrame) -> bool:
    """Whether two frames may be played as one."""
    return one is other or (
        type(one) is type(other)
        and one.sample_rate == other.sample_rate
        and one.num_channels == other.num_channels
        and one.interruptible == other.interruptible
        and getattr(one, "context_id", None) == getattr(other, "context_id", None)
    )


def shown_at_once(frame: Frame) -> bool:
    """Whether a frame is a picture that is not bound to the audio before it."""
    if isinstance(frame, OutputImageRawFrame):
        return not frame.sync_with_audio
    return isinstance(frame, SpriteFrame)
