"""The aggregators that are compared, each behind `feed` and `flush`.

A peer that is not installed is left out with a line that says so.
"""

import asyncio
import importlib
import importlib.metadata
import re
from collections.abc import Callable

from measure import Aggregator

Factory = Callable[[str], Aggregator]


def ours() -> dict[str, Factory]:
    """antiphon, with and without the first clause, waiting for proof and eager."""
    from antiphon.processors.sentences import SentenceSettings
    from antiphon.processors.sentences.scanner import SentenceScanner

    def factory(settings: SentenceSettings) -> Factory:
        return lambda language: SentenceScanner(language, settings=settings)

    strict = SentenceSettings(first_clause=False)
    return {
        "antiphon strict": factory(strict),
        "antiphon strict, no language": lambda _: SentenceScanner(settings=strict),
        "antiphon eager": factory(SentenceSettings(mode="eager", first_clause=False)),
        "antiphon default (strict, first clause)": factory(SentenceSettings()),
        "antiphon eager, first clause": factory(SentenceSettings(mode="eager")),
    }


class _Regex:
    """The rule of the tutorials: cut behind each match."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self._text = ""

    def feed(self, text: str) -> list[str]:
        self._text += text
        out = []
        while match := self._pattern.search(self._text):
            out.append(self._text[: match.end()])
            self._text = self._text[match.end() :]
        return out

    def flush(self) -> list[str]:
        rest, self._text = self._text, ""
        return [rest] if rest.strip() else []


def tutorials() -> dict[str, Factory]:
    """What most example code does."""
    return {
        "tutorial: cut at . ! ?": lambda _: _Regex(r"[.!?]+"),
        "tutorial: cut at . ! ? before a space": lambda _: _Regex(r"(?<=[.!?])\s+(?=\S)"),
    }


def _run(coroutine) -> object:
    """Step a coroutine that never waits: no event loop, so only its own work is timed."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("the coroutine waited")


class _PipecatAggregator:
    """Pipecat's SimpleTextAggregator."""

    def __init__(self, language: str | None) -> None:
        from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator

        self._aggregator = SimpleTextAggregator(language=language)

    def feed(self, text: str) -> list[str]:
        async def collect() -> list[str]:
            return [a.text async for a in self._aggregator.aggregate(text)]

        return _run(collect())  # type: ignore[return-value]

    def flush(self) -> list[str]:
        rest = _run(self._aggregator.flush())
        return [rest.text] if rest else []  # type: ignore[attr-defined]


class _PipecatProcessor:
    """Pipecat's LLMTextProcessor, its frames taken where it pushes them."""

    def __init__(self, language: str | None) -> None:
        from pipecat.frames.frames import LLMTextFrame
        from pipecat.processors.aggregators.llm_text_processor import LLMTextProcessor
        from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator

        self._out: list[str] = []
        self._processor = LLMTextProcessor(text_aggregator=SimpleTextAggregator(language=language))
        self._frame = LLMTextFrame

        async def push_frame(frame, direction=None) -> None:
            self._out.append(frame.text)

        self._processor.push_frame = push_frame  # type: ignore[method-assign]

    def _taken(self) -> list[str]:
        out, self._out = self._out, []
        return out

    def feed(self, text: str) -> list[str]:
        _run(self._processor._handle_llm_text(self._frame(text)))
        return self._taken()

    def flush(self) -> list[str]:
        _run(self._processor._handle_llm_end())
        return self._taken()


def pipecat() -> dict[str, Factory]:
    """Pipecat as it ships."""
    importlib.import_module("pipecat.utils.text.simple_text_aggregator")
    return {
        "pipecat SimpleTextAggregator": lambda _: _PipecatAggregator(None),
        "pipecat SimpleTextAggregator, language": _PipecatAggregator,
        "pipecat LLMTextProcessor": lambda _: _PipecatProcessor(None),
    }


class _LiveKit:
    """A LiveKit sentence stream, driven without waiting."""

    def __init__(self, tokenizer) -> None:
        self._stream = tokenizer.stream()

    def _taken(self) -> list[str]:
        out = []
        channel = self._stream._event_ch
        while True:
            try:
                out.append(channel.recv_nowait().token)
            except Exception:  # their channel names both "empty" and "closed" its own way
                return out

    def feed(self, text: str) -> list[str]:
        self._stream.push_text(text)
        return self._taken()

    def flush(self) -> list[str]:
        self._stream.flush()
        return self._taken()


