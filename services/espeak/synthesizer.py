"""Speech from text without a key or a network: eSpeak NG, through `espeakng-loader`.

The library keeps its state in process globals and is not thread-safe, so one worker thread
serves every call of the process. At a real-time factor of about 0.001 that is enough for
hundreds of calls. eSpeak NG is GPL-3-or-later, hence the `offline` extra.
"""

import asyncio
import ctypes
import functools
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from antiphon.services._extras import import_extra
from antiphon.services.speech import Speech, SpeechChunk, refuse_long
from antiphon.services.word_times import WordTimer, WordTiming

if sys.platform != "win32":
    from _ctypes import dlclose

__all__ = ["EspeakSynthesizer", "start_afresh"]

RATE_WPM_RANGE = (80, 450)
PITCH_RANGE = (0, 100)

# From eSpeak NG's speak_lib.h.
_OUTPUT_SYNCHRONOUS = 2
_BUFFER_MS = 200
_POSITION_CHARACTER = 1
_CHARS_UTF8 = 1
_PARAMETER_RATE, _PARAMETER_PITCH = 1, 3
_EVENT_LIST_TERMINATED, _EVENT_WORD = 0, 1
_CONTINUE, _ABORT = 0, 1


class EspeakSynthesizer:
    """eSpeak NG for one process: whole utterances for scripts, streams for services.

    Instances share the library and its worker thread; the library is loaded by the first
    synthesis. eSpeak carries a little state from one utterance to the next: the same things in
    the same order, in a new process or from `start_afresh` on, give the same samples, while one
    sentence spoken twice may differ by a few.

    Raises:
        ImportError: If `antiphon[offline]` is not installed.
    """

    def __init__(self) -> None:
        import_extra("espeakng_loader", "offline")

    def synthesize(
        self, text: str, *, voice: str = "en-us", rate_wpm: int = 160, pitch: int = 50
    ) -> Speech:
        """Speak a text into memory. Blocks: from an event loop use `stream`.

        Args:
            text: Plain text, at most 5,000 characters.
            voice: An eSpeak voice, with an optional variant: "en-us", "de+f3".
            rate_wpm: Words per minute, 80 to 450.
            pitch: 0 (low) to 100 (high).

        Raises:
            ValueError: If an argument is out of range or the voice does not exist.
        """
        chunks: list[SpeechChunk] = []

        def keep(chunk: SpeechChunk) -> bool:
            chunks.append(chunk)
            return True

        rate_hz = _worker().submit(_job(text, voice, rate_wpm, pitch, keep)).result()
        return Speech(
            pcm=b"".join(chunk.pcm for chunk in chunks),
            sample_rate_hz=rate_hz,
            words=tuple(word for chunk in chunks for word in chunk.words),
        )

    async def stream(
        self, text: str, *, voice: str = "en-us", rate_wpm: int = 160, pitch: int = 50
    ) -> AsyncGenerator[SpeechChunk, None]:
        """Speak a text in pieces of about 0.25 s; closing the generator aborts the synthesis.

        Args:
            text: Plain text, at most 5,000 characters.
            voice: An eSpeak voice, with an optional variant: "en-us", "de+f3".
            rate_wpm: Words per minute, 80 to 450.
            pitch: 0 (low) to 100 (high).

        Yields:
            PCM with the words that ended in it; the last piece may carry words only.

        Raises:
            ValueError: If an argument is out of range or the voice does not exist.
        """
        loop = asyncio.get_running_loop()
        # Bounded by MAX_TEXT_CHARS.
        queue: asyncio.Queue[SpeechChunk | None] = asyncio.Queue()
        aborted = threading.Event()

        def post(chunk: SpeechChunk) -> bool:
            if aborted.is_set():
                return False
            try:
                loop.call_soon_threadsafe(queue.put_nowait, chunk)
            except RuntimeError:  # the loop has closed: nobody listens
                return False
            return True

        job = loop.run_in_executor(_worker(), _job(text, voice, rate_wpm, pitch, post))
        job.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (chunk := await queue.get()) is not None:
                yield chunk
            job.result()
        finally:
            aborted.set()
            job.cancel()


def start_afresh() -> None:
    """Make eSpeak speak as in a new process, so that the same call sounds the same again.

    For simulation: it unloads the library, seeds the C library's `rand`, and costs up to 3 ms and
    2 kB. Does nothing on Windows.
    """
    if sys.platform == "win32":
        return
    if _library.cache_info().currsize:
        _worker().submit(_library().reload).result()
    ctypes.CDLL(None).srand(1)


