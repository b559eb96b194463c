"""PocketSphinx decoders, shared by the calls of one process.

A decoder costs 28 MB with a grammar and 91 MB with the language model, and is busy only while
somebody speaks: calls borrow one for an utterance and give it back. Each has a thread of its own.
PocketSphinx keeps Python's lock while it decodes, so audio goes in by small slices.
"""

import asyncio
import re
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from antiphon.services._extras import import_extra

__all__ = ["DecoderPool", "Recognition", "Recognizer"]

SAMPLE_RATE_HZ = 16_000
SLICE_BYTES = SAMPLE_RATE_HZ // 50 * 2
"""20 ms: what is decoded in one go, and so for how long other threads may have to wait."""

# The sounds of the English model. A rule that takes any sequence of them competes with the
# grammar, and wins where the grammar does not fit what was said.
_PHONES = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW "
    "V W Y Z ZH"
)
_FILLER_PREFIX = "anysound"
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_HEADER = re.compile(r"^\s*#JSGF[^;]*;")
_PUBLIC_RULE = re.compile(r"\bpublic\s+(<[^>]+>)")
_ALTERNATE = re.compile(r"\(\d+\)$")

MAX_FIRST_BYTES = SAMPLE_RATE_HZ * 2 * 15
"""15 s of a caller's first utterance are kept to be decoded again."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """What a decoder made of one utterance.

    Parameters:
        text: The words, lower case, without punctuation; empty if there were none.
        in_grammar: Whether the grammar fitted the speech better than any other sequence of
            sounds would. A hint, not a proof. Always true with the language model.
        adaptation: What the decoder learned of the channel and the voice, for the same caller's
            next utterance.
    """

    text: str
    in_grammar: bool
    adaptation: str


class Recognizer:
    """One decoder and its thread. Audio is mono signed 16-bit at 16 kHz.

    Args:
        grammar: A JSGF grammar, or None for the general English language model.
    """

    def __init__(self, grammar: str | None) -> None:
        self.grammar = grammar
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pocketsphinx")
        self._decoder: Any = None
        self._first_adaptation = ""
        self._in_utterance = False
        self._first_words: bytearray | None = None

    async def load(self) -> None:
        """Load the model, if that has not happened yet.

        Raises:
            ImportError: If `antiphon[offline]` is not installed.
            ValueError: If the grammar cannot be read or has a word without a pronunciation.
        """
        await self._run(self._load)

    async def start(self, adaptation: str | None = None, *, channel: str | None = None) -> None:
        """Begin an utterance, and drop one that was not finished.

        Args:
            adaptation: That of the same caller's last `Recognition`, if there was one.
            channel: An adaptation to begin with, where there was none.
        """
        await self._run(lambda: self._start(adaptation, channel))

    async def feed(self, pcm: bytes) -> str:
        """Take audio, and return the words so far."""
        return await self._run(lambda: self._feed(pcm))

    async def finish(self) -> Recognition:
        """End the utterance."""
        return await self._run(self._finish)

    def close(self) -> None:
        """Free the decoder, once its thread has done what it was asked."""
        self._thread.shutdown(wait=False)

    async def _run(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    def _load(self) -> None:
        if self._decoder is None:
            self._decoder = load_decoder(self.grammar)
            self._first_adaptation = self._decoder.get_cmn(False)

    def _start(self, adaptation: str | None, channel: str | None) -> None:
        self._load()
        if self._in_utterance:
            self._decoder.end_utt()
        self._decoder.set_cmn(adaptation or channel or self._first_adaptation)
        self._decoder.start_utt()
        self._in_utterance = True
        # With a grammar decoding is cheap enough to do a caller's first utterance twice.
        self._first_words = bytearray() if adaptation is None and self.grammar else None

    def _feed(self, pcm: bytes) -> str:
        if self._first_words is not None and len(self._first_words) < MAX_FIRST_BYTES:
            self._first_words += pcm
        self._decode(pcm)
        text, in_grammar = self._hypothesis()
        return text if in_grammar else ""

    def _decode(self, pcm: bytes | bytearray) -> None:
        for start in range(0, len(pcm), SLICE_BYTES):
            self._decoder.process_raw(bytes(pcm[start : start + SLICE_BYTES]), False, False)

    def _finish(self) -> Recognition:
        self._decoder.end_utt()
        if self._first_words is not None:
            # Once more, knowing the channel and the voice: after it the errors halve.
            self._decoder.set_cmn(self._decoder.get_cmn(True))
            self._decoder.start_utt()
            self._decode(self._first_words)
            self._decoder.end_utt()
        self._in_utterance = False
        text, in_grammar = self._hypothesis()
        return Recognition(text=text, in_grammar=in_grammar, adaptation=self._decoder.get_cmn(True))

    def _hypothesis(self) -> tuple[str, bool]:
        hypothesis = self._decoder.hyp()
        words = hypothesis.hypstr.split() if hypothesis else []
        if self.grammar is None:
            return " ".join(_ALTERNATE.sub("", word) for word in words), True
        fillers = [word for word in words if word.startswith(_FILLER_PREFIX)]
        if fillers or not words:
            return "", False
        return " ".join(_ALTERNATE.sub("", word) for word in words), True


class DecoderPool:
    """Lends decoders to calls, of any event loop; what is given back is kept for the next.

    Args:
        max_decoders: How many there may be at once, of all grammars. A call that finds none waits
            for one, in order.
    """

    def __init__(self, *, max_decoders: int = 8) -> None:
        if max_decoders < 1:
            raise ValueError(f"max_decoders={max_decoders!r}: a pool needs at least one")
        self._lock = threading.Lock()
        self._free = max_decoders
        self._idle: list[Recognizer] = []  # the longest idle first
        self._waiting: deque[Future[Recognizer]] = deque()

    async def borrow(self, grammar: str | None) -> Recognizer:
        """Wait for a decoder, which `give_back` must be told of.

        Args:
            grammar: A JSGF grammar, or None for the general English language model.
        """
        waiter: Future[Recognizer] = Future()
        with self._lock:
            recognizer = self._take(grammar)
            if recognizer is None:
                self._waiting.append(waiter)
        if recognizer is None:
            try:
                recognizer = await asyncio.wrap_future(waiter)
            except asyncio.CancelledError:
                if not waiter.cancel():  # it was lent in the same moment
                    self.give_back(waiter.result())
                raise
        if recognizer.grammar != grammar:
            recognizer.close()
            recognizer = Recognizer(grammar)
        return recognizer

    def give_back(self, recognizer: Recognizer) -> None:
        """Lend a decoder to the next in line, or keep it.

        Args:
            recognizer: What `borrow` returned; the utterance need not be finished.
        """
        with self._lock:
            while self._waiting:
                waiter = self._waiting.popleft()
                if waiter.set_running_or_notify_cancel():
                    waiter.set_result(recognizer)
                    return
            self._idle.append(recognizer)

    def clear(self) -> None:
        """Close what is idle: a decoder keeps an estimate of the noise that it heard last."""
        with self._lock:
            self._free += len(self._idle)
            for recognizer in self._idle:
                recognizer.close()
            self._idle.clear()

    def _take(self, grammar: str | None) -> Recognizer | None:
        for recognizer in self._idle:
            if recognizer.grammar == grammar:
                self._idle.remove(recognizer)
                return recognizer
        if self._free:
            self._free -= 1
            return Recognizer(grammar)
        return self._idle.pop(0) if self._idle else None


def load_decoder(grammar: str | None) -> Any:
    """Make a PocketSphinx `Decoder` for a grammar, or for the English language model.

    Args:
        grammar: A JSGF grammar or None. All its public rules may be spoken.

    Raises:
        ImportError: If `antiphon[offline]` is not installed.
        ValueError: If the grammar cannot be read or has a word without a pronunciation.
    """
    sphinx = import_extra("pocketsphinx", "offline")
    if grammar is None:
        # Without its second pass an utterance ends in 6 ms instead of 70; we saw no cost in words.
        return sphinx.Decoder(loglevel="FATAL", fwdflat=False)
    # A higher insertion penalty and no second search: measured, fewer inserted digits.
    decoder = sphinx.Decoder(loglevel="FATAL", lm=None, bestpath=False, wip=0.01)
    for phone in _PHONES.split():
        decoder.add_word(_FILLER_PREFIX + phone.lower(), phone, False)
    spoken = with_filler(grammar)
    unknown = [word for word in _grammar_words(grammar) if decoder.lookup_word(word) is None]
    if unknown:
        raise ValueError(
            f"the recogniser knows no pronunciation of {', '.join(map(repr, unknown))}: use other "
            "words in the grammar"
        )
    try:
        decoder.add_jsgf_string("phrases", spoken)
        decoder.activate_search("phrases")
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"not a JSGF grammar: {_excerpt(grammar)!r}") from error
    return decoder


def with_filler(grammar: str) -> str:
    """Let a grammar also take any sequence of sounds, marked as such.

    Args:
        grammar: A JSGF grammar.

    Raises:
        ValueError: If it has no public rule.
    """
    grammar = _HEADER.sub("", _COMMENT.sub(" ", grammar), count=1)
    public = _PUBLIC_RULE.findall(grammar)
    if not public:
        raise ValueError(f"a JSGF grammar with no public rule: {_excerpt(grammar)!r}")
    sounds = " | ".join(_FILLER_PREFIX + phone.lower() for phone in _PHONES.split())
    return (
        "#JSGF V1.0;\n"
        + _PUBLIC_RULE.sub(r"\1", grammar)
        + f"\n<{_FILLER_PREFIX}> = {sounds};\n"
        + f"public <spoken> = {' | '.join(public)} | <{_FILLER_PREFIX}>+;\n"
    )


def _grammar_words(grammar: str) -> list[str]:
    grammar = _COMMENT.sub(" ", grammar)
    _, _, rules = grammar.partition("=")
    tokens = re.findall(r"<[^>]*>|/[^/]*/|\{[^}]*\}|[\w'.-]+", _PUBLIC_RULE.sub(r"\1", rules))
    return sorted({token for token in tokens if token[0] not in "</{"})


def _excerpt(grammar: str) -> str:
    return grammar if len(grammar) <= 80 else grammar[:80] + "…"
