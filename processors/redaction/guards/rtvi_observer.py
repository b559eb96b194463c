"""What a client is told of the frames of a call, without what is personal.

Pipecat's observer tells of a frame when it is first pushed, unredacted; here what an STT, an LLM or
the keypad says waits until a `PIIRedactor` passes it on.
"""

import copy
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

from pipecat.frames.frames import (
    AggregatedTextFrame,
    AggregatedTextProgressFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMContextAssistantTurnFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TextFrame,
    TranscriptionFrame,
    TTSTextFrame,
    UserBackchannelFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frame_processor import FrameDirection
from pipecat.processors.frameworks.rtvi import RTVIObserver, RTVIObserverParams, RTVIProcessor
from pipecat.processors.frameworks.rtvi.frames import RTVISendTextFrame
from pipecat.processors.frameworks.rtvi.models import TextMessageData, UserLLMTextMessage
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.utils.text.base_text_aggregator import TextType
from pydantic import BaseModel

from antiphon.processors.redaction.core.entities import tagged
from antiphon.processors.redaction.core.fallback import without_numerals
from antiphon.processors.redaction.core.known_values import KnownValues
from antiphon.processors.redaction.core.language import load_language
from antiphon.processors.redaction.core.redactor import Redactor
from antiphon.processors.redaction.core.stream import StreamRedactor
from antiphon.processors.redaction.detectors import DETECTORS, Detector
from antiphon.processors.redaction.frames import RECORD, PIIExpectFrame
from antiphon.processors.redaction.guards.check import source_of
from antiphon.processors.redaction.redactor import PIIRedactor

__all__ = ["RedactingRTVIObserver"]

# Transcripts and segments to know again; no turn has as many.
MOST_KNOWN = 64
WORDS = (TextType.WORD, TextType.TOKEN)


class RedactingRTVIObserver(RTVIObserver):
    """An `RTVIObserver` that tells what was said without what is personal.

    What an STT, an LLM or the keypad says is told once a `PIIRedactor` passes it on; what none
    passes on is never told. Words that come one by one are told as soon as it is sure that they
    belong to nothing personal.
    """

    def __init__(
        self,
        rtvi: RTVIProcessor | None = None,
        *,
        params: RTVIObserverParams | None = None,
        language: str = "en",
        **kwargs: Any,
    ) -> None:
        """Create the observer.

        Args:
            rtvi: The processor that sends the messages.
            params: Pipecat's settings of what is told.
            language: The language spoken: "en", "es", "fr" or "de".
            **kwargs: Passed to `RTVIObserver`.
        """
        params = params or RTVIObserverParams()
        super().__init__(rtvi, params=params, **kwargs)
        # Weak: a frame that the redactor replaced or dropped is forgotten with it.
        self._waiting: WeakValueDictionary[int, Frame] = WeakValueDictionary()
        # What the caller says of themselves the agent may say again, with nothing to announce it.
        self._values = KnownValues()
        detectors: tuple[Detector, ...] = (*DETECTORS, self._values)
        self._redactor = Redactor(language=language, detectors=detectors)
        self._table = load_language(language)
        self._written = _Stream(StreamRedactor(language=language, detectors=detectors), language)
        self._spoken = _Stream(StreamRedactor(language=language, detectors=detectors), language)
        self._known: deque[tuple[str, str]] = deque(maxlen=MOST_KNOWN)
        # Segments that the client may not see or shows apart: their words mix with no others.
        self._apart: deque[int] = deque(maxlen=MOST_KNOWN)
        self._kept_apart = frozenset({TextType.BACKCHANNEL, *(params.skip_text_types or ())})

    async def on_push_frame(self, data: FramePushed) -> None:
        """Tell the client of a frame, if it may know it by now.

        Args:
            data: The push.
        """
        if data.first_push and source_of(type(data.source)):
            self._waiting[data.frame.id] = data.frame
            return
        if isinstance(data.source, PIIRedactor) and data.frame.id in self._waiting:
            del self._waiting[data.frame.id]
            data = replace(data, first_push=True)
        for told in self._redacted(data):
            await super().on_push_frame(told)

    async def send_rtvi_message(self, model: BaseModel, exclude_none: bool = True) -> None:
        """Send a message; what the model reads of the caller's turn is not what a client may.

        Args:
            model: The message to send.
            exclude_none: Whether to leave out fields without a value.
        """
        if isinstance(model, UserLLMTextMessage):
            model = UserLLMTextMessage(data=TextMessageData(text=self._turn(model.data.text)))
        await super().send_rtvi_message(model, exclude_none)

    def _redacted(self, data: FramePushed) -> Iterator[FramePushed]:
        """What to tell of instead of a push: often the same, nothing, or what was held before."""
        frame = data.frame
        if isinstance(data.source, BaseOutputTransport):
            if isinstance(frame, AggregatedTextFrame):
                yield from self._segment(data, frame)
                return
            if isinstance(frame, AggregatedTextProgressFrame):
                yield from self._progress(data, frame)
                return
        down = data.direction is FrameDirection.DOWNSTREAM
        if not data.first_push or not (down or frame.broadcast_sibling_id is None):
            yield data
            return
        match frame:
            case LLMTextFrame():
                yield from self._written.feed(data, frame)
            case LLMFullResponseEndFrame():
                yield from self._written.flush()
                yield data
            case BotStoppedSpeakingFrame():
                yield from self._spoken.flush()
                yield data
            case InterruptionFrame():
                yield from self._written.cut()
                yield from self._spoken.cut()
                yield data
            case TranscriptionFrame() | RTVISendTextFrame():
                found = self._redactor.redact(frame.text)
                self._values.note(frame.text, found.found)
                told = _heard(frame, found.record)
                self._known.appendleft((_plain(frame.text), told))
                yield _saying(data, text=told)
            case UserBackchannelFrame():
                told = _heard(frame, self._redactor.peek(frame.text).record)
                yield _saying(data, text=told)
            case InterimTranscriptionFrame():
                told = _heard(frame, self._redactor.growing(frame.text).record)
                yield _saying(data, text=told)
            case LLMContextAssistantTurnFrame():
                self._redactor.redact(frame.text, "agent")
                yield data
            case PIIExpectFrame():
                self._redactor.expect(*frame.kinds, turns=frame.turns)
                yield data
            case _:
                yield data

    def _turn(self, text: str) -> str:
        """What the caller said in a turn, of which the model may read more than is told."""
        read, told, turn = "", "", _plain(text)
        for said, shown in self._known:
            read, told = f"{said} {read}".rstrip(), f"{shown} {told}".rstrip()
            if read == turn:
                return told
            if len(read) > len(turn):
                break
        text = self._redactor.peek(text).record
        for said, shown in self._known:
            if said != shown:
                text = text.replace(said, shown)
        return text

    def _segment(self, data: FramePushed, frame: AggregatedTextFrame) -> Iterator[FramePushed]:
        if not isinstance(frame, TTSTextFrame):
            if frame.text_type in self._kept_apart:
                self._apart.append(frame.id)
        elif _in_pieces(frame) and frame.segment_id not in self._apart:
            yield from self._spoken.feed(data, frame)
            return
        yield _saying(data, text=tagged(frame.text, self._redactor.find(frame.text)))

    def _progress(
        self, data: FramePushed, frame: AggregatedTextProgressFrame
    ) -> Iterator[FramePushed]:
        found = self._redactor.find(frame.text)
        at = len(frame.accumulated_text)
        if frame.text.startswith(frame.accumulated_text):
            # What is being said goes to what is still to be said.
            inside = next((e.start for e in found if e.start < at < e.end), at)
            before = tagged(frame.text[:inside], (e for e in found if e.end <= inside))
            text = tagged(frame.text, found)
            after = text[len(before) :].strip()
        else:
            text = tagged(frame.text, found)
            parts = (frame.accumulated_text, frame.remaining_text)
            before, after = (
                without_numerals(tagged(p, self._redactor.find(p)), self._table) for p in parts
            )
        if not frame.remaining_text:
            yield from self._spoken.settle()
        yield _saying(data, text=text, accumulated_text=before, remaining_text=after)


class _Stream:
    """Words that come one by one, and the push under which those held back are told."""

    def __init__(self, stream: StreamRedactor, language: str) -> None:
        self._stream = stream
        self._table = load_language(language)
        self._last: FramePushed | None = None

    def feed(self, data: FramePushed, frame: TextFrame) -> Iterator[FramePushed]:
        space = "" if frame.includes_inter_frame_spaces or self._last is None else " "
        self._last = data
        return self._told(self._stream.feed(space + frame.text))

    def settle(self) -> Iterator[FramePushed]:
        """What is held leaves, unless a number may go on."""
        return self._told(self._stream.settle())

    def flush(self) -> Iterator[FramePushed]:
        """The end."""
        yield from self._told(self._stream.flush())
        self._last = None

    def cut(self) -> Iterator[FramePushed]:
        """The end in mid-word, perhaps of a number."""
        yield from self._told(without_numerals(self._stream.flush(), self._table))
        self._last = None

    def _told(self, text: str) -> Iterator[FramePushed]:
        if self._last is None:
            return
        if not getattr(self._last.frame, "includes_inter_frame_spaces", True):
            text = text.strip()
        if text:
            yield _saying(self._last, text=text)


def _in_pieces(frame: TTSTextFrame) -> bool:
    """Whether what a voice tells is no sentence, as of a speech-to-speech model."""
    return frame.text_type in WORDS or frame.includes_inter_frame_spaces


def _heard(frame: Frame, redacted: str) -> str:
    """What the caller said: as the redactor has it, which knows what the call is about."""
    told: str = frame.metadata.get(RECORD, redacted)
    return told


def _plain(text: str) -> str:
    return " ".join(text.split())


def _saying(data: FramePushed, **changes: str) -> FramePushed:
    """The push of a frame that says something else."""
    if all(getattr(data.frame, name) == value for name, value in changes.items()):
        return data
    frame = copy.copy(data.frame)
    for name, value in changes.items():
        setattr(frame, name, value)
    return replace(data, frame=frame)
