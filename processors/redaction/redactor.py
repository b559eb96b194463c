"""The processor that hides personal data: after the STT, after the LLM and after the TTS.

A thin shell around `Redactor` and `StreamRedactor`. It pushes new frames, so that observers, which
look at a frame's first push, see what was redacted; see `check` for what they see before it.
"""

import copy
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeVar

from antiphon.core.call_scope import CallScope
from antiphon.processors.redaction.core.entities import Entity, Redaction
from antiphon.processors.redaction.core.fallback import without_numerals
from antiphon.processors.redaction.core.language import LANGUAGES, load_language
from antiphon.processors.redaction.core.policy import Policy
from antiphon.processors.redaction.core.redactor import Redactor
from antiphon.processors.redaction.core.stream import StreamRedactor
from antiphon.processors.redaction.core.values import redact_value
from antiphon.processors.redaction.core.vault import Vault
from antiphon.processors.redaction.detectors import DETECTORS, Detector
from antiphon.processors.redaction.frame_fields import carried, redacted_fields
from antiphon.processors.redaction.frames import (
    FOR_THE_CLIENT,
    RECORD,
    PIIExpectFrame,
    PIIRedactedFrame,
)
from antiphon.processors.redaction.guards.check import UnguardedError, unguarded
from antiphon.processors.redaction.guards.errors import redacted_error
from antiphon.processors.redaction.presidio import PresidioBackend
from antiphon.processors.redaction.recording.stt_clock import SttClock
from antiphon.processors.redaction.recording.word_times import spans_of, words_of
from antiphon.processors.safe_processor import SafeProcessor
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
from pipecat.metrics.metrics import MetricsData
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import (
    FrameCallback,
    FrameDirection,
    FrameProcessorSetup,
)
from pipecat.utils.utils import obj_count, obj_id

__all__ = ["PIIMetricsData", "PIIRedactor"]

F = TypeVar("F", bound=Frame)


