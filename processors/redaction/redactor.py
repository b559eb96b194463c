"""The processor that stands between the parties of a call: whoever a frame goes to may have of it.

A thin shell around `Redactor`, `Ear` and `Vault`. It pushes new frames, so that observers, which
look at a frame's first push, see what was redacted; see `check` for what they see before it.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Any, Literal

from loguru import logger
from pipecat.frames.frames import (
    AggregatedTextFrame,
    CancelFrame,
    CancelWorkerFrame,
    EagerTranscriptionFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    FunctionCallResultFrame,
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

from antiphon.core.by_kind import ByKind
from antiphon.core.call_scope import CallScope
from antiphon.processors.redaction.core.asks import TURNS
from antiphon.processors.redaction.core.ear import Ear
from antiphon.processors.redaction.core.entities import Entity, Redaction, counts_of
from antiphon.processors.redaction.core.policy import Policy
from antiphon.processors.redaction.core.redactor import Redactor
from antiphon.processors.redaction.core.stream import StreamRedactor
from antiphon.processors.redaction.core.tally import PROCESS, Tally
from antiphon.processors.redaction.core.values import redact_value
from antiphon.processors.redaction.core.vault import Vault
from antiphon.processors.redaction.core.view import View
from antiphon.processors.redaction.detectors import DETECTORS, Detector
from antiphon.processors.redaction.frame_fields import CARRIED, has_text, redacted_fields
from antiphon.processors.redaction.frames import (
    FOR_THE_CLIENT,
    RECORD,
    PIIExpectFrame,
    PIIMetricsData,
    PIIRedactedFrame,
    renewed,
)
from antiphon.processors.redaction.guards.check import (
    UnguardedError,
    hears_the_caller,
    unguarded,
)
from antiphon.processors.redaction.guards.errors import redacted_error
from antiphon.processors.redaction.interims import Interims
from antiphon.processors.redaction.pieces import Pieces
from antiphon.processors.redaction.presidio import PresidioBackend, second_opinion
from antiphon.processors.redaction.recording.stt_clock import SttClock
from antiphon.processors.redaction.shared import processors_of, vault_of
from antiphon.processors.redaction.tongue import Tongue
from antiphon.processors.redaction.tools import Handler, wrapped
from antiphon.processors.redaction.voice import SaidWords, Saying
from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["PIIRedactor"]


class PIIRedactor(SafeProcessor):
    """Gives the model, the ear and the tools of a call what its policy lets them have.

    Put one after the STT (and after a `DTMFAggregator`, if there is one) and one after the LLM;
    one on each side of a speech-to-speech model. It knows by the frame where it goes: what the
    caller says, keys, thoughts, tool calls and results go to the model; what the agent is about to
    say goes to the ear, as the model wrote it and without placeholders; what a voice tells that it
    has said goes to the model again.

    The redactors of one worker share their vault, so a value has one placeholder in the whole call,
    and their policy, which is given to one of them. The text of an error that passes is redacted as
    a log line is, and its exception left behind.

    Events:

    - on_redacted(processor, counts): something was hidden from the model; counts by entity type.
    - on_redaction_failed(processor, error_type): detection failed; everything numeric was masked.
    - on_open_way(processor, way): the call begins although personal data may leave by a way out.

    Args:
        policy: Who may have what; by default that of another redactor of the call, or `Policy()`.
        language: The language spoken, an ISO 639 code; by default as the STT tells it.
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
        language: str | None = None,
        interims: Literal["redact", "drop"] = "redact",
        expect_keys: bool = True,
        detectors: Iterable[Detector] = DETECTORS,
        presidio: PresidioBackend | None = None,
    ) -> None:
        super().__init__()
        if interims not in ("redact", "drop"):
            raise ValueError(f"interims is {interims!r}; it must be 'redact' or 'drop'")
        self.vault = Vault()
        self.policy = Policy() if policy is None else policy
        self.tally = Tally(PROCESS)
        spoken = language or "en"
        looks = (*detectors, self._heard_before)
        common: Any = {"language": spoken, "vault": self.vault, "detectors": looks}
        self.core = Redactor(self.policy, **common)
        self._given = policy
        self._pii_language = spoken
        self._interims, self._growing = interims, Interims()
        self._refused = False
        self._is_first = True
        self._scope = CallScope()
        self._stt_clock: SttClock | None = None
        self._expect_keys = expect_keys
        self._presidio = presidio
        thoughts, words = (StreamRedactor(self.policy, **common) for _ in range(2))
        self._ear = Ear(self.policy, self.vault, language=spoken)
        self._tongue = Tongue(self.core, (thoughts, words, self._ear), language=language)
        self._thought, self._saying = Pieces(thoughts), Saying(self._ear)
        self._said = SaidWords(self.core, words)
        self._redactors = (self.core, thoughts.redactor, words.redactor)
        takers: dict[type[Frame], Callable[[Any, FrameDirection], Awaitable[None]]] = {
            Frame: self.push_frame,
            **dict.fromkeys(CARRIED, self._carrying),
            FunctionCallResultFrame: self._result,
            ErrorFrame: self._error,
            PIIExpectFrame: self._expecting,
            # To the model.
            InputDTMFFrame: self._key,
            InputTextRawFrame: partial(self._text, self.core.redact),
            TranscriptionFrame: self._transcription,
            InterimTranscriptionFrame: self._interim,
            EagerTranscriptionFrame: self._eager,
            TranslationFrame: self._translation,
            UserBackchannelFrame: partial(self._text, self.core.peek),
            LLMThoughtTextFrame: partial(self._piece, self._thought.feed),
            LLMThoughtEndFrame: partial(self._end, self._thought.flush),
            LLMContextAssistantTurnFrame: partial(
                self._text, partial(self.core.redact, role="agent")
            ),
            # To the ear.
            LLMTextFrame: partial(self._piece, self._saying.token),
            LLMFullResponseEndFrame: partial(self._end, self._flush),
            TextFrame: self._to_say,
            TTSSpeakFrame: self._to_say,
            # Said, and on its way to the model's context.
            TTSTextFrame: partial(self._piece, self._said.word),
            TTSStoppedFrame: partial(self._end, self._said.flush),
        }
        self._takers = ByKind(takers)
        for event in ("on_redacted", "on_redaction_failed", "on_open_way"):
            self._register_event_handler(event)

    def expect(self, *kinds: str, turns: int = TURNS) -> None:
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

    def tool(self, handler: Handler) -> Handler:
        """Wrap a tool: it is given the values that the policy names it for, its result is redacted.

        The context, the logs and the client go on seeing placeholders.

        Args:
            handler: A direct function, or what would be given to `LLMService.register_function`.
        """
        return wrapped(handler, give=self._give, redact=self._value)

    def _give(self, tool: str, arguments: Any, llm: Any) -> Any:
        if hears_the_caller(llm):
            arguments = redact_value(self.core.for_tool(tool), arguments)
        restored, counts = self.vault.restore(arguments, self.policy.tools.get(tool, ()))
        self.tally.add("tools", counts)
        return restored

    def for_the_model(self, said: str) -> str:
        """What the model may read of what the agent has said."""
        known = self.vault.said_in(said)
        found = self.core.peek(said, "agent", placeholders=True, also=known)
        self.tally.add("model", counts_of(found.entities))
        return found.text

    def _heard_before(self, view: View) -> Iterator[Entity]:
        return self.vault.heard(view)

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up, find the STT whose words come here, and share with the call's redactors."""
        await super().setup(setup)
        self._stt_clock = SttClock(self)
        worker = setup.pipeline_worker
        all_of_them = [p for p in processors_of(worker.pipeline) if isinstance(p, PIIRedactor)]
        given = (each._given for each in (self, *all_of_them) if each._given is not None)
        self.policy = next(given, self.policy)
        self._is_first = self in all_of_them[:1]
        self.vault = vault_of(worker)
        for part in (*self._redactors, self._ear):
            part.policy, part.vault = self.policy, self.vault

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Refuse an unguarded start, discard at an interruption, flush and wipe at the end."""
        if isinstance(frame, StartFrame):
            # Here and not at `setup`: the processors after this one start in this context.
            self._scope.begin()
            ways = unguarded(self.pipeline_worker)
            self._refused = bool(ways) and self.policy.strict
            for way in ways if self._is_first else ():
                await self._is_open(way)
            if self._refused:
                await self.push_error("unguarded ways out under a strict policy: no call")
                await self.push_frame(CancelWorkerFrame(), FrameDirection.UPSTREAM)
        elif isinstance(frame, InterruptionFrame):
            for held in (self._ear, self._thought, self._said):
                held.clear()
        elif isinstance(frame, EndFrame):
            for leaving in self._flush():
                await self.push_frame(leaving)
        if isinstance(frame, EndFrame | CancelFrame):
            await self._report_metrics()

    async def release(self) -> None:
        """Wipe the vault: the call is over."""
        self._scope.end()
        self.vault.wipe()

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Redact what has text in it, and let everything else pass; what fails does not pass."""
        if self._refused and has_text(frame):
            return
        try:
            await self._takers[type(frame)](frame, direction)
        except Exception as error:
            if not has_text(frame):
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

    async def _result(self, frame: FunctionCallResultFrame, direction: FrameDirection) -> None:
        # A speech-to-speech model has it already, as its tool has told it.
        heard = any(map(hears_the_caller, processors_of(self.pipeline_worker.pipeline)))
        was_raw = self._value(frame.result) is not frame.result
        if heard and was_raw and direction is not FrameDirection.UPSTREAM:
            await self._is_open(f"tool results: wrap {frame.function_name} in PIIRedactor.tool")
        await self._carrying(frame, direction)

    async def _is_open(self, way: str) -> None:
        logger.warning(f"{self}: personal data may leave by an unguarded way: {way}")
        self.tally.found_open(way)
        await self._call_event_handler("on_open_way", way)

    async def _transcription(self, frame: TranscriptionFrame, direction: FrameDirection) -> None:
        self._growing.end()
        found = self._tongue.heard(frame, also=await second_opinion(self._presidio, frame.text))
        self.tally.add("record", counts_of(found.found))
        if direction is FrameDirection.UPSTREAM:
            # The model that has heard it may say it.
            self.vault.heard.note(frame.text, found.found)
        # To where a recorder stands.
        await self.push_frame(PIIRedactedFrame.of(frame, found.found))
        await self._whole(frame, direction, found, result=None)

    async def _interim(self, frame: InterimTranscriptionFrame, direction: FrameDirection) -> None:
        if self._interims == "redact":
            found = self.core.growing(self._growing.whole(frame))
            await self._whole(frame, direction, found, result=None)

    async def _eager(self, frame: EagerTranscriptionFrame, direction: FrameDirection) -> None:
        found = self.core.peek(frame.text, placeholders=True)
        # It will come again, and is counted then.
        await self._whole(frame, direction, found._replace(entities=()), result=None)

    async def _translation(self, frame: TranslationFrame, direction: FrameDirection) -> None:
        await self._whole(frame, direction, self._tongue.translated(frame))

    async def _key(self, frame: InputDTMFFrame, direction: FrameDirection) -> None:
        await self.push_frame(PIIRedactedFrame(keyed=True))
        if not (self._expect_keys and self.core.expecting):
            await self.push_frame(frame, direction)

    async def _to_say(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, AggregatedTextFrame) and frame.will_be_spoken:
            self._said.announce(frame)
        await self.push_frame(self._saying.whole(frame), direction)

    async def _piece(
        self, feed: Callable[[Any], Iterator[Frame]], frame: Frame, direction: FrameDirection
    ) -> None:
        for leaving in feed(frame):
            await self.push_frame(leaving, direction)

    async def _end(
        self, flush: Callable[[], Iterator[Frame]], frame: Frame, direction: FrameDirection
    ) -> None:
        for leaving in flush():
            await self.push_frame(leaving)
        await self.push_frame(frame, direction)

    def _flush(self) -> Iterator[Frame]:
        # A speech-to-speech model's reply may end before its voice does.
        yield from self._saying.flush()
        yield from self._said.flush()

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
            self.tally.add("model", counts := counts_of(found.entities))
            await self._call_event_handler("on_redacted", counts)
        new = renewed(frame, text=found.text, **changes)
        new.metadata[RECORD] = found.record
        await self.push_frame(new, direction)

    def _value(self, value: Any) -> Any:
        return redact_value(self.core, value)

    async def _failed(self, error_type: str) -> None:
        self.tally.failed()
        logger.warning(f"{self}: detection failed with {error_type}; failing closed")
        await self._call_event_handler("on_redaction_failed", error_type)
        await self.push_error(f"redaction failed closed after {error_type}")

    async def _report_metrics(self) -> None:
        self.tally.add("model", self._thought.counts + self._said.counts)
        self.tally.add("ear", self._ear.counts)
        # Those of values and of words in pieces are told of only here.
        self.tally.failed(sum(r.failures for r in self._redactors) - self.tally.failures)
        if self.metrics_enabled:
            await self.push_frame(MetricsFrame(data=[PIIMetricsData.of(self.tally, self.name)]))
