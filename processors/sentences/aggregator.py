"""The two Pipecat shells of the scanner.

`SentenceAggregator` is a processor between the language model and the voice; it has a clock, so a
model that pauses does not leave the caller in silence. `SentenceTextAggregator` is for the places
where Pipecat takes a text aggregator; it has none.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

from loguru import logger
from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EndFrame,
    Frame,
    FunctionCallInProgressFrame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    StopFrame,
    TTSStoppedFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_text_processor import LLMTextProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup
from pipecat.processors.text_transformer import StatelessTextTransformer
from pipecat.services.tts_service import TTSService
from pipecat.utils.text.base_text_aggregator import Aggregation, BaseTextAggregator, TextType
from pipecat.utils.types import is_given

from antiphon.core.road import Place
from antiphon.processors.safe_processor import SafeProcessor
from antiphon.processors.sentences.scanner import SentenceScanner
from antiphon.processors.sentences.settings import SentenceSettings
from antiphon.processors.sentences.spoken import speaks_plainly

__all__ = ["SentenceAggregator", "SentenceTextAggregator"]

_CLOCK_GRAIN = 1e-4  # seconds: what is left of a pause after rounding is no pause
_OURS = (
    LLMTextFrame,
    LLMFullResponseStartFrame,
    LLMFullResponseEndFrame,
    FunctionCallsStartedFrame,
    FunctionCallInProgressFrame,
    TTSStoppedFrame,
    TTSUpdateSettingsFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
)


def _speakable(text: str) -> bool:
    return any(char.isalnum() for char in text)


class SentenceTextAggregator(BaseTextAggregator):
    """A text aggregator for `LLMTextProcessor(text_aggregator=...)`.

    Args:
        language: A BCP 47 code such as `de` or `pt-BR`; None works by script.
        settings: When a chunk is spoken. The idle and the stall flush need a clock, which a text
            aggregator does not have: use `SentenceAggregator` for them.
    """

    def __init__(
        self, *, language: str | None = None, settings: SentenceSettings | None = None
    ) -> None:
        super().__init__(aggregation_type=TextType.SENTENCE, language=language)
        self._scanner = SentenceScanner(language, settings=settings)

    @property
    def text(self) -> Aggregation:
        """What waits to be spoken."""
        return Aggregation(self._scanner.pending.strip(), TextType.SENTENCE)

    def set_language(self, language: str | None) -> None:
        """Judge what comes by the words of another language, keeping what waits."""
        super().set_language(language)
        self._scanner.set_language(language)

    async def aggregate(self, text: str) -> AsyncIterator[Aggregation]:
        """Take a piece of the reply and yield the sentences it completes."""
        for chunk in self._scanner.feed(text):
            yield Aggregation(chunk.strip(), TextType.SENTENCE)

    async def flush(self) -> Aggregation | None:
        """Give the rest of the reply as one aggregation, as Pipecat asks for.

        Returns:
            The rest, or None if there is nothing to say in it.
        """
        rest = "".join(self._scanner.flush()).strip()
        return Aggregation(rest, TextType.SENTENCE) if _speakable(rest) else None

    async def handle_interruption(self) -> None:
        """Forget what waits."""
        self._scanner.reset()

    async def reset(self) -> None:
        """Forget what waits."""
        self._scanner.reset()


class SentenceAggregator(SafeProcessor):
    """Turns the text of a language model into sentences for the voice.

    Put it between the language model and the TTS service. It takes `LLMTextFrame`s and pushes
    `AggregatedTextFrame`s of type sentence, which the TTS service speaks as they are. Their
    `raw_text` keeps the white space, so the context can be put together again without loss.

    Where an `LLMTextProcessor` behind it looks for tags in the text as it comes, all of it passes;
    so it does before a `StatelessTextTransformer`, which makes plain text of sentences, without the
    spaces between them.

    Attributes:
        counts: How many chunks were pushed, by what made them due: `text`, `end` (of the reply),
            `tool_call`, `idle`, `stall`.
    """

    belongs = Place(
        behind="LLMService",
        before="TTSService",
        otherwise="there it cuts no sentences, and the TTS service cuts them its own way",
    )

    def __init__(
        self, *, language: str | None = None, settings: SentenceSettings | None = None
    ) -> None:
        """Make the processor.

        Args:
            language: A BCP 47 code such as `de` or `pt-BR`; None works by script.
                `TTSUpdateSettingsFrame`s with a language change it.
            settings: When a chunk is spoken.
        """
        super().__init__()
        self.counts: Counter[str] = Counter()
        self._rules = settings or SentenceSettings()
        self._scanner = SentenceScanner(language, settings=self._rules)
        self._source: LLMTextFrame | None = None  # the frame that brought the pending text
        self._interrupted = False
        # System frames and timers run beside the frames in the queue: chunks leave in order.
        self._order = asyncio.Lock()
        self._watcher: asyncio.Task[None] | None = None
        self._fed_at = 0.0
        self._steps_aside = False

    def set_language(self, language: str | None) -> None:
        """Judge what comes by the words of another language, keeping what waits."""
        self._scanner.set_language(language)

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Look who takes the text behind, and have the voice leave out what is not said.

        Args:
            setup: Pipecat's setup.
        """
        await super().setup(setup)
        for processor in _behind(self, setup.pipeline_worker.pipeline) or ():
            if isinstance(processor, LLMTextProcessor | StatelessTextTransformer):
                self._steps_aside = True
                logger.info(f"{self}: {processor} behind takes the text as it comes")
            elif isinstance(processor, TTSService):
                speaks_plainly(processor)

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Take text and what tells when to speak it; let the rest pass."""
        if self._steps_aside or not isinstance(frame, _OURS):
            await self.push_frame(frame, direction)
            return
        downstream = direction is FrameDirection.DOWNSTREAM
        match frame:
            case LLMTextFrame() if downstream:
                await self._take(frame)
                return  # its text travels on in sentences
            case LLMFullResponseStartFrame() if downstream:
                await self._speak_rest("end")
                self._interrupted = False
            case LLMFullResponseEndFrame() | TTSStoppedFrame() if downstream:
                await self._speak_rest("end")
            case FunctionCallInProgressFrame() if downstream:
                await self._speak_rest("tool_call")
            case FunctionCallsStartedFrame() if downstream:
                # A system frame overtakes text, so only what looks complete is due.
                await self._speak_complete("tool_call")
            case BotStartedSpeakingFrame():
                self._scanner.audio_queued = True
            case BotStoppedSpeakingFrame():
                self._scanner.audio_queued = False
                await self._speak_complete("idle")
            case TTSUpdateSettingsFrame() if downstream:
                self._follow_language(frame)
        await self.push_frame(frame, direction)

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Speak the rest at the end, forget it when interrupted."""
        if isinstance(frame, InterruptionFrame):
            self._scanner.reset()
            self._scanner.audio_queued = False
            self._interrupted = True
        elif isinstance(frame, EndFrame | StopFrame) and not self._interrupted:
            await self._speak_rest("end")

    async def release(self) -> None:
        """Stop the clock."""
        if self._watcher and not self._watcher.done():
            await self.cancel_task(self._watcher)
        self._watcher = None

    async def _take(self, frame: LLMTextFrame) -> None:
        before = self._source
        if before and (before.skip_tts, before.append_to_context) != (
            frame.skip_tts,
            frame.append_to_context,
        ):
            await self._speak_rest("end")
        async with self._order:
            self._source = frame
            self._fed_at = asyncio.get_running_loop().time()
            await self._push_chunks(self._scanner.feed(frame.text), "text")
        if self._scanner.pending and (self._watcher is None or self._watcher.done()):
            self._watcher = self.create_task(self._watch(), "sentence_clock")

    async def _speak_rest(self, cause: str) -> None:
        async with self._order:
            await self._push_chunks(self._scanner.flush(), cause)

    async def _speak_complete(self, cause: str) -> None:
        async with self._order:
            await self._push_chunks(self._scanner.flush_complete(), cause)

    async def _push_chunks(self, chunks: list[str], cause: str) -> None:
        for chunk in chunks:
            frame = AggregatedTextFrame(chunk.strip(), text_type=TextType.SENTENCE, raw_text=chunk)
            frame.includes_inter_frame_spaces = True
            if source := self._source:
                frame.skip_tts = source.skip_tts
                frame.append_to_context = source.append_to_context
                frame.transport_destination = source.transport_destination
                frame.metadata = dict(source.metadata)
            if not _speakable(chunk):
                frame.skip_tts = True  # for the context only: some voices fail on a lone emoji
            self.counts[cause] += 1
            await self.push_frame(frame)

    async def _watch(self) -> None:
        """Speak what waits when the model pauses."""
        idle = self._rules.idle_flush_secs
        stall = self._rules.stall_flush_secs
        while self._scanner.pending:
            fed_at = await self._paused_for(idle)
            await self._speak_complete("idle")
            if await self._paused_for(stall) == fed_at:
                async with self._order:
                    await self._push_chunks(self._scanner.flush_clause(), "stall")
                return  # the next text starts the clock again

    async def _paused_for(self, seconds: float) -> float:
        """Wait until no text has come for some time; give the time at which the last came."""
        now = asyncio.get_running_loop().time
        while (left := self._fed_at + seconds - now()) > _CLOCK_GRAIN:  # noqa: ASYNC110 - a time
            await asyncio.sleep(left)
        return self._fed_at

    def _follow_language(self, frame: TTSUpdateSettingsFrame) -> None:
        if frame.delta is not None:
            language = frame.delta.language
        else:
            language = frame.settings.get("language")
        if language and is_given(language):
            self.set_language(str(language))


def _behind(processor: FrameProcessor, part: FrameProcessor) -> list[FrameProcessor] | None:
    """All that stands behind a processor in a part of a pipeline; None if it is not in there."""
    inner = part.processors
    for at, each in enumerate(inner):
        behind = [] if each is processor else _behind(processor, each)
        if behind is not None:
            # The other branches of a parallel pipeline stand beside it.
            after = inner[at + 1 :] if isinstance(part, Pipeline) else []
            return [*behind, *(one for each in after for one in _flatten(each))]
    return None


def _flatten(part: FrameProcessor) -> Iterator[FrameProcessor]:
    yield part
    for each in part.processors:
        yield from _flatten(each)
