"""What the caller hears, and when: the aggregator in a pipeline, in virtual time."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
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
    TextFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_text_processor import LLMTextProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import TTSSettings
from pipecat.utils.string import TextPartForConcatenation, concatenate_aggregated_text
from pipecat.utils.text.pattern_pair_aggregator import MatchAction, PatternPairAggregator
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.sentences import (
    SentenceAggregator,
    SentenceSettings,
    SentenceTextAggregator,
)
from antiphon.simulation.fakes import FakeTTS

pytestmark = pytest.mark.virtual_time
WHOLE = SentenceSettings(first_clause=False)
START, END = LLMFullResponseStartFrame, LLMFullResponseEndFrame
Step = Frame | str | float


class Ear(FrameProcessor):
    """Keeps what is pushed downstream, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[float, Frame]] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            self.heard.append((asyncio.get_running_loop().time(), frame))
        await self.push_frame(frame, direction)


async def play(
    steps: Sequence[Step], processor: FrameProcessor | None = None
) -> list[tuple[float, Frame]]:
    """Send text (str), frames, and pauses in seconds (float); give what came out, from time 0."""
    ear = Ear()
    worker = PipelineWorker(
        Pipeline([processor or SentenceAggregator(settings=WHOLE), ear]), enable_rtvi=False
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    run = asyncio.create_task(runner.run())
    await asyncio.sleep(1)
    began = asyncio.get_running_loop().time()
    for step in steps:
        if isinstance(step, float | int):
            await asyncio.sleep(step)
        else:
            await worker.queue_frame(LLMTextFrame(step) if isinstance(step, str) else step)
    await worker.queue_frame(EndFrame())
    await run
    return [(time - began, frame) for time, frame in ear.heard if time >= began]


def texts(heard: list[tuple[float, Frame]]) -> list[str]:
    return [f.text for _, f in heard if isinstance(f, AggregatedTextFrame)]


def order(heard: list[tuple[float, Frame]]) -> list[str]:
    return [f.text if isinstance(f, AggregatedTextFrame) else type(f).__name__ for _, f in heard]


async def test_the_voice_behind_it_says_no_markdown_link_targets_or_emoji() -> None:
    voice, asked = FakeTTS(), []

    @voice.event_handler("on_tts_request")
    async def on_tts_request(_: FakeTTS, context_id: str, text: str) -> None:
        asked.append(text)

    tokens = ["We", " sell", " [te", "a](https", "://x.example", "/a.b?", "c=d)", " and", " **to"]
    parts = Pipeline([SentenceAggregator(settings=WHOLE), voice])
    await play([START(), *tokens, "ys**", ".", " 🎉", " Good", " day", "!", END()], parts)
    assert asked == ["We sell tea and toys.", "Good day!"]


async def test_the_rest_of_a_reply_comes_sentence_by_sentence_before_its_end() -> None:
    heard = await play([START(), "Red. Blue", ". Green.", END()])
    assert order(heard) == [
        "LLMFullResponseStartFrame",
        "Red.",
        "Blue.",
        "Green.",
        "LLMFullResponseEndFrame",
        "EndFrame",
    ]


async def test_a_complete_sentence_is_spoken_when_the_model_pauses() -> None:
    heard = await play([START(), "One moment please.", 5.0, " Now", END()])
    [first, *_] = [(time, f.text) for time, f in heard if isinstance(f, AggregatedTextFrame)]
    assert first == (pytest.approx(0.2, abs=0.01), "One moment please.")


async def test_an_incomplete_sentence_is_spoken_when_the_model_stalls() -> None:
    heard = await play([START(), "Sorry, did", " you mean which swim", 9.0, "ming pool?", END()])
    spoken = [(time, f.text) for time, f in heard if isinstance(f, AggregatedTextFrame)]
    assert spoken[0] == (pytest.approx(1.2, abs=0.01), "Sorry, did you mean which")
    assert spoken[1][1] == "swimming pool?"


async def test_a_number_is_not_cut_when_the_model_stalls_inside_it() -> None:
    heard = await play([START(), "The total is 3.", 0.5, "75 euros.", END()])
    assert texts(heard) == ["The total is 3.75 euros."]


async def test_each_token_puts_the_pause_off() -> None:
    heard = await play([START(), "It is done.", 0.15, " ", 0.15, " ", 0.15, "and dusted.", END()])
    assert texts(heard) == ["It is done.  and dusted."]


@pytest.mark.parametrize(
    "call",
    [
        FunctionCallsStartedFrame(function_calls=[]),
        FunctionCallInProgressFrame(function_name="look_up", tool_call_id="1", arguments={}),
    ],
)
async def test_a_tool_call_does_not_keep_its_announcement_waiting(call: Frame) -> None:
    heard = await play([START(), "Let me check.", 0.05, call, 5.0, END()])
    [(time, _)] = [pair for pair in heard if isinstance(pair[1], AggregatedTextFrame)]
    assert time == pytest.approx(0.05, abs=0.01)


async def test_a_tool_call_in_progress_speaks_what_is_incomplete_too() -> None:
    call = FunctionCallInProgressFrame(function_name="look_up", tool_call_id="1", arguments={})
    heard = await play([START(), "Checking", 0.05, call, 5.0, END()])
    assert order(heard)[1:3] == ["Checking", "FunctionCallInProgressFrame"]


async def test_an_interruption_clears_what_waits() -> None:
    heard = await play([START(), "Hello wor", 0.01, InterruptionFrame(), START(), "Fresh.", END()])
    assert texts(heard) == ["Fresh."]


async def test_nothing_stale_is_spoken_at_the_end_after_an_interruption() -> None:
    heard = await play([START(), "Hello", 0.01, InterruptionFrame(), 0.01, " straggler"])
    assert texts(heard) == []
    assert order(heard)[-1] == "EndFrame"


async def test_an_end_without_an_interruption_speaks_the_rest() -> None:
    assert texts(await play([START(), "Good bye"])) == ["Good bye"]


async def test_a_short_sentence_waits_for_the_next_while_the_bot_speaks() -> None:
    steps = [START(), BotStartedSpeakingFrame(), 0.01, "Sure. It leaves at nine tonight. A", 0.01]
    assert texts(await play([*steps, END()]))[0] == "Sure. It leaves at nine tonight."
    quiet = [START(), "Sure. It leaves at nine tonight. A", 0.01]
    assert texts(await play([*quiet, END()]))[0] == "Sure."


async def test_a_short_sentence_that_waits_is_spoken_when_the_bot_falls_silent() -> None:
    steps = [START(), BotStartedSpeakingFrame(), 0.01, "Sure. And th", 0.05]
    heard = await play([*steps, BotStoppedSpeakingFrame(), 0.01, "en", END()])
    [(time, first), *_] = [p for p in heard if isinstance(p[1], AggregatedTextFrame)]
    assert time == pytest.approx(0.06, abs=0.01)
    assert isinstance(first, AggregatedTextFrame)
    assert first.text == "Sure."


async def test_what_the_frame_said_of_the_text_is_kept() -> None:
    silent = LLMTextFrame("Not aloud. ")
    silent.skip_tts = True
    silent.append_to_context = False
    silent.metadata["turn"] = 7
    heard = await play([START(), silent, "Aloud.", END()])
    first, second = [f for _, f in heard if isinstance(f, AggregatedTextFrame)]
    assert (first.skip_tts, first.append_to_context, first.metadata["turn"]) == (True, False, 7)
    assert (second.text, second.skip_tts, second.append_to_context) == ("Aloud.", None, True)
    assert first.text_type == "sentence"
    assert first.id != silent.id


async def test_the_context_is_put_together_again_without_loss() -> None:
    reply = "你好。我是小安。  OK?\n\n- one\n- two 😊"
    heard = await play([START(), *reply, END()])
    parts = [
        TextPartForConcatenation(
            f.raw_text or "", includes_inter_part_spaces=f.includes_inter_frame_spaces
        )
        for _, f in heard
        if isinstance(f, AggregatedTextFrame)
    ]
    assert concatenate_aggregated_text(parts) == reply


async def test_text_with_nothing_to_say_does_not_reach_the_voice() -> None:
    heard = await play([START(), "好。", "😊", END()])
    assert [(f.text, f.skip_tts) for _, f in heard if isinstance(f, AggregatedTextFrame)] == [
        ("好。", None),
        ("😊", True),
    ]


async def test_a_language_update_of_the_voice_is_followed() -> None:
    update = TTSUpdateSettingsFrame(delta=TTSSettings(language="de"))
    heard = await play([update, START(), "Er sitzt im 3. Haus. Gut.", END()])
    assert texts(heard) == ["Er sitzt im 3. Haus.", "Gut."]
    heard = await play([START(), "Er sitzt im 3. Haus. Gut.", END()])
    assert texts(heard) != ["Er sitzt im 3. Haus.", "Gut."]


async def test_other_frames_pass_unchanged_and_in_order() -> None:
    other = TextFrame("not from a model. at all")
    heard = await play([START(), "Red. B", other, "lue.", END()])
    assert order(heard)[1:5] == ["Red.", "TextFrame", "Blue.", "LLMFullResponseEndFrame"]
    assert any(frame is other for _, frame in heard)


async def test_chunks_are_counted_by_what_made_them_due() -> None:
    aggregator = SentenceAggregator(settings=WHOLE)
    await play([START(), "Red. Blue.", 0.5, " And then we", 2.0, " go", END()], aggregator)
    assert aggregator.counts == {"text": 1, "idle": 1, "stall": 1, "end": 1}


async def test_the_text_aggregator_serves_an_llm_text_processor() -> None:
    processor = LLMTextProcessor(
        text_aggregator=SentenceTextAggregator(language="en", settings=WHOLE)
    )
    heard = await play([START(), "Mr. Lee owes $3.50. He", " pays.", END()], processor)
    assert texts(heard) == ["Mr. Lee owes $3.50.", "He pays."]


async def test_the_text_aggregator_clears_at_an_interruption_and_follows_the_language() -> None:
    aggregator = SentenceTextAggregator()
    assert [a async for a in aggregator.aggregate("stale")] == []
    assert aggregator.text.text == "stale"
    await aggregator.handle_interruption()
    aggregator.set_language("de")
    found = [a.text async for a in aggregator.aggregate("Am 3. Mai. G")]
    rest = await aggregator.flush()
    assert (found, rest.text if rest else "") == (["Am 3. Mai."], "G")
    assert await aggregator.flush() is None


def without_asides() -> LLMTextProcessor:
    """Pipecat's way to keep what stands in tags from the voice."""
    aggregator = PatternPairAggregator()
    aggregator.add_pattern("aside", "<aside>", "</aside>", action=MatchAction.REMOVE)
    return LLMTextProcessor(text_aggregator=aggregator)


TAGGED = ["Yes. <as", "ide>Ask. Be kind.</aside> We open, ", "every day, at nine. See", " you."]
SPOKEN = ["Yes.", "We open, every day, at nine.", "See you."]


@pytest.mark.parametrize(
    "made",
    [
        lambda: [without_asides()],
        lambda: [SentenceAggregator(), without_asides()],
        lambda: [Pipeline([SentenceAggregator()]), without_asides()],
        lambda: [SentenceAggregator(), ParallelPipeline([without_asides()], [])],
        lambda: [without_asides(), SentenceAggregator()],
    ],
)
async def test_what_pipecats_patterns_take_out_is_not_spoken(
    made: Callable[[], list[FrameProcessor]],
) -> None:
    heard = await play([START(), *TAGGED, END()], Pipeline(made()))
    assert [f.text for _, f in heard if isinstance(f, AggregatedTextFrame)] == SPOKEN


async def test_patterns_of_another_branch_are_not_in_the_way() -> None:
    branches = ParallelPipeline([without_asides()], [SentenceAggregator()])
    heard = await play([START(), "We open, every day, at nine o'clock. Bye.", END()], branches)
    assert not any(isinstance(frame, LLMTextFrame) for _, frame in heard)
