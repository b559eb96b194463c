"""One searcher for what a caller said in confidence, in every way out of a call at once.

`Ways` keeps what a call writes, tells and sends; `leaks` looks through it for a card number, its
code, a social security number and an e-mail address, however they are spelled.
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loguru import logger
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pipecat.frames.frames import MetricsFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed

from antiphon.pipeline.worker import CallWorker
from antiphon.processors.latency import log_turns
from antiphon.processors.latency.export.prometheus import prometheus_text
from antiphon.processors.redaction import RedactingSpanExporter

CARD = "4539148803436467"
CARD_SPOKEN = "four five three nine fourteen double eight oh three forty three six four six seven"
CVV, CVV_SPOKEN = "917", "nine one seven"
SSN, SSN_SPOKEN = "536221847", "five three six two two one eight four seven"
MAIL = "marguerite.osgood@quillfeather.org"
MAIL_SPOKEN = "marguerite dot osgood at quillfeather dot org"

NUMBERS = {
    "oh": "0",
    "zero": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "fourteen": "14",
    "forty": "4",
}
NUMBER = "|".join(NUMBERS)
# Whole: of one that is being spelled, an interim transcript at TRACE shows the beginning.
MAIL_PIECE = re.compile(r"osgood\W+(?:at\W+)?quillfeather\W+(?:dot\W+)?org")
# So many digits in a row are no accident among all the times and ids of a log: as words or as one
# number, and with anything but letters between them.
TOGETHER, APART = 7, 10


def leaks(text: str) -> list[str]:
    """What is found in a text: the kind, and the digits or the words.

    A number is found written together, grouped, as a float, one digit a frame or in words; a code
    of three digits only where it stands alone.
    """
    plain = _in_digits(text)
    found = [f"mail: {piece}" for piece in MAIL_PIECE.findall(plain)[:1]]
    together = " ".join(re.findall(r"(?<![0-9a-f])\d{7,}(?![0-9a-f])", plain))
    apart = re.sub(r"(?<=\d)[^a-z\d]{1,8}(?=\d)", "", plain)
    for kind, number in (("card", CARD), ("ssn", SSN)):
        pieces = [(together, number[i : i + TOGETHER]) for i in range(len(number) - TOGETHER + 1)]
        size = min(APART, len(number))
        pieces += [(apart, number[i : i + size]) for i in range(len(number) - size + 1)]
        found += [f"{kind}: {piece}" for within, piece in pieces if piece in within][:1]
    if re.search(rf"(?<![\d.:/#-]){CVV}(?![\d.:/-]\d)(?!\d)", plain):
        found.append(f"cvv: {CVV}")
    return found


def _in_digits(text: str) -> str:
    """Numbers in words become digits: "double eight", "eight", " oh", one after another."""
    text = re.sub(rf"\bdouble[\s,]+({NUMBER})\b", r"\1 \1", text.lower())
    text = re.sub(rf"\b({NUMBER})\b", lambda match: f"\0{NUMBERS[match[1]]}", text)
    return re.sub(r"(?<=\d)[\s,\-]*\0(\d)", r"\1", text).replace("\0", "")


@dataclass
class Ways:
    """What left a call, by the way that it took.

    Parameters:
        model: What the language model was sent.
        told: What a client was told, message by message.
        log: What loguru's sinks and those of `logging` wrote, at TRACE and with variables.
        spans: What was traced.
        metrics: Metrics frames, Prometheus' text and a line for each turn.
        files: What was written to a folder.
    """

    model: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    spans: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    def leaks(self, *, but: Iterable[str] = ()) -> dict[str, list[str]]:
        """Where something was found, and what.

        Args:
            but: What may be there, as "model: mail".
        """
        self.spans = [span.to_json() for span in self.exporter.get_finished_spans()]
        found = {}
        for way in ("model", "told", "log", "spans", "metrics", "files"):
            here = leaks("\n".join(getattr(self, way)))
            here = [leak for leak in here if f"{way}: {leak.split(':')[0]}" not in but]
            if here:
                found[way] = here
        return found

    def follow(self, worker: CallWorker) -> None:
        """Keep what a worker measures."""
        worker.add_observer(_Metrics(self.metrics))
        if worker.latency:
            log_turns(worker.latency, self.metrics.append)
        self.metrics.append(prometheus_text().decode())

    def tell(self, messages: Iterable[Any]) -> None:
        """Keep what a client was told: each message, and the texts of each kind in a row."""
        texts: dict[str, str] = {}
        for message in messages:
            kind = message.get("type", "")
            if kind == "metrics":
                continue
            self.told.append(json.dumps(message, ensure_ascii=False, default=str))
            data = message.get("data")
            text = data.get("text", "") if isinstance(data, dict) else ""
            texts[kind] = texts.get(kind, "") + text
        self.told += texts.values()

    def read(self, folder: Path) -> None:
        """Keep what was written to a folder, but for sound, as of a report, and its drawings."""
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix != ".wav":
                text = re.sub(r"base64,[A-Za-z0-9+/=]+", "", path.read_text())
                text = re.sub(r"<svg.*?</svg>|<style.*?</style>", "", text, flags=re.DOTALL)
                self.files.append(text)


class _Metrics(BaseObserver):
    def __init__(self, kept: list[str]) -> None:
        super().__init__()
        self._kept = kept

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.first_push and isinstance(data.frame, MetricsFrame):
            self._kept.append(repr(data.frame.data))


class _JsonHandler(logging.Handler):
    """As a JSON formatter does it: whatever is on the record."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(json.dumps({**vars(record), "said": record.getMessage()}, default=str))


@contextmanager
def watched() -> Iterator[Ways]:
    """Watch every way out that a process has, for the calls made within."""
    ways = Ways()
    handler = _JsonHandler(ways.log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)

    def keep(line: str) -> None:
        # As JSON: the message as written, its traceback with variables, and what is bound to it.
        if "AudioRawFrame" not in line:
            ways.log.append(line)

    sink = logger.add(keep, level="TRACE", diagnose=True, backtrace=True, serialize=True)
    exporter = ways.exporter
    processor = SimpleSpanProcessor(RedactingSpanExporter(exporter))
    _tracer_provider().add_span_processor(processor)
    try:
        yield ways
    finally:
        logger.remove(sink)
        root.removeHandler(handler)
        root.setLevel(level)
        processor.shutdown()


def _tracer_provider() -> TracerProvider:
    """That of the process, which can be set only once."""
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        # Its own resource has a random id, which may have the digits of a code.
        provider = TracerProvider(resource=Resource({"service.name": "leaks"}))
        trace.set_tracer_provider(provider)
    return provider
