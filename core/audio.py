"""How long audio sounds: 16-bit samples, as everywhere in Pipecat."""

from pipecat.frames.frames import AudioRawFrame

__all__ = ["BYTES_PER_SAMPLE", "frame_secs", "pcm_secs"]

BYTES_PER_SAMPLE = 2


def pcm_secs(size: int, sample_rate_hz: int, num_channels: int = 1) -> float:
    """Tell how long samples sound.

    Args:
        size: Their bytes.
        sample_rate_hz: Samples a second.
        num_channels: 1 for mono, 2 for stereo.

    Returns:
        Seconds.
    """
    return size / (BYTES_PER_SAMPLE * num_channels * sample_rate_hz)


def frame_secs(frame: AudioRawFrame) -> float:
    """Tell how long a frame sounds, by its audio.

    Args:
        frame: A frame of the caller's or the agent's audio.

    Returns:
        Seconds.
    """
    return pcm_secs(len(frame.audio), frame.sample_rate, frame.num_channels)
