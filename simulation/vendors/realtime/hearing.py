"""When a caller speaks to a Realtime session and what the model hears, by the audio's own clock.

No socket and no clock is in here: audio goes in, the beginnings and ends of speech come out.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

from antiphon.core.audio import pcm_secs
from antiphon.simulation.vendors.listening import Transcriber, Windows
from antiphon.simulation.vendors.realtime.session import SAMPLE_RATE_HZ, RequestError

__all__ = ["Ear", "Onset", "Stretch"]

# A threshold of 0.5, the default, is as loud as what the other emulators take for a voice.
_RMS_AT_FULL_THRESHOLD = 400
_SEMANTIC_SILENCE_SECS = 0.5
_SHORTEST_COMMIT_SECS = 0.1
# What the client does not commit is kept for so long: no turn is longer.
_LONGEST_TURN_SECS = 600


@dataclass(frozen=True, kw_only=True)
class Onset:
    """Speech was detected.

    Parameters:
        at_secs: Where what the model hears begins, the padding before the speech included.
    """

    at_secs: float


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A stretch of a caller's speech.

    Parameters:
        end_secs: Where it ends, the silence that ended it included.
        audio_secs: How much audio the model hears.
        text: Its words.
    """

    end_secs: float
    audio_secs: float
    text: str


class Ear:
    """The input audio buffer of a session."""

    def __init__(self, transcriber: Transcriber, detection: dict[str, Any] | None) -> None:
        """Listen from the first sample of a session.

        Args:
            transcriber: What hears.
            detection: The session's `turn_detection`; None if the client commits.
        """
        self._transcriber = transcriber
        self._windows = Windows(SAMPLE_RATE_HZ)
        self._held: deque[bytes] = deque()
        self._held_secs = 0.0
        self._voice_held = False
        self._speaking = False
        self._begin_secs = 0.0
        self.configure(detection)

    def configure(self, detection: dict[str, Any] | None) -> None:
        """Find turns by another `turn_detection` from here on."""
        self._detects = detection is not None
        settings = detection or {}
        self._windows.loud_rms = _RMS_AT_FULL_THRESHOLD * settings.get("threshold", 0.5)
        self._padding_secs = settings.get("prefix_padding_ms", 300) / 1000
        silence_ms = settings.get("silence_duration_ms")
        self._silence_secs = _SEMANTIC_SILENCE_SECS if silence_ms is None else silence_ms / 1000

    def hear(self, pcm: bytes) -> list[Onset | Stretch]:
        """Take audio; return where speech began and ended in it."""
        found: list[Onset | Stretch] = []
        for window in self._windows.cut(pcm):
            if not self._detects:
                self._hold(window.pcm, is_voice=window.quiet_secs == 0)
                continue
            if window.onset and not self._speaking:
                self._speaking = True
                self._begin_secs = max(0.0, window.ends_at - self._padding_secs)
                self._transcriber.begin(window.lead_in, SAMPLE_RATE_HZ)
                found.append(Onset(at_secs=self._begin_secs))
            if self._speaking:
                self._transcriber.hear(window.pcm, SAMPLE_RATE_HZ)
                if window.quiet_secs >= max(self._silence_secs, pcm_secs(len(window.pcm), 24_000)):
                    found.append(self._end())
        return found

    def commit(self) -> Stretch:
        """Make a turn of what is in the buffer.

        Raises:
            RequestError: If less than 100 ms is in it.
        """
        if self._speaking:
            return self._end()
        if self._held_secs < _SHORTEST_COMMIT_SECS:
            raise RequestError(
                "Error committing input audio buffer: buffer too small. Expected at least 100ms "
                f"of audio, but buffer only has {self._held_secs * 1000:.2f}ms of audio.",
                "input_audio_buffer_commit_empty",
            )
        text = ""
        if self._voice_held:
            self._transcriber.begin(b"", SAMPLE_RATE_HZ)
            self._transcriber.hear(b"".join(self._held), SAMPLE_RATE_HZ)
            text = self._transcriber.end()
        stretch = Stretch(end_secs=self._windows.secs, audio_secs=self._held_secs, text=text)
        self.clear()
        return stretch

    def clear(self) -> None:
        """Forget what is in the buffer."""
        if self._speaking:
            self._end()
        self._held.clear()
        self._held_secs = 0.0
        self._voice_held = False

    def _hold(self, pcm: bytes, *, is_voice: bool) -> None:
        self._voice_held |= is_voice
        self._held.append(pcm)
        self._held_secs += pcm_secs(len(pcm), SAMPLE_RATE_HZ)
        while self._held_secs > _LONGEST_TURN_SECS:
            self._held_secs -= pcm_secs(len(self._held.popleft()), SAMPLE_RATE_HZ)

    def _end(self) -> Stretch:
        self._speaking = False
        end = self._windows.secs
        return Stretch(
            end_secs=end, audio_secs=end - self._begin_secs, text=self._transcriber.end()
        )
