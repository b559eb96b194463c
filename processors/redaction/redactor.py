"""The processor that hides personal data: after the STT, after the LLM and after the TTS.

A thin shell around `Redactor` and `StreamRedactor`. It pushes new frames, so that observers, which
look at a frame's first push, see what was redacted; see `check` for what they see before it.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Literal

from loguru import logger
from pipecat.frames.frames import (
    AggregatedTextFrame,
    AggregatedTextProgressFrame,
    CancelFrame,
    CancelWorkerFrame,
    EagerTranscriptionFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InputTextRawFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMContextAssistantTurnFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    LLMThoughtEndFrame,
    LLMThoughtTextFrame,
    MetricsFrame,
    StartFrame,
    TextFrame,
    TranscriptionFrame,
    TranslationFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserBackchannelFrame,
)
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import (
    FrameCallback,
    FrameDirection,
    FrameProcessorSetup,
)

from antiphon.core.call_scope import CallScope
from antiphon.processors.redaction.core.entities import Entity, Redaction
from antiphon.processors.redaction.core.language import LANGUAGES
from antiphon.processors.redaction.core.policy import Policy
from antiphon.processors.redaction.core.redactor import Redactor
from antiphon.processors.redaction.core.stream import StreamRedactor
from antiphon.processors.redaction.core.values import redact_value
from antiphon.processors.redaction.core.vault import Vault
from antiphon.processors.redaction.detectors import DETECTORS, Detector
from antiphon.processors.redaction.frame_fields import CARRIED, carried, redacted_fields
from antiphon.processors.redaction.frames import (
    FOR_THE_CLIENT,
    RECORD,
    PIIExpectFrame,
    PIIMetricsData,
    PIIRedactedFrame,
    renewed,
)
from antiphon.processors.redaction.guards.check import UnguardedError, unguarded
from antiphon.processors.redaction.guards.errors import redacted_error
from antiphon.processors.redaction.pieces import Pieces
from antiphon.processors.redaction.presidio import PresidioBackend
from antiphon.processors.redaction.recording.stt_clock import SttClock
from antiphon.processors.redaction.recording.word_times import spans_of, words_of
from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["PIIRedactor"]

_Handler = Callable[[Any, FrameDirection], Awaitable[None]]

# What a voice is about to say.
ALOUD = (AggregatedTextFrame, AggregatedTextProgressFrame, LLMTextFrame, TextFrame, TTSSpeakFrame)


class _Handlers(dict[type[Frame], _Handler]):
    """Who takes a kind of frame: whoever takes the nearest of its bases."""

    def __missing__(self, kind: type[Frame]) -> _Handler:
        self[kind] = next(found for base in kind.__mro__ if (found := self.get(base)))
        return self[kind]


class PIIRedactor(SafeProcessor):
    """Replaces personal data in every text that passes.

    Put one after the STT (and after a `DTMFAggregator`, if there is one), one after the LLM, and
    one after the TTS where a `PIIRestorer` gives values back; give all of them the same vault. The
    text of an error that passes is redacted as a log line is, and its exception left behind.

    Events:

    - on_redacted(processor, counts): something was replaced; counts by entity type, without what
      the policy lets pass.
    - on_redaction_failed(processor, error_type): detection failed; everything numeric was masked.

    Args:
        policy: What happens to each type; the default redacts all of them.
        language: The language spoken: "en", "es", "fr" or "de".
        vault: Where placeholders' values are kept.
        voice: "redact" replaces what the agent says too, before the voice says it; "pass" lets the
            voice say what the model wrote. Thoughts, tool calls and their results, and what the
            caller says are redacted either way.
        interims: "redact" takes every numeral out of interim transcripts, "drop" drops them.
        expect_keys: Drop single key presses while a number is expected; the keys arrive together,
            redacted, in the aggregator's transcription.
        detectors: What to look with; see `detectors.DETECTORS`.
        presidio: Looks at final transcripts as well.
    """

    redacts_what_passes = True

    def __init__(
        self,
        *,
        policy: Policy | None = None,
        language: str = "en",
        vault: Vault | None = None,
        voice: Literal["redact", "pass"] = "redact",
        interims: Literal["redact", "drop"] = "redact",
        expect_keys: bool = True,
        detectors: Iterable[Detector] = DETECTORS,
        presidio: PresidioBackend | None = None,
    ) -> None:
        super().__init__()
        if voice not in ("redact", "pass"):
            raise ValueError(f"voice is {voice!r}; it must be 'redact' or 'pass'")
        if interims not in ("redact", "drop"):
            raise ValueError(f"interims is {interims!r}; it must be 'redact' or 'drop'")
        self.vault = vault if vault is not None else Vault()
        self.policy = Policy() if policy is None else policy
        looking = tuple(detectors)
        stream = partial(
            StreamRedactor, self.policy, language=language, vault=self.vault, detectors=looking
        )
        self.core = Redactor(self.policy, language=language, vault=self.vault, detectors=looking)
        self._pii_language = language
        self._interims = interims
        self._refused = False
        self._scope = CallScope()
        self._stt_clock: SttClock | None = None
        self._expect_keys = expect_keys
        self._presidio = presidio
        self._llm, self._thought = Pieces(stream()), Pieces(stream())
        self._spoken = Pieces(stream(), passes=voice == "pass")
        to_say = partial(self._text, partial(self.core.peek, role="agent", placeholders=True))
        handlers: dict[type[Frame], _Handler] = {
            Frame: self.push_frame,
            **dict.fromkeys(CARRIED, self._carrying),
            ErrorFrame: self._error,
            PIIExpectFrame: self._expecting,
            InputDTMFFrame: self._key,
            InputTextRawFrame: partial(self._text, self.core.redact),
            TranscriptionFrame: self._transcription,
            InterimTranscriptionFrame: self._interim,
            EagerTranscriptionFrame: self._eager,
            TranslationFrame: self._translation,
            UserBackchannelFrame: partial(self._text, self.core.peek),
            TextFrame: to_say,
            TTSSpeakFrame: to_say,
            AggregatedTextFrame: self._segment,
            AggregatedTextProgressFrame: self._progress,
            LLMTextFrame: partial(self._piece, self._llm),
            LLMFullResponseEndFrame: partial(self._end, self._llm),
            LLMThoughtTextFrame: partial(self._piece, self._thought),
            LLMThoughtEndFrame: partial(self._end, self._thought),
            LLMContextAssistantTurnFrame: partial(
                self._text, partial(self.core.redact, role="agent")
            ),
            TTSTextFrame: partial(self._piece, self._spoken),
            TTSStoppedFrame: partial(self._end, self._spoken),
        }
        if voice == "pass":
            handlers |= dict.fromkeys(ALOUD, self.push_frame)
        self._handlers = _Handlers(handlers)
        self._register_event_handler("on_redacted")
        self._register_event_handler("on_redaction_failed")

    def expect(self, *kinds: str, turns: int = 5) -> None:
        """Say what the caller is about to give ("card_number"); see `Redactor.expect`."""
        self.core.expect(*kinds, turns=turns)

    def check(self, worker: PipelineWorker) -> list[str]:
        """Name every way by which content leaves the worker unguarded.

        Raises:
            UnguardedError: If the policy is strict and there is one.
        """
        found = unguarded(worker)
        if found and self.policy.strict:
            raise UnguardedError(found)
        return found

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        """Queue a frame; the microphone's audio passes, with its place in the STT's stream."""
        if self._stt_clock and isinstance(frame, InputAudioRawFrame):
            self._stt_clock.write(frame)
        await super().queue_frame(frame, direction, callback)

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up, and find the STT whose words come here."""
        await super().setup(setup)
        self._stt_clock = SttClock(self)

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Refuse an unguarded start, discard at an interruption, flush and wipe at the end."""
        if isinstance(frame, StartFrame):
            # Here and not at `setup`: the processors after this one start in this context.
            self._scope.begin()
            for way in unguarded(self.pipeline_worker):
                logger.warning(f"{self}: personal data may leave by an unguarded way: {way}")
                self._refused = self.policy.strict
            if self._refused:
                await self.push_error("unguarded ways out under a strict policy: no call")
                await self.push_frame(CancelWorkerFrame(), FrameDirection.UPSTREAM)
        elif isinstance(frame, InterruptionFrame):
            for pieces in (self._llm, self._thought, self._spoken):
                pieces.clear()
        elif isinstance(frame, EndFrame):
            for pieces in (self._llm, self._spoken):
                await self._leave(pieces, pieces.flush())
        if isinstance(frame, EndFrame | CancelFrame):
            await self._report_metrics()

    def holds(self) -> Sequence[object]:
        """Name the vault: it is this call's alone."""
        return (self.vault,)

    async def release(self) -> None:
        """Wipe the vault: the call is over."""
        self._scope.end()
        self.vault.wipe()

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Redact what has text in it, and let everything else pass; what fails does not pass."""
        if self._refused and _has_text(frame):
            return
        try:
            await self._handlers[type(frame)](frame, direction)
        except Exception as error:
            if not _has_text(frame):
                raise
            await self._failed(type(error).__name__)

    async def _error(self, frame: ErrorFrame, direction: FrameDirection) -> None:
        await self.push_frame(redacted_error(frame, self._pii_language), direction)

    async def _expecting(self, frame: PIIExpectFrame, direction: FrameDirection) -> None:
        self.expect(*frame.kinds, turns=frame.turns)
        await self.push_frame(frame, direction)

    async def _carrying(self, frame: Frame, direction: FrameDirection) -> None:
        if FOR_THE_CLIENT not in frame.metadata:
            frame = renewed(frame, **redacted_fields(frame, self._value))
        await self.push_frame(frame, direction)

    async def _transcription(self, frame: TranscriptionFrame, direction: FrameDirection) -> None:
        words = words_of(frame.result)
        found = self.core.redact(frame.text, also=await self._second_opinion(frame.text))
        looked = PIIRedactedFrame(
            counts=_counts(found.found),
            spans_s=spans_of(frame.text, found.found, words),
            words_s=(words[0].start_s, words[-1].end_s) if words else None,
            keyed=frame.text.startswith("DTMF:"),
        )
        await self.push_frame(looked, direction)
        await self._whole(frame, direction, found, result=None)

    async def _second_opinion(self, text: str) -> list[Entity] | None:
        if self._presidio is None:
            return []
        try:
            return await self._presidio.find(text)
        except Exception:
            return None

    async def _interim(self, frame: InterimTranscriptionFrame, direction: FrameDirection) -> None:
        if self._interims == "redact":
            await self._whole(frame, direction, self.core.growing(frame.text), result=None)

    async def _eager(self, frame: EagerTranscriptionFrame, direction: FrameDirection) -> None:
        found = self.core.peek(frame.text, placeholders=True)
        # It will come again, and is counted then.
        await self._whole(frame, direction, found._replace(entities=()), result=None)

    async def _translation(self, frame: TranslationFrame, direction: FrameDirection) -> None:
        code = str(frame.language or "").split("-")[0].lower()
        if code in LANGUAGES:
            found = Redactor(self.policy, language=code, vault=self.vault).peek(frame.text)
        else:
            # A language without a table: nothing numeric passes.
            found = self.core.growing(frame.text)
        await self._whole(frame, direction, found)

    async def _key(self, frame: InputDTMFFrame, direction: FrameDirection) -> None:
        await self.push_frame(PIIRedactedFrame(keyed=True), direction)
        if not (self._expect_keys and self.core.expecting):
            await self.push_frame(frame, direction)

    async def _segment(self, frame: AggregatedTextFrame, direction: FrameDirection) -> None:
        raw = frame.raw_text and self.core.peek(frame.raw_text, "agent", placeholders=True).text
        found = self.core.peek(frame.text, "agent", placeholders=True)
        # Its words and its progress name it by its id.
        await self._whole(frame, direction, found, raw_text=raw, id=frame.id)

    async def _progress(
        self, frame: AggregatedTextProgressFrame, direction: FrameDirection
    ) -> None:
        new = renewed(
            frame,
            text=self._value(frame.text),
            accumulated_text=self.core.growing(frame.accumulated_text).text,
            remaining_text=self.core.growing(frame.remaining_text).text,
        )
        await self.push_frame(new, direction)

    async def _piece(self, pieces: Pieces, frame: Frame, direction: FrameDirection) -> None:
        await self._leave(pieces, pieces.feed(frame), direction)

    async def _end(self, pieces: Pieces, frame: Frame, direction: FrameDirection) -> None:
        await self._leave(pieces, pieces.flush())
        await self.push_frame(frame, direction)

    async def _leave(
        self,
        pieces: Pieces,
        leaving: Frame | None,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
    ) -> None:
        if pieces.has_noticed() and pieces is self._spoken:
            await self.push_frame(PIIRedactedFrame(agent=True), direction)
        if leaving:
            await self.push_frame(leaving, direction)

    async def _text(
        self, look: Callable[[str], Redaction], frame: Any, direction: FrameDirection
    ) -> None:
        await self._whole(frame, direction, look(frame.text))

    async def _whole(
        self, frame: Frame, direction: FrameDirection, found: Redaction, **changes: Any
    ) -> None:
        if found.failed:
            await self._failed(found.failed)
        if found.entities:
            await self._call_event_handler("on_redacted", _counts(found.entities))
        new = renewed(frame, text=found.text, **changes)
        new.metadata[RECORD] = found.record
        await self.push_frame(new, direction)

    def _value(self, value: Any) -> Any:
        return redact_value(self.core, value)

    async def _failed(self, error_type: str) -> None:
        logger.warning(f"{self}: detection failed with {error_type}; failing closed")
        await self._call_event_handler("on_redaction_failed", error_type)
        await self.push_error(f"redaction failed closed after {error_type}")

    async def _report_metrics(self) -> None:
        counts = self.core.counts + self._llm.counts
        if self.metrics_enabled and counts:
            data = PIIMetricsData(
                processor=self.name, counts=dict(counts), failures=self.core.failures
            )
            await self.push_frame(MetricsFrame(data=[data]))


def _counts(entities: Iterable[Entity]) -> dict[str, int]:
    return dict(Counter(entity.type for entity in entities))


def _has_text(frame: Frame) -> bool:
    return isinstance(frame, TextFrame) or bool(carried(frame)) or hasattr(frame, "text")