Sink = Callable[[SpeechChunk], bool]
"""Takes a chunk on the worker thread; False aborts the synthesis."""


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class _Library:
    """The loaded library. Used on the worker thread only."""

    def __init__(self) -> None:
        self._loader = import_extra("espeakng_loader", "offline")
        self._data = Path(self._loader.get_data_path())
        self._timer = WordTimer("")
        self._sink: Sink = lambda _: False
        self._callback = _Callback(self._on_audio)  # kept: ctypes does not own it
        self._load()

    def _load(self) -> None:
        self._espeak = ctypes.CDLL(self._loader.get_library_path())
        self.sample_rate_hz: int = self._espeak.espeak_Initialize(
            _OUTPUT_SYNCHRONOUS, _BUFFER_MS, str(self._data).encode(), 0
        )
        if self.sample_rate_hz <= 0:
            raise RuntimeError(f"eSpeak could not read its data in {self._data}")
        # By default the noise in breathy voices is another in each second of the day.
        self._espeak.espeak_ng_SetRandSeed(1)
        self._voice = ""
        self._espeak.espeak_SetSynthCallback(self._callback)

    def reload(self) -> None:
        # The phases of eSpeak's oscillators outlive espeak_Terminate; unloaded, they are gone.
        self._espeak.espeak_Terminate()
        dlclose(self._espeak._handle)
        self._load()

    def speak(self, text: str, voice: str, rate_wpm: int, pitch: int, sink: Sink) -> int:
        self._set_voice(voice)
        self._espeak.espeak_SetParameter(_PARAMETER_RATE, rate_wpm, 0)
        self._espeak.espeak_SetParameter(_PARAMETER_PITCH, pitch, 0)
        # NUL would end the C string early.
        text = text.replace("\0", " ")
        self._timer, self._sink, self._samples = WordTimer(text), sink, 0
        data = text.encode("utf-8", "replace") + b"\0"
        self._espeak.espeak_Synth(
            data, len(data), 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        return self.sample_rate_hz

    def _set_voice(self, voice: str) -> None:
        if voice == self._voice:
            return
        _, _, variant = voice.partition("+")
        # eSpeak takes an unknown variant in silence, and speaks with the plain voice.
        variants = {path.name for path in (self._data / "voices" / "!v").iterdir()}
        if (variant and variant not in variants) or self._espeak.espeak_SetVoiceByName(
            voice.encode()
        ):
            self._voice = ""
            raise ValueError(
                f"unknown eSpeak voice {voice!r}: give a language ('en-us', 'en', 'de'), with "
                f"an optional variant ('en-us+f3') from {', '.join(sorted(variants))}"
            )
        self._voice = voice

    def _on_audio(
        self,
        samples: "ctypes._Pointer[ctypes.c_short]",
        count: int,
        events: "ctypes._Pointer[_Event]",
    ) -> int:
        words: list[WordTiming] = []
        index = 0
        while (event := events[index]).type != _EVENT_LIST_TERMINATED:
            if event.type == _EVENT_WORD:
                at_secs = event.audio_position_ms / 1000
                words.extend(self._timer.feed(event.text_position - 1, at_secs))
            index += 1
        pcm = ctypes.string_at(samples, count * 2) if samples and count > 0 else b""
        self._samples += len(pcm) // 2
        if not samples:  # the end of the utterance
            words.extend(self._timer.finish(self._samples / self.sample_rate_hz))
        if not pcm and not words:
            return _CONTINUE
        chunk = SpeechChunk(pcm=pcm, sample_rate_hz=self.sample_rate_hz, words=tuple(words))
        return _CONTINUE if self._sink(chunk) else _ABORT


@functools.cache
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="espeak")


@functools.cache
def _library() -> _Library:
    return _Library()


def _job(text: str, voice: str, rate_wpm: int, pitch: int, sink: Sink) -> Callable[[], int]:
    refuse_long(text)
    for name, value, (low, high) in (
        ("rate_wpm", rate_wpm, RATE_WPM_RANGE),
        ("pitch", pitch, PITCH_RANGE),
    ):
        # Settings come over the wire as well, where they may be anything.
        if not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{name}={value!r} is not between {low} and {high}")
    if not isinstance(voice, str):
        raise ValueError(f"voice={voice!r} is no eSpeak voice's name")
    return lambda: _library().speak(text, voice, rate_wpm, pitch, sink)
