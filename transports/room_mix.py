"""The voices of a room on one track, as a microphone in it would hear them.

Pure: audio and times come in. Each person's audio comes on its own, as they speak or not; one after
the other they would be a stutter to whoever listens, twice as long as the time that has passed.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["RoomMix"]

# Of whom nothing has come for so long nothing is waited for: their microphone is off.
ABSENT_SECS = 0.1
# No more of one voice waits for another's; two clocks are never quite as fast.
MAX_WAIT_SECS = 0.15
# Who is this loud speaks: -45 dB relative to full scale.
AUDIBLE_RMS = 32768.0 * 10 ** (-45 / 20)


@dataclass
class _Voice:
    came_at: float
    waiting: bytearray = field(default_factory=bytearray)


class RoomMix:
    """Puts the audio of all who are in a room together.

    Example::

        mix = RoomMix(sample_rate_hz=16000)
        mix.add("ann", pcm, now=0.0)   # ("ann", pcm): as long as she is alone, at once
    """

    def __init__(self, *, sample_rate_hz: int) -> None:
        """Begin with an empty room.

        Args:
            sample_rate_hz: Samples a second of all audio, which is 16-bit and mono.
        """
        self._bytes_per_sec = 2 * sample_rate_hz
        self._voices: dict[str, _Voice] = {}
        self._speaker = ""

    @property
    def holds_audio(self) -> bool:
        """Whether something waits for another's audio."""
        return any(voice.waiting for voice in self._voices.values())

    def add(self, person: str, pcm: bytes, *, now: float) -> tuple[str, bytes] | None:
        """Take in what a person's microphone sent.

        Args:
            person: Whose it is.
            pcm: The audio.
            now: The time in seconds.

        Returns:
            Who speaks, and what is heard; None if it has to wait for the others' audio.
        """
        voice = self._voices.setdefault(person, _Voice(now))
        voice.came_at = now
        voice.waiting += pcm
        return self.take(now=now)

    def take(self, *, now: float) -> tuple[str, bytes] | None:
        """Take what need not wait any longer.

        Args:
            now: The time in seconds.

        Returns:
            Who speaks, and what is heard; None if there is nothing.
        """
        lengths = [len(voice.waiting) for voice in self._voices.values()]
        present = [
            len(voice.waiting)
            for voice in self._voices.values()
            if now - voice.came_at < ABSENT_SECS
        ]
        longest = max(lengths, default=0)
        size = min(present, default=longest)
        size = max(size, longest - int(MAX_WAIT_SECS * self._bytes_per_sec)) // 2 * 2
        if not size:
            return None
        heard = {
            person: np.frombuffer(bytes(voice.waiting[:size]), "<i2").astype(np.int32)
            for person, voice in self._voices.items()
            if voice.waiting
        }
        for voice in self._voices.values():
            del voice.waiting[:size]
        loudness = {person: _rms(samples) for person, samples in heard.items()}
        loudest = max(heard, key=lambda person: loudness[person])
        if len(self._voices) == 1 or loudness[loudest] > AUDIBLE_RMS or not self._speaker:
            self._speaker = loudest
        mixed = np.zeros(size // 2, np.int32)
        for samples in heard.values():
            mixed[: len(samples)] += samples
        return self._speaker, np.clip(mixed, -32768, 32767).astype("<i2").tobytes()

    def leaves(self, person: str) -> None:
        """Note that somebody has left.

        Args:
            person: Who.
        """
        self._voices.pop(person, None)


def _rms(samples: NDArray[np.int32]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
