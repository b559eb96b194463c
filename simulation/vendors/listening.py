"""What Deepgram's two protocols say of a caller's audio, by the audio's own clock.

No socket and no clock is in here: audio goes in, messages come out.
"""

import itertools
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from antiphon.core.audio import pcm_secs

__all__ = ["FluxSession", "NovaSession", "ScriptedTranscriber", "Transcriber"]

Message = dict[str, Any]

_WINDOW_SECS = 0.02
_LOUD_RMS = 200  # of 32767: above line noise, far below a voice
_ONSET_WINDOWS = 2
_LEAD_IN_WINDOWS = 15  # 0.3 s: a recogniser needs the soft beginning of a word
_EAGER_SECS = 0.24
_END_OF_TURN_SECS = 0.6
_CONFIDENCE = 0.99


class Transcriber(Protocol):
    """Whatever turns one stretch of speech after another into text."""

    def begin(self, lead_in: bytes, sample_rate_hz: int) -> None:
        """Start a stretch of speech; the lead-in is the sound just before it was noticed."""
        ...

    def hear(self, pcm: bytes, sample_rate_hz: int) -> str:
        """Take 16-bit mono PCM; return the words heard so far."""
        ...

    def settle(self) -> str:
        """Return the words, if the speech should end here; it may go on."""
        ...

    def end(self) -> str:
        """End the stretch and return its words."""
        ...


class ScriptedTranscriber:
    """Hears the next line of a script in each stretch of speech, word by word."""

    def __init__(self, script: Iterable[str], *, word_secs: float = 0.37) -> None:
        """Take the script.

        Args:
            script: One line for each stretch of speech; nothing is heard past the last.
            word_secs: Seconds of speech for one word.
        """
        self._script = iter(script)
        self._word_secs = word_secs
        self._words: list[str] = []
        self._secs = 0.0

    def begin(self, lead_in: bytes, sample_rate_hz: int) -> None:
        """Take the next line."""
        self._words = next(self._script, "").split()
        self._secs = 0.0

    def hear(self, pcm: bytes, sample_rate_hz: int) -> str:
        """Let the time of the audio pass."""
        self._secs += pcm_secs(len(pcm), sample_rate_hz)
        return " ".join(self._words[: int(self._secs / self._word_secs)])

    def settle(self) -> str:
        """Return the whole line."""
        return " ".join(self._words)

    def end(self) -> str:
        """Return the whole line."""
        return self.settle()


@dataclass(frozen=True, kw_only=True)
class Window:
    """20 ms of audio.

    Parameters:
        pcm: 16-bit mono PCM.
        ends_at: The end in seconds of audio.
        quiet_secs: How long it has been quiet at the end; 0 while somebody speaks.
        onset: Whether speech has just been recognised as such.
        lead_in: The sound before this window; empty but at an onset.
    """

    pcm: bytes
    ends_at: float
    quiet_secs: float
    onset: bool
    lead_in: bytes = b""


