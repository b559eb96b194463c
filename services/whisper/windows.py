"""How much of a turn the model is shown at once, where a long one is cut, and when to look early.

The model was trained on windows of 30 s, which cost four times what one of 12 s does. With less
than that it begins to say things twice: 49 % of the words were wrong where the window was as long
as the sound, 18 % at 8 s, 4 % at 12 s.
"""

import math

import numpy as np
from numpy.typing import NDArray

from antiphon.services.whisper.mel import FRAMES_PER_SEC

__all__ = [
    "CHUNK_SECS",
    "LONGEST_SECS",
    "STEP_SECS",
    "Listener",
    "PartialPace",
    "cut",
    "tokens_at_most",
    "window_frames",
]

SHORTEST_SECS = 12.0
LONGEST_SECS = 30.0
SILENCE_SECS = 1.0
"""What should follow the last word in a window."""

CHUNK_SECS = LONGEST_SECS - SILENCE_SECS
"""A turn that gets longer is cut, and its beginning decoded while the caller goes on."""

CUT_SECS = 10.0
"""The last of a chunk, in which the quietest moment is looked for."""

QUIET_SECS = 0.2

LOOK_EVERY_SECS = 0.5
LOOK_EVERY_SHARE = 1 / 8
"""How much more must have been said for another look at the words: of a long turn, an eighth, since
all of it is decoded each time."""

STEP_SECS = 0.1
PAUSE_LEVEL = 0.05
"""26 dB under the loudest of the turn, for one step: a pause, or the end."""

PARTIALS_SHARE = 1 / 3
"""How much of one core partials may take, those of all calls together."""

# Fast talkers say 5 words a second, of 1.4 tokens; who is not understood at all may loop for ever.
TOKENS_PER_SEC = 10
TOKENS_BESIDES = 16
MAX_TOKENS = 224


def window_frames(secs: float) -> int:
    """How long a window is shown.

    Args:
        secs: How much sound there is.

    Returns:
        Frames of the mel spectrogram.
    """
    window = min(LONGEST_SECS, max(SHORTEST_SECS, math.ceil(secs + SILENCE_SECS)))
    return round(window * FRAMES_PER_SEC)


def tokens_at_most(secs: float) -> int:
    """How much can have been said.

    Args:
        secs: How much sound there is.
    """
    return min(MAX_TOKENS, TOKENS_BESIDES + round(TOKENS_PER_SEC * secs))


def cut(samples: NDArray[np.int16], rate_hz: int) -> int:
    """Where to cut a chunk that is full.

    Args:
        samples: `CHUNK_SECS` of mono.
        rate_hz: Their rate.

    Returns:
        The sample in the middle of the quietest moment of the last 10 s.
    """
    start = max(0, len(samples) - round(CUT_SECS * rate_hz))
    quiet = round(QUIET_SECS * rate_hz)
    energy = np.concatenate(([0.0], np.cumsum(np.square(samples[start:], dtype=np.float64))))
    if len(energy) <= quiet:
        return len(samples)
    return start + int(np.argmin(energy[quiet:] - energy[:-quiet])) + quiet // 2


class Listener:
    """When a turn that goes on is worth a look: as it grows, and where it may be over.

    A look that took in all that was said is as good as one after the end, and is there sooner.
    """

    def __init__(self) -> None:
        """Begin a turn."""
        self._loudest = 0.0
        # What came before the voice was noticed is too little to be worth a look.
        self._fresh_secs = -LOOK_EVERY_SECS
        self._secs = 0.0
        self._is_pause = False
        self.has_news = False
        """Whether something was said since the last look."""

    @property
    def seems_over(self) -> bool:
        """Whether something was said, and it may have been the last."""
        return self.has_news and self._is_pause

    def hear(self, step: NDArray[np.int16]) -> bool:
        """Take the next `STEP_SECS`.

        Args:
            step: The sound.

        Returns:
            Whether it is worth a look.
        """
        level = float(np.sqrt(np.mean(np.square(step, dtype=np.float64))))
        self._loudest = max(self._loudest, level)
        self._fresh_secs += STEP_SECS
        self._is_pause = level <= PAUSE_LEVEL * self._loudest
        self.has_news |= not self._is_pause
        self._secs += STEP_SECS
        every_secs = max(LOOK_EVERY_SECS, self._secs * LOOK_EVERY_SHARE)
        grown = self._fresh_secs >= every_secs - STEP_SECS / 2
        return self.has_news and (self._is_pause or grown)

    def looked(self) -> None:
        """Take note of a look: what was said until now is known."""
        self._fresh_secs, self.has_news = 0.0, False


class PartialPace:
    """How often the model may look at turns that go on: no more than there is time for.

    Times are seconds of one clock, whichever.
    """

    def __init__(self) -> None:
        """Begin with nothing decoded."""
        self._free_at = float("-inf")

    def has_time(self, now: float) -> bool:
        """Whether there is time for one.

        Args:
            now: The time.
        """
        return now >= self._free_at

    def made(self, began: float, ended: float) -> None:
        """Take note of what one cost: where they are slow, as on a busy machine, there are fewer.

        Args:
            began: When it was begun.
            ended: When it was there.
        """
        self._free_at = ended + (ended - began) * (1 / PARTIALS_SHARE - 1)