class PIIMetricsData(MetricsData):
    """What was redacted so far in the call.

    Parameters:
        counts: How many were replaced, by entity type.
        failures: How often detection failed and everything numeric was masked.
    """

    counts: dict[str, int]
    failures: int


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
        ear: "redact" replaces what the agent says too, before the voice says it; "pass" lets the
            voice say what the model wrote. Thoughts, tool calls and their results, and what the
            caller says are redacted either way.
        interims: "redact" takes every numeral out of interim transcripts, "drop" drops them.
        expect_keys: Drop single key presses while a number is expected; the keys arrive together,
            redacted, in the aggregator's transcription.
        detectors: What to look with; see `detectors.DETECTORS`.
        presidio: Looks at final transcripts as well.
    """

    def __init__(
        self,
        *,
        policy: Policy | None = None,
        language: str = "en",
        vault: Vault | None = None,
        ear: Literal["redact", "pass"] = "redact",
        interims: Literal["redact", "drop"] = "redact",
        expect_keys: bool = True,
        detectors: Iterable[Detector] = DETECTORS,
        presidio: PresidioBackend | None = None,
    ) -> None:
        super().__init__()
        if ear not in ("redact", "pass"):
            raise ValueError(f"ear is {ear!r}; it must be 'redact' or 'pass'")
        if interims not in ("redact", "drop"):
            raise ValueError(f"interims is {interims!r}; it must be 'redact' or 'drop'")
        self.vault = vault if vault is not None else Vault()
        self.policy = Policy() if policy is None else policy
        looking = tuple(detectors)

        def stream() -> StreamRedactor:
            return StreamRedactor(
                self.policy, language=language, vault=self.vault, detectors=looking
            )

        self.core = Redactor(self.policy, language=language, vault=self.vault, detectors=looking)
        self._pii_language = language
        self._ear_passes = ear == "pass"
        self._interims = interims
        self._refused = False
        self._scope = CallScope()
        self._stt_clock: SttClock | None = None
        self._expect_keys = expect_keys
        self._presidio = presidio
        self._llm = stream()
        self._thought = stream()
        self._spoken = stream()
        self._last_llm: LLMTextFrame | None = None
        self._last_thought: LLMThoughtTextFrame | None = None
        self._last_spoken: TTSTextFrame | None = None
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
        """Queue a frame; the microphone's audio passes, with its place in the STT's stream.

        Args:
            frame: The frame to queue.
            direction: Its direction.
            callback: Called once it has been processed.
        """
        if self._stt_clock and isinstance(frame, InputAudioRawFrame):
            self._stt_clock.write(frame)
        await super().queue_frame(frame, direction, callback)

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up, and find the STT whose words come here.

        Args:
            setup: Pipecat's setup.
        """
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
            for stream in (self._llm, self._thought, self._spoken):
                stream.clear()
        elif isinstance(frame, EndFrame):
            await self._flush_llm()
            await self._flush_spoken()
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
            await self._route(frame, direction)
        except Exception as error:
            if not _has_text(frame):
                raise
            await self._failed(type(error).__name__)

    async def _route(self, frame: Frame, direction: FrameDirection) -> None:
        match frame:
            case ErrorFrame():
                await self.push_frame(redacted_error(frame, self._pii_language), direction)
            case TranscriptionFrame():
                await self._transcription(frame, direction)
            case InterimTranscriptionFrame():
                if self._interims == "redact":
                    await self._whole(frame, direction, self._growing(frame.text), result=None)
            case EagerTranscriptionFrame():
                found = self.core.peek(frame.text, placeholders=True)
                # It will come again, and is counted then.
                found = found._replace(entities=())
                await self._whole(frame, direction, found, result=None)
            case TranslationFrame():
                await self._translation(frame, direction)
            case UserBackchannelFrame():
                await self._whole(frame, direction, self.core.peek(frame.text))
            case InputDTMFFrame():
                await self.push_frame(PIIRedactedFrame(keyed=True), direction)
                if not (self._expect_keys and self.core.expecting):
                    await self.push_frame(frame, direction)
            case TTSTextFrame():
                await self._tts_text(frame, direction)
            case LLMTextFrame() | AggregatedTextFrame() | AggregatedTextProgressFrame() if (
                self._ear_passes
            ):
                await self.push_frame(frame, direction)
            case LLMTextFrame():
                self._last_llm = frame
                await self._push_text(frame, self._llm.feed(frame.text), direction)
            case LLMThoughtTextFrame():
                self._last_thought = frame
                text = self._thought.feed(frame.text)
                if text:
                    await self.push_frame(_renew(frame, text=text), direction)
            case AggregatedTextFrame():
                raw = frame.raw_text and self.core.peek(frame.raw_text, "agent", placeholders=True)
                found = self.core.peek(frame.text, "agent", placeholders=True)
                # Its words and its progress name it by its id.
                changes = {"raw_text": raw and raw.text, "id": frame.id}
                await self._whole(frame, direction, found, **changes)
            case InputTextRawFrame():
                await self._whole(frame, direction, self.core.redact(frame.text))
            case TextFrame() | TTSSpeakFrame() if self._ear_passes:
                await self.push_frame(frame, direction)
            case TextFrame() | TTSSpeakFrame():
                found = self.core.peek(frame.text, "agent", placeholders=True)
                await self._whole(frame, direction, found)
            case LLMContextAssistantTurnFrame():
                found = self.core.redact(frame.text, "agent")
                await self._whole(frame, direction, found)
            case PIIExpectFrame():
                self.expect(*frame.kinds, turns=frame.turns)
                await self.push_frame(frame, direction)
            case _:
                await self._other(frame, direction)

    async def _other(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, LLMFullResponseEndFrame):
            await self._flush_llm()
        elif isinstance(frame, LLMThoughtEndFrame):
            if self._last_thought and (text := self._thought.flush()):
                await self.push_frame(_renew(self._last_thought, text=text), direction)
        elif isinstance(frame, TTSStoppedFrame):
            await self._flush_spoken()
        elif carried(frame) and FOR_THE_CLIENT not in frame.metadata:
            frame = _renew(frame, **redacted_fields(frame, self._value))
        elif isinstance(frame, AggregatedTextProgressFrame):
            frame = _renew(
                frame,
                text=self._value(frame.text),
                accumulated_text=self._growing(frame.accumulated_text).text,
                remaining_text=self._growing(frame.remaining_text).text,
            )
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

    async def _translation(self, frame: TranslationFrame, direction: FrameDirection) -> None:
        code = str(frame.language or "").split("-")[0].lower()
        if code in LANGUAGES:
            found = Redactor(self.policy, language=code, vault=self.vault).peek(frame.text)
        else:
            # A language without a table: nothing numeric passes.
            found = self._growing(frame.text)
        await self._whole(frame, direction, found)

    async def _whole(
        self, frame: Frame, direction: FrameDirection, found: Redaction, **changes: Any
    ) -> None:
        if found.failed:
            await self._failed(found.failed)
        if found.entities:
            await self._call_event_handler("on_redacted", _counts(found.entities))
        new = _renew(frame, text=found.text, **changes)
        new.metadata[RECORD] = found.record
        await self.push_frame(new, direction)

    async def _push_text(self, frame: Frame, text: str, direction: FrameDirection) -> None:
        if text:
            await self.push_frame(_renew(frame, text=text), direction)

    async def _tts_text(self, frame: TTSTextFrame, direction: FrameDirection) -> None:
        """Words as they are spoken: a number comes one digit a frame."""
        space = "" if frame.includes_inter_frame_spaces or not self._last_spoken else " "
        self._last_spoken = frame
        before = self._spoken.noticed
        text = self._spoken.feed(space + frame.text)
        if self._spoken.noticed > before:
            await self.push_frame(PIIRedactedFrame(agent=True), direction)
        if self._ear_passes:
            await self.push_frame(frame, direction)
            return
        if not frame.includes_inter_frame_spaces:
            text = text.strip()
        await self._push_text(frame, text, direction)

    async def _flush_llm(self) -> None:
        if self._last_llm and (text := self._llm.flush()):
            await self.push_frame(_renew(self._last_llm, text=text))
        self._last_llm = None

    async def _flush_spoken(self) -> None:
        if self._last_spoken:
            before = self._spoken.noticed
            text = self._spoken.flush().strip()
            if self._spoken.noticed > before:
                await self.push_frame(PIIRedactedFrame(agent=True))
            if text and not self._ear_passes:
                await self.push_frame(_renew(self._last_spoken, text=text))
        self._last_spoken = None

    def _value(self, value: Any) -> Any:
        return redact_value(self.core, value)

    def _growing(self, text: str) -> Redaction:
        """A text that will come again: what is found goes, and every numeral with it."""
        found = self.core.peek(text)
        table = load_language(self._pii_language)
        return Redaction(
            without_numerals(found.text, table), record=without_numerals(found.record, table)
        )

    async def _failed(self, error_type: str) -> None:
        logger.warning(f"{self}: detection failed with {error_type}; failing closed")
        await self._call_event_handler("on_redaction_failed", error_type)
        await self.push_error(f"redaction failed closed after {error_type}")

    async def _report_metrics(self) -> None:
        counts = self.core.counts + self._llm.redactor.counts
        if self.metrics_enabled and counts:
            data = PIIMetricsData(
                processor=self.name, counts=dict(counts), failures=self.core.failures
            )
            await self.push_frame(MetricsFrame(data=[data]))


def _counts(entities: Iterable[Entity]) -> dict[str, int]:
    return dict(Counter(entity.type for entity in entities))


def _has_text(frame: Frame) -> bool:
    return isinstance(frame, TextFrame) or bool(carried(frame)) or hasattr(frame, "text")


def _same(value: Any, new: Any) -> bool:
    # What is not redacted is the same object; foreign types may not compare to a plain truth.
    return value is new or (isinstance(new, str | list | type(None)) and bool(value == new))


def _renew(frame: F, **changes: Any) -> F:
    """A copy of a frame with an identity of its own; a frame whose content stays is not copied."""
    if all(_same(getattr(frame, name), value) for name, value in changes.items()):
        return frame
    new = copy.copy(frame)
    new.id = obj_id()
    new.name = f"{type(frame).__name__}#{obj_count(new)}"
    new.metadata = dict(frame.metadata)
    for name, value in changes.items():
        setattr(new, name, value)
    return new