class Windows:
    """Cuts audio into windows and tells the loud from the quiet."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.loud_rms: float = _LOUD_RMS
        self.secs = 0.0
        self._rest = b""
        self._loud = 0
        self._quiet = 0
        self._before: deque[bytes] = deque(maxlen=_LEAD_IN_WINDOWS)

    def cut(self, pcm: bytes) -> Iterator[Window]:
        """Take audio and give its windows one by one; `secs` is the end of the last one given."""
        data = self._rest + pcm
        size = 2 * round(_WINDOW_SECS * self.sample_rate_hz)
        whole = len(data) - len(data) % size
        self._rest = data[whole:]
        for start in range(0, whole, size):
            yield self._window(data[start : start + size])

    def _window(self, pcm: bytes) -> Window:
        self.secs += _WINDOW_SECS
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
        if float(np.sqrt(np.mean(samples * samples))) >= self.loud_rms:
            self._loud += 1
            self._quiet = 0
        else:
            self._loud = 0
            self._quiet += 1
        onset = self._loud == _ONSET_WINDOWS
        window = Window(
            pcm=pcm,
            ends_at=self.secs,
            quiet_secs=self._quiet * _WINDOW_SECS,
            onset=onset,
            lead_in=b"".join(self._before) if onset else b"",
        )
        self._before.append(pcm)
        return window


class NovaSession:
    """One connection of Deepgram's listen v1."""

    def __init__(
        self,
        transcriber: Transcriber,
        *,
        model: str,
        sample_rate_hz: int,
        interim_results: bool = False,
        vad_events: bool = False,
        endpointing_secs: float | None = 0.3,
        utterance_end_secs: float | None = None,
        request_id: str = "",
        tags: Iterable[str] = (),
    ) -> None:
        """Start a session.

        Args:
            transcriber: What hears.
            model: The model asked for.
            sample_rate_hz: The sample rate of the audio.
            interim_results: Send interim results.
            vad_events: Send SpeechStarted.
            endpointing_secs: Silence after which speech is final; None for never.
            utterance_end_secs: Silence after which UtteranceEnd is sent; None for never.
            request_id: The connection's id.
            tags: The language of each stretch of speech, from the first on.
        """
        self._tags = iter(tags)
        self._languages: list[str] = []
        self._transcriber = transcriber
        self._model = model
        self._windows = Windows(sample_rate_hz)
        self._interim_results = interim_results
        self._vad_events = vad_events
        self._endpointing_secs = endpointing_secs
        self._utterance_end_secs = utterance_end_secs
        self._request_id = request_id
        self._speaking = False
        self._text = ""
        self._start = 0.0
        self._owes_utterance_end = False

    def hear(self, pcm: bytes) -> list[Message]:
        """Take audio; return what the server says to it."""
        messages: list[Message] = []
        for window in self._windows.cut(pcm):
            if window.onset and not self._speaking:
                self._speaking = True
                self._text = ""
                self._start = window.ends_at - _ONSET_WINDOWS * _WINDOW_SECS
                self._languages = [*itertools.islice(self._tags, 1)]
                self._transcriber.begin(window.lead_in, self._windows.sample_rate_hz)
                if self._vad_events:
                    messages.append(
                        {"type": "SpeechStarted", "channel": [0, 1], "timestamp": self._start}
                    )
            if self._speaking:
                text = self._transcriber.hear(window.pcm, self._windows.sample_rate_hz)
                if text != self._text and self._interim_results:
                    messages.append(self._results(text))
                self._text = text
                ends_after = self._endpointing_secs
                if ends_after is not None and window.quiet_secs >= ends_after:
                    messages += self._conclude(speech_final=True)
            elif self._owes_utterance_end and window.quiet_secs >= (self._utterance_end_secs or 0):
                self._owes_utterance_end = False
                last_word_end = window.ends_at - window.quiet_secs
                messages.append(
                    {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": last_word_end}
                )
        return messages

    def finalize(self) -> list[Message]:
        """Answer Finalize: what is heard so far is final."""
        if self._speaking:
            return self._conclude(from_finalize=True)
        self._start = self._windows.secs
        return [self._results("", is_final=True, from_finalize=True)]

    def close(self) -> list[Message]:
        """Answer CloseStream: the last results, and the metadata of the whole."""
        return [
            *(self._conclude() if self._speaking else []),
            {
                "type": "Metadata",
                "transaction_key": "deprecated",
                "request_id": self._request_id,
                "sha256": "0" * 64,
                "created": "2026-01-01T00:00:00.000Z",
                "duration": round(self._windows.secs, 3),
                "channels": 1,
            },
        ]

    def _conclude(
        self, *, speech_final: bool = False, from_finalize: bool = False
    ) -> list[Message]:
        self._speaking = False
        self._owes_utterance_end = self._utterance_end_secs is not None
        text = self._transcriber.end()
        return [
            self._results(
                text, is_final=True, speech_final=speech_final, from_finalize=from_finalize
            )
        ]

    def _results(
        self,
        text: str,
        *,
        is_final: bool = False,
        speech_final: bool = False,
        from_finalize: bool = False,
    ) -> Message:
        duration = self._windows.secs - self._start
        words = [
            {"word": word.lower().strip(".,?!"), "punctuated_word": word, "confidence": _CONFIDENCE}
            | {"start": round(start, 3), "end": round(end, 3)}
            for word, start, end in _spread(text, self._start, duration)
        ]
        alternative = {
            "transcript": text,
            "confidence": _CONFIDENCE if text else 0.0,
            "words": words,
        }
        if text and self._languages:
            alternative["languages"] = self._languages
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": round(duration, 3),
            "start": round(self._start, 3),
            "is_final": is_final,
            "speech_final": speech_final,
            "channel": {"alternatives": [alternative]},
            "metadata": {
                "request_id": self._request_id,
                "model_info": {"name": self._model, "version": "emulated", "arch": "emulated"},
                "model_uuid": str(uuid.UUID(int=0)),
            },
            "from_finalize": from_finalize,
        }


