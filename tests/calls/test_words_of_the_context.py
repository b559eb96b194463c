"""The context is what was said, word for word but for placeholders, in a pipeline of one's own."""

import asyncio
import re
from collections.abc import Sequence
from itertools import product

import pytest
from pipecat.clocks.base_clock import BaseClock
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.utils.text.transforms import VoiceFormatter
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.interruption import Interruption
from antiphon.processors.redaction import PIIRedactor, Policy
from antiphon.processors.sentences import SentenceAggregator
from antiphon.simulation.fakes import FakeTTS
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

GIVEN = "I am Dana Okafor, my number is 415 555 0142"
REPLY = (
    "Thank you, {name}. It costs $5.50 today, or 20% less. Is {phone} right? "
    "We are at 77 Harbour Street, at hello@harbour.example: ask for Dr. Hale. What is the rest?"
)
CELLS = [
    pytest.param(
        *cell,
        id=f"{'word times' if cell[0] else 'untimed'}, {'gate' if cell[1] else 'no gate'}, "
        f"{cell[2]}, {'sentences' if cell[3] else 'none'}",
    )
    for cell in product((True, False), (True, False), ("model", "gdpr"), (True, False))
]


class LoopClock(BaseClock):
    """Pipecat's clock on the loop's virtual time, by which words are told."""

    def start(self) -> None:
        """Nothing to start."""

    def get_time(self) -> int:
        return round(asyncio.get_running_loop().time() * 1e9) + 1


class Answering(FrameProcessor):
    """Writes a reply, token by token, with what it has read of the caller."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, TranscriptionFrame):
            await self.push_frame(frame, direction)
            return
        given = re.fullmatch(r"I am (.*), my number is (.*)", frame.text)
        assert given
        written = REPLY.format(name=given[1], phone=given[2])
        await self.push_frame(LLMFullResponseStartFrame())
        for token in re.findall(r"\s?[^\s]{1,5}", written):
            await self.push_frame(LLMTextFrame(token))
        await self.push_frame(LLMFullResponseEndFrame())


async def context_of(processors: Sequence[FrameProcessor], frames: Sequence[Frame]) -> str:
    """What the context has of the agent once all was said."""
    context = LLMContext()
    pair = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(user_turn_strategies=ExternalUserTurnStrategies()),
    )
    transport = MemoryTransport()
    worker = PipelineWorker(
        Pipeline([*processors, transport.output(), pair.assistant()]),
        clock=LoopClock(),
        enable_rtvi=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await worker.queue_frames([*frames])
    await asyncio.sleep(30)
    await worker.queue_frame(EndFrame())
    await running
    return " ".join(str(m["content"]) for m in context.get_messages() if m["role"] == "assistant")  # type: ignore[index]


@pytest.mark.parametrize(("times", "gate", "preset", "sentences"), CELLS)
async def test_no_word_is_doubled_lost_or_moved(
    times: bool, gate: bool, preset: str, sentences: bool
) -> None:
    voice = FakeTTS(word_timestamps=times, words_per_second=4.0)
    voice.add_text_transformer(VoiceFormatter())
    caller = TranscriptionFrame(text=GIVEN, user_id="u", timestamp="t")

    said = await context_of(
        [
            PIIRedactor(policy=Policy.preset(preset)),
            Answering(),
            PIIRedactor(),
            *([SentenceAggregator()] if sentences else []),
            voice,
            PIIRedactor(),
            *([Interruption().playback] if gate else []),
        ],
        [caller],
    )

    expected = REPLY.format(name="<NAME>", phone="<PHONE>")
    if preset == "gdpr":
        for hidden, label in (
            ("77 Harbour Street", "<ADDRESS>"),
            ("hello@harbour.example", "<EMAIL>"),
            ("Hale", "<NAME>"),
        ):
            expected = expected.replace(hidden, label)
    else:
        expected = REPLY.format(name="Dana Okafor", phone="415 555 0142")
    assert re.sub(r"_\d_[a-z]{6}>", ">", said) == expected


class Thinking(FrameProcessor):
    """Holds a word for longer than a voice waits for the next."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame) and "Now" in frame.text:
            await asyncio.sleep(4)
        await self.push_frame(frame, direction)


@pytest.mark.parametrize("times", [True, False])
@pytest.mark.parametrize(
    "reply",
    ["Let me see. Now I have it. Come at nine.", "See [our shop](https://x.example/a/b/c)."],
)
async def test_what_follows_a_long_pause_and_what_links_are_called_is_kept(
    reply: str, times: bool
) -> None:
    voice = FakeTTS(word_timestamps=times, words_per_second=6.0)
    texts = [LLMTextFrame(token) for token in re.findall(r"\s?\S+", reply)]

    said = await context_of(
        [Thinking(), SentenceAggregator(), voice, Interruption().playback],
        [LLMFullResponseStartFrame(), *texts, LLMFullResponseEndFrame()],
    )

    assert said == reply