def livekit() -> dict[str, Factory]:
    """LiveKit's two tokenizers, with their default minimum of 20 characters and with 1."""
    from livekit.agents import tokenize  # pyright: ignore[reportMissingImports]

    asyncio.set_event_loop(asyncio.new_event_loop())  # their channels look for one
    found: dict[str, Factory] = {
        "livekit basic": lambda _: _LiveKit(tokenize.basic.SentenceTokenizer()),
        "livekit basic, min 1": lambda _: _LiveKit(
            tokenize.basic.SentenceTokenizer(min_sentence_len=1, stream_context_len=1)
        ),
    }
    blingfire = importlib.import_module("livekit.agents.tokenize.blingfire")
    found["livekit blingfire"] = lambda _: _LiveKit(blingfire.SentenceTokenizer())
    found["livekit blingfire, min 1"] = lambda _: _LiveKit(
        blingfire.SentenceTokenizer(min_sentence_len=1, stream_context_len=1)
    )
    return found


class _NeedMore:
    """What the token source waits for: it hands control back to `feed`."""

    def __await__(self):
        yield self


class _Stream2Sentence:
    """stream2sentence's async generator, stepped by hand: it stops when it wants a token."""

    def __init__(self, **options: object) -> None:
        from stream2sentence import (  # pyright: ignore[reportMissingImports]
            generate_sentences_async,
        )

        self._tokens: list[str] = []
        self._ended = False
        self._sentences = generate_sentences_async(self._source(), **options)
        self._step = None

    async def _source(self):
        while True:
            while self._tokens:
                yield self._tokens.pop(0)
            if self._ended:
                return
            await _NeedMore()

    def _taken(self) -> list[str]:
        out = []
        while True:
            step = self._step or self._sentences.__anext__()
            self._step = step
            try:
                step.send(None)
                return out
            except StopIteration as done:
                out.append(done.value)
                self._step = None
            except StopAsyncIteration:
                return out

    def feed(self, text: str) -> list[str]:
        self._tokens.append(text)
        return self._taken()

    def flush(self) -> list[str]:
        self._ended = True
        return self._taken()


def stream2sentence() -> dict[str, Factory]:
    """stream2sentence with its rules for the language, as it ships and with quick yield."""
    importlib.import_module("stream2sentence")

    def factory(**options: object) -> Factory:
        return lambda language: _Stream2Sentence(language=language, **options)

    return {
        "stream2sentence": factory(),
        "stream2sentence auto context, min 1": factory(
            auto_context=True, minimum_sentence_length=1
        ),
        "stream2sentence quick yield": factory(quick_yield_single_sentence_fragment=True),
    }


class _Resegment:
    """Segment the whole buffer at each token and give out all sentences but the last."""

    def __init__(self, segment: Callable[[str], list[str]]) -> None:
        self._segment = segment
        self._text = ""

    def feed(self, text: str) -> list[str]:
        self._text += text
        *done, last = self._segment(self._text) or [""]
        if not done:
            return []
        self._text = last
        return done

    def flush(self) -> list[str]:
        rest, self._text = self._text, ""
        return self._segment(rest) if rest.strip() else []


def pysbd() -> dict[str, Factory]:
    """pysbd, run again at each token."""
    segmenter = importlib.import_module("pysbd").Segmenter
    languages = set(importlib.import_module("pysbd.languages").LANGUAGE_CODES)
    made: dict[str, object] = {}

    def make(language: str) -> Aggregator:
        code = language if language in languages else "en"
        found = made.setdefault(code, segmenter(language=code, clean=False))
        return _Resegment(found.segment)  # type: ignore[attr-defined]

    return {"pysbd, re-run": make}


def sentencex() -> dict[str, Factory]:
    """sentencex, run again at each token."""
    module = importlib.import_module("sentencex")
    return {
        "sentencex, re-run": lambda language: _Resegment(
            lambda text: list(module.segment(language, text))
        )
    }