def _spread(text: str, start: float, duration: float) -> list[tuple[str, float, float]]:
    """Spread words evenly over a time."""
    words = text.split()
    each = duration / len(words) if words else 0.0
    return [(word, start + i * each, start + (i + 1) * each) for i, word in enumerate(words)]


class FluxSession:
    """One connection of Deepgram's listen v2 (Flux), which finds the turns itself."""

    def __init__(
        self,
        transcriber: Transcriber,
        *,
        sample_rate_hz: int,
        eager: bool = False,
        request_id: str = "",
        tags: Iterable[str] = (),
    ) -> None:
        """Start a session.

        Args:
            transcriber: What hears.
            sample_rate_hz: The sample rate of the audio.
            eager: Send EagerEndOfTurn and TurnResumed.
            request_id: The connection's id.
            tags: The language of each stretch of speech, from the first on.
        """
        self._tags = iter(tags)
        self._languages: list[str] = []
        self._transcriber = transcriber
        self._windows = Windows(sample_rate_hz)
        self.eager = eager
        self._request_id = request_id
        self._speaking = False
        self._told = ""
        self._began = False
        self._was_eager = False
        self._turn = 0
        self._start = 0.0

    def hear(self, pcm: bytes) -> list[Message]:
        """Take audio; return what the server says to it."""
        messages: list[Message] = []
        for window in self._windows.cut(pcm):
            if window.onset and not self._speaking:
                self._speaking = True
                self._began = self._was_eager = False
                self._told = ""
                self._start = window.ends_at - _ONSET_WINDOWS * _WINDOW_SECS
                self._languages = [*itertools.islice(self._tags, 1)]
                self._transcriber.begin(window.lead_in, self._windows.sample_rate_hz)
            if self._speaking:
                messages += self._follow(window)
        return messages

    def force_end(self) -> list[Message]:
        """Answer ForceEndTurn."""
        return self._end("manual") if self._speaking else []

    def _follow(self, window: Window) -> list[Message]:
        """Go on with a turn."""
        text = self._transcriber.hear(window.pcm, self._windows.sample_rate_hz)
        if window.quiet_secs >= _END_OF_TURN_SECS:
            return self._end("model")
        messages: list[Message] = []
        if self._was_eager and window.onset:
            self._was_eager = False
            messages.append(self._info("TurnResumed", self._told, 0.1))
        if text and not self._began:
            self._began = True
            messages.append(self._info("StartOfTurn", text, 0.05))
        elif text != self._told and self._began and not self._was_eager:
            messages.append(self._info("Update", text, 0.1))
        if self.eager and self._began and not self._was_eager and window.quiet_secs >= _EAGER_SECS:
            self._was_eager = True
            text = self._transcriber.settle()
            messages.append(self._info("EagerEndOfTurn", text, 0.5))
        self._told = text
        return messages

    def _end(self, trigger: str) -> list[Message]:
        text = self._transcriber.end()
        messages: list[Message] = []
        if text and not self._began:
            messages.append(self._info("StartOfTurn", text, 0.05))
        self._speaking = False
        if text:
            messages.append(self._info("EndOfTurn", text, 0.9) | {"trigger": trigger})
            self._turn += 1
        return messages

    def _info(self, event: str, text: str, confidence: float) -> Message:
        return {
            "type": "TurnInfo",
            "request_id": self._request_id,
            "event": event,
            "turn_index": self._turn,
            "audio_window_start": round(self._start, 3),
            "audio_window_end": round(self._windows.secs, 3),
            "transcript": text,
            "words": [{"word": word, "confidence": _CONFIDENCE} for word in text.split()],
            "end_of_turn_confidence": confidence,
            **({"languages": self._languages} if self._languages else {}),
        }
