"""What happens to a caller's voice on its way: noise, the agent's echo, and a poor network.

All are seeded and count frames instead of reading a clock, so that a call repeats exactly.
"""

from collections import deque
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from antiphon.core.wav import Samples
from antiphon.simulation.audio import SAMPLE_RATE_HZ
from antiphon.simulation.caller.noises import LOOPS

__all__ = ["Echo", "Network", "Noise", "NoiseKind"]

NoiseKind = Literal["hiss", "babble", "street", "hold_music", "keyboard"]

SPEECH_DBFS = -20.0
"""The RMS of the speech that the signal-to-noise ratio refers to: eSpeak's, to within 2 dB."""

FRAME_MS = 20


class Noise:
    """What is heard around the caller, under speech and silence alike."""

    def __init__(self, *, snr_db: float, kind: NoiseKind = "hiss", seed: int = 0) -> None:
        """Choose what, and how loud.

        Args:
            snr_db: How far below speech of -20 dBFS the noise lies, in dB.
            kind: `"hiss"`, which falls towards high frequencies; `"babble"`, six voices that say
                nothing; `"street"`, `"hold_music"`, or a `"keyboard"` on which somebody types.
            seed: Another seed is another noise.
        """
        self._random = np.random.default_rng(seed)
        self._rms = 32768 * 10 ** ((SPEECH_DBFS - snr_db) / 20)
        self._last = 0.0
        self._loop: NDArray[np.float64] | None = None
        if kind != "hiss":
            loop = LOOPS[kind](self._random)
            self._loop = loop / np.sqrt(np.mean(np.square(loop)))
        self._heard = 0

    def add_to(self, frame: Samples) -> Samples:
        """Return a frame with the noise that sounds at the same time."""
        if self._loop is None:
            white = self._random.standard_normal(len(frame))
            # Each value averaged with the one before falls towards high frequencies.
            mixed = (white + np.concatenate(([self._last], white[:-1]))) / np.sqrt(2)
            self._last = float(white[-1]) if len(white) else self._last
        else:
            places = np.arange(self._heard, self._heard + len(frame))
            mixed = self._loop.take(places, mode="wrap")
            self._heard += len(frame)
        noisy: Samples = np.clip(frame + mixed * self._rms, -32768, 32767).astype(np.int16)
        return noisy


class Echo:
    """The agent's own voice, as the caller's phone picks it up and sends it back."""

    def __init__(self, *, db: float, delay_ms: float) -> None:
        """Say how loud and how late it comes back.

        Args:
            db: Its loudness beside the agent's voice, in dB: below 0.
            delay_ms: From the agent's sound at the phone to its echo on the way back.
        """
        self._gain = 10 ** (db / 20)
        self._delay_secs = delay_ms / 1000
        self._sounds: deque[tuple[float, NDArray[np.float64]]] = deque()

    def hear(self, at_secs: float, samples: Samples, sample_rate_hz: int) -> None:
        """Take what the phone plays from a time on, on any clock."""
        count = round(len(samples) * SAMPLE_RATE_HZ / sample_rate_hz)
        places = np.arange(count) * (sample_rate_hz / SAMPLE_RATE_HZ)
        heard = np.interp(places, np.arange(len(samples)), samples.astype(np.float64))
        self._sounds.append((at_secs + self._delay_secs, heard * self._gain))

    def add_to(self, frame: Samples, at_secs: float) -> Samples:
        """Return a frame that begins at a time, with the echo that sounds meanwhile."""
        mixed = frame.astype(np.float64)
        for starts_at, sound in self._sounds:
            place = round((starts_at - at_secs) * SAMPLE_RATE_HZ)
            begin, end = max(place, 0), min(place + len(sound), len(frame))
            if begin < end:
                mixed[begin:end] += sound[begin - place : end - place]
        while self._sounds and self._over(*self._sounds[0]) <= at_secs:
            self._sounds.popleft()
        echoed: Samples = np.clip(np.round(mixed), -32768, 32767).astype(np.int16)
        return echoed

    @staticmethod
    def _over(starts_at: float, sound: NDArray[np.float64]) -> float:
        return starts_at + len(sound) / SAMPLE_RATE_HZ


class Network:
    """Loses, delays and reorders packets of 20 ms.

    A lost packet is replaced by silence, as a gateway does that conceals nothing. A delayed one
    holds up those behind it, so they arrive in a burst.
    """

    def __init__(
        self, *, loss: float = 0.0, jitter_secs: float = 0.0, reorder: float = 0.0, seed: int = 0
    ) -> None:
        """Describe the network.

        Args:
            loss: The share of packets that are lost, 0 to 1.
            jitter_secs: The longest delay; each packet has one between 0 and this.
            reorder: The share of packets that arrive behind their successor, 0 to 1.
            seed: Another seed is another network.

        Raises:
            ValueError: If a share is not between 0 and 1, or the jitter is negative.
        """
        if not (0 <= loss <= 1 and 0 <= reorder <= 1 and jitter_secs >= 0):
            raise ValueError(
                f"loss={loss!r} and reorder={reorder!r} are shares from 0 to 1, "
                f"jitter_secs={jitter_secs!r} is 0 or more"
            )
        self._loss = loss
        self._reorder = reorder
        self._jitter_frames = round(jitter_secs * 1000 / FRAME_MS)
        self._random = np.random.default_rng(seed)
        self._slot = 0
        self._under_way: deque[tuple[int, Samples]] = deque()
        self._overtaken: Samples | None = None

    def carry(self, frame: Samples) -> list[Samples]:
        """Send one packet, and return those that arrive in the same 20 ms."""
        lost, late, swapped = self._random.random(3)
        if lost < self._loss:
            frame = np.zeros_like(frame)
        arrives = self._slot + int(late * (self._jitter_frames + 1))
        if self._overtaken is not None:
            self._under_way.append((arrives, frame))
            self._under_way.append((arrives, self._overtaken))
            self._overtaken = None
        elif swapped < self._reorder:
            self._overtaken = frame
        else:
            self._under_way.append((arrives, frame))
        arrived = []
        while self._under_way and self._under_way[0][0] <= self._slot:
            arrived.append(self._under_way.popleft()[1])
        self._slot += 1
        return arrived
