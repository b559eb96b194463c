"""PIIRedactor: every frame with text in it is replaced by a new one without personal data."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStoppedSpeakingFrame,
    EagerTranscriptionFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InputDTMFFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMContextAssistantTurnFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMTextFrame,
    LLMThoughtEndFrame,
    LLMThoughtTextFrame,
    MetricsFrame,
    TextFrame,
    TranscriptionFrame,
    TranslationFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserBackchannelFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transcriptions.language import Language
from pipecat.utils.text.base_text_aggregator import TextType
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.redaction import (
    PIIExpectFrame,
    PIIMetricsData,
    PIIRedactedFrame,
    PIIRedactor,
    Policy,
)
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View

CARD = "4539 1488 0343 6467"


class Collector(FrameProcessor):
    """Keeps what reaches it."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        await self.push_frame(frame, direction)


async def through(redactor: FrameProcessor, *frames: Frame, metrics: bool = False) -> list[Frame]:
    """What comes out downstream, and errors upstream."""
    after = Collector()
    worker = PipelineWorker(
        Pipeline([redactor, after]), params=PipelineParams(enable_metrics=metrics)
    )

    @worker.event_handler("on_pipeline_error")
    async def on_pipeline_error(worker: PipelineWorker, frame: ErrorFrame) -> None:
        after.frames.append(frame)

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await worker.queue_frames([*frames, EndFrame()])
    await runner.run()
    return after.frames


def only(frames: list[Frame], kind: type) -> list[Any]:
    return [frame for frame in frames if type(frame) is kind]


def plain(text: str) -> str:
    """A text whose placeholders tell only of what they are."""
    return re.sub(r"_\d_[a-z]{6}>", ">", text)


def said(text: str, **more: Any) -> TranscriptionFrame:
    return TranscriptionFrame(text=text, user_id="u", timestamp="t", **more)


async def test_a_transcript_is_replaced_by_a_new_frame_without_the_raw_result() -> None:
    frame = said(f"my card is {CARD} thanks", result={"raw": CARD}, finalized=True)

    out = await through(PIIRedactor(), frame)

    (new,) = only(out, TranscriptionFrame)
    assert new.text == "my card is <CREDIT_CARD> thanks"
    assert new.result is None
    assert new.id != frame.id
    assert new.finalized
    assert frame.text == f"my card is {CARD} thanks"
    (told,) = only(out, PIIRedactedFrame)
    assert told.counts == {"CREDIT_CARD": 1}


async def test_the_raw_result_goes_even_where_nothing_is_found() -> None:
    frame = said("hello there", result={"raw": "hello"})

    (new,) = only(await through(PIIRedactor(), frame), TranscriptionFrame)

    assert new.result is None


async def test_word_times_of_what_was_redacted_are_told_without_the_words() -> None:
    words = [
        {"word": w, "start": i * 0.5, "end": i * 0.5 + 0.4}
        for i, w in enumerate(["my", "pin", "is", "four", "eight", "two", "one"])
    ]
    frame = said("my pin is four eight two one", result={"words": words})

    (told,) = only(await through(PIIRedactor(), frame), PIIRedactedFrame)

    assert told.spans_s == ((1.5, 3.4),)


@pytest.mark.parametrize(
    "frame",
    [
        InterimTranscriptionFrame(text="it is four five three", user_id="u", timestamp="t"),
        InterimTranscriptionFrame(text="it is four", user_id="u", timestamp="t"),
        EagerTranscriptionFrame(text=f"card {CARD}", user_id="u", timestamp="t"),
        TranslationFrame(
            text=f"mi tarjeta {CARD}", user_id="u", timestamp="t", language=Language.ES
        ),
        TranslationFrame(
            text="kortti neljä 4 viisi 5", user_id="u", timestamp="t", language=Language.FI
        ),
        UserBackchannelFrame(text=f"yes {CARD}", user_id="u", timestamp="t"),
        LLMMessagesAppendFrame(messages=[{"role": "user", "content": f"card {CARD}"}]),
        FunctionCallResultFrame("pay", "1", {"card": CARD}, {"charged": f"card {CARD}"}),
        FunctionCallInProgressFrame("pay", "1", {"deep": [{"number": int(CARD.replace(" ", ""))}]}),
        FunctionCallInProgressFrame("pay", "1", {"cvv": "453"}),
        FunctionCallsStartedFrame([FunctionCallFromLLM("pay", "1", {"card": CARD}, None)]),
    ],
    ids=lambda frame: type(frame).__name__,
)
async def test_no_digits_are_left_in_any_other_frame_to_the_model(frame: Frame) -> None:
    out = await through(PIIRedactor(), frame)

    (new,) = only(out, type(frame))
    shown = repr({k: v for k, v in vars(new).items() if k not in ("id", "name", "pts")})
    for piece in ("453", "1488", "four five", "is four", " 4 ", " 5"):
        assert piece not in shown
    # Observers know a new frame by its id.
    assert new.id != frame.id


async def test_a_caller_who_goes_over_to_another_language_is_understood() -> None:
    frames = [
        said("mi tarjeta es cuatro cinco tres nueve", language=Language.ES),
        said("meine Kartennummer ist vier fünf drei neun", language=Language.DE_DE),
        said("my card is four five three nine", language=Language.EN),
    ]

    out = only(await through(PIIRedactor(), *frames), TranscriptionFrame)

    assert [new.text for new in out] == [
        "mi tarjeta es <CREDIT_CARD>",
        "meine Kartennummer ist <CREDIT_CARD>",
        "my card is <CREDIT_CARD>",
    ]


@pytest.mark.parametrize("tag", [None, "", "multi", "en", "de", "ja", "ru", "xx-YY"])
@pytest.mark.parametrize(
    "text",
    [
        "cuatro cinco tres nueve uno cuatro ocho ocho cero tres cuatro tres seis cuatro seis siete",
        "four five three nine vier acht acht null zero three four three sechs vier sechs sieben",
        "カード番号は四五三九一四八八〇三四三六四六七です",
    ],
)
async def test_no_tag_of_a_language_lets_a_spoken_card_pass(text: str, tag: Any) -> None:
    (new,) = only(await through(PIIRedactor(), said(text, language=tag)), TranscriptionFrame)

    assert "<CREDIT_CARD>" in new.text or "<NUMBER>" in new.text
    for piece in ("nueve", "seis", "three", "nine", "acht", "sieben", "五三", "六七"):
        assert piece not in new.text


@pytest.mark.parametrize("code", ["pt", "pt-BR", "it", "hi", "ja", "zh", "ru", "ar", "fil", "nl"])
async def test_every_language_may_be_given(code: str) -> None:
    frame = said("4539 1488 0343 6467", language=Language.EN)

    (new,) = only(await through(PIIRedactor(language=code), frame), TranscriptionFrame)

    assert not any(c.isdecimal() for c in new.text)


async def test_that_a_language_has_no_table_is_said_once() -> None:
    told: list[str] = []
    sink = logger.add(lambda message: told.append(message), level="WARNING")
    frames = [said("korttini on 4539", language=Language.FI) for _ in range(3)]
    try:
        await through(PIIRedactor(), *frames)
    finally:
        logger.remove(sink)

    assert len([line for line in told if "no redaction table for language 'fi'" in line]) == 1


async def test_in_a_language_without_a_table_no_digit_passes() -> None:
    frame = said("korttini on 4539 ja 14", language=Language.FI)

    (new,) = only(await through(PIIRedactor(), frame), TranscriptionFrame)

    assert not any(c.isdecimal() for c in new.text)
    assert new.text.startswith("korttini on ")


@pytest.mark.parametrize("tag", ["spa", "spanish", "und", "mul", "es_419", float("nan")])
async def test_a_price_passes_whatever_the_service_calls_the_language(tag: Any) -> None:
    frame = said("son tres entradas de doce euros", language=tag)

    (new,) = only(await through(PIIRedactor(), frame), TranscriptionFrame)

    assert new.text == frame.text


async def test_a_language_that_was_given_stays() -> None:
    frame = said("meine Kartennummer ist vier fünf drei neun", language=Language.EN)

    (new,) = only(await through(PIIRedactor(language="de"), frame), TranscriptionFrame)

    assert new.text == "meine Kartennummer ist <CREDIT_CARD>"


async def test_interim_transcripts_can_be_dropped() -> None:
    frame = InterimTranscriptionFrame(text="hello", user_id="u", timestamp="t")

    assert not only(await through(PIIRedactor(interims="drop"), frame), InterimTranscriptionFrame)


async def test_what_the_model_writes_goes_to_the_ear_as_it_is_and_in_order() -> None:
    tokens = [LLMTextFrame(t) for t in ["Call", " 415 555 0142", " or", " <", " 5", "", " p.m."]]

    out = await through(
        PIIRedactor(), LLMFullResponseStartFrame(), *tokens, LLMFullResponseEndFrame()
    )

    assert "".join(f.text for f in only(out, LLMTextFrame)) == "Call 415 555 0142 or < 5 p.m."
    assert {f.id for f in tokens[:3]} <= {f.id for f in only(out, LLMTextFrame)}
    kinds = [type(f) for f in out]
    assert kinds.index(LLMFullResponseEndFrame) > max(
        i for i, k in enumerate(kinds) if k is LLMTextFrame
    )


class Answering(FrameProcessor):
    """Writes what it has read, as a model does, in pieces or otherwise."""

    def __init__(self, kind: type[Frame]) -> None:
        super().__init__()
        self._kind = kind

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            text = f"So it is {frame.text.split()[-1]}, right?"
            if self._kind is LLMTextFrame:
                pieces: list[Frame] = [LLMTextFrame(c) for c in text]
            elif self._kind is AggregatedTextFrame:
                pieces = [AggregatedTextFrame(text, TextType.SENTENCE, raw_text=text)]
            else:
                pieces = [TTSSpeakFrame(text)]
            for piece in (*pieces, LLMFullResponseEndFrame()):
                await self.push_frame(piece)


@pytest.mark.parametrize("kind", [LLMTextFrame, AggregatedTextFrame, TTSSpeakFrame])
@pytest.mark.parametrize(
    ("preset", "heard"),
    [("gdpr", "So it is 4 1 5 5 5 5 0 1 4 2, right?"),
     ("hipaa", "So it is the phone number you gave, right?")],
)  # fmt: skip
async def test_redactors_of_one_call_share_their_policy_and_their_placeholders(
    preset: str, heard: str, kind: type[Frame]
) -> None:
    first = PIIRedactor(policy=Policy.preset(preset))
    pipeline = Pipeline([first, Answering(kind), PIIRedactor()])

    out = await through(pipeline, said("call me on 415 555 0142"))

    spoken = only(out, kind)
    assert plain(only(out, TranscriptionFrame)[0].text) in (
        "call me on <PHONE>",
        "call me on <PHONE_NUMBER>",
    )
    assert "".join(f.text for f in spoken) == heard
    if kind is AggregatedTextFrame:
        assert spoken[0].raw_text == heard
    assert len(first.vault) == 0


async def test_what_a_redactor_left_another_leaves_alone() -> None:
    pipeline = Pipeline([PIIRedactor(policy=Policy.preset("gdpr")), PIIRedactor(), PIIRedactor()])
    once = Pipeline([PIIRedactor(policy=Policy.preset("gdpr"))])
    frame = said(f"I am Dana Okafor, card {CARD}, call 415 555 0142 or dana@example.com")
    texts = []
    for each in (pipeline, once):
        (new,) = only(await through(each, frame), TranscriptionFrame)
        texts.append(plain(new.text))
    assert texts[0] == texts[1] == "I am <NAME>, card <CARD>, call <PHONE> or <EMAIL>"


async def test_thoughts_are_redacted_too() -> None:
    out = await through(
        PIIRedactor(),
        *[LLMThoughtTextFrame(t) for t in ["The card ", "4539 1488", " 0343 6467"]],
        LLMThoughtEndFrame(),
    )

    assert "".join(f.text for f in only(out, LLMThoughtTextFrame)) == "The card <CREDIT_CARD>"


async def test_words_that_no_sentence_announced_are_redacted_although_each_digit_has_a_frame() -> (
    None
):
    words = ["it", "is", *CARD.replace(" ", ""), "thanks"]

    out = await through(
        PIIRedactor(),
        *[TTSTextFrame(w, TextType.WORD) for w in words],
        TTSStoppedFrame(),
    )

    assert " ".join(f.text for f in only(out, TTSTextFrame)) == "it is <CREDIT_CARD> thanks"
    assert [f.agent for f in only(out, PIIRedactedFrame)] == [True]


async def test_of_an_announced_sentence_each_word_goes_on_at_once_and_none_is_moved() -> None:
    sentence = AggregatedTextFrame(f"It is {CARD}, or $5.50: write to jane.", TextType.SENTENCE)
    sentence.will_be_spoken = True
    words = [
        TTSTextFrame(word, TextType.WORD, segment_id=sentence.id) for word in sentence.text.split()
    ]
    for at, word in enumerate(words):
        word.pts = at
    price = words[7]
    price.text, price.raw_text = "cents,", "$5.50:"
    inside = TTSTextFrame("five", TextType.WORD, segment_id=sentence.id)
    inside.append_to_context = False

    out = await through(PIIRedactor(), sentence, *words[:7], inside, *words[7:])

    read = [f for f in only(out, TTSTextFrame) if f.append_to_context]
    assert " ".join(f.raw_text or f.text for f in read) == (
        "It is <CREDIT_CARD>, or $5.50: write to jane."
    )
    assert [f.pts for f in read] == [0, 1, 2, 6, 7, 8, 9, 10]
    assert inside in out
    assert only(out, AggregatedTextFrame) == [sentence]
    for word in (words[0], price, words[-1]):
        assert word in out


async def test_what_the_agent_asked_tells_what_the_caller_answers() -> None:
    out = await through(
        PIIRedactor(),
        LLMContextAssistantTurnFrame(text="What is the security code?", timestamp="t"),
        said("four five three"),
    )

    assert only(out, TranscriptionFrame)[0].text == "<CVV>"


async def test_the_application_can_say_what_is_expected_by_a_frame() -> None:
    out = await through(PIIRedactor(), PIIExpectFrame(kinds=("pin",)), said("four eight two one"))

    assert only(out, TranscriptionFrame)[0].text == "<PIN>"


async def test_single_keys_pass_for_a_menu_and_not_for_a_number() -> None:
    key = InputDTMFFrame(KeypadEntry.FIVE)
    assert only(await through(PIIRedactor(), key), InputDTMFFrame)

    redactor = PIIRedactor()
    redactor.expect("card_number")
    out = await through(redactor, InputDTMFFrame(KeypadEntry.FIVE), said("DTMF: 5#"))

    assert not only(out, InputDTMFFrame)
    assert only(out, TranscriptionFrame)[0].text == "DTMF: <CREDIT_CARD>#"


class Interrupter(FrameProcessor):
    """Lets text through and interrupts once it has been taken."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, LLMTextFrame):
            for _ in range(50):
                await asyncio.sleep(0)
            await self.push_frame(InterruptionFrame())


async def test_an_interruption_drops_what_was_held_back() -> None:
    redactor = Pipeline([Interrupter(), PIIRedactor()])
    out = await through(redactor, LLMTextFrame("It is <CARD_"), LLMFullResponseEndFrame())

    assert "".join(f.text for f in only(out, LLMTextFrame)) == "It is "


async def test_counts_without_content_go_to_events_and_metrics() -> None:
    redactor = PIIRedactor()
    seen: list[dict[str, int]] = []

    @redactor.event_handler("on_redacted")
    async def on_redacted(processor: PIIRedactor, counts: dict[str, int]) -> None:
        seen.append(counts)

    out = await through(redactor, said(f"card {CARD}"), metrics=True)

    data = [d for f in only(out, MetricsFrame) for d in f.data if isinstance(d, PIIMetricsData)]
    assert seen == [{"CREDIT_CARD": 1}]
    assert data[-1].counts == {"model": {"CREDIT_CARD": 1}, "record": {"CREDIT_CARD": 1}}
    assert data[-1].open_ways == redactor.tally.open_ways.total()


def boom(view: View) -> Iterator[Entity]:
    """A detector that fails and would tell."""
    raise RuntimeError(view.text)


async def test_a_failure_masks_the_numbers_and_reports_no_content() -> None:
    redactor = PIIRedactor(detectors=(boom,))
    failures: list[str] = []

    @redactor.event_handler("on_redaction_failed")
    async def on_redaction_failed(processor: PIIRedactor, error: str) -> None:
        failures.append(error)

    out = await through(redactor, said(f"hello card {CARD}"), said("and bye"))

    assert [f.text for f in only(out, TranscriptionFrame)] == ["hello card <NUMBER>", "and bye"]
    assert failures[0] == "RuntimeError"
    assert not [f for f in only(out, ErrorFrame) if "4539" in str(f)]


@pytest.mark.parametrize(
    "frames",
    [
        [said("hello there")],
        [LLMThoughtTextFrame("Hello there. "), LLMThoughtEndFrame()],
        [FunctionCallInProgressFrame("pay", "1", {"note": "hello there"})],
        [TTSTextFrame("Hello.", TextType.SENTENCE), TTSStoppedFrame()],
    ],
    ids=["transcript", "thought", "tool", "voice"],
)
async def test_every_failure_is_counted_wherever_it_is(frames: list[Frame]) -> None:
    redactor = PIIRedactor(detectors=(boom,))
    await through(redactor, *frames)
    assert redactor.tally.failures > 0


LINE = "You can reach Anna at 415 555 0142."


@pytest.mark.parametrize(
    "frame",
    [
        LLMTextFrame(LINE),
        TTSSpeakFrame(LINE),
        AggregatedTextFrame(LINE, TextType.SENTENCE),
        TextFrame(LINE),
    ],
    ids=lambda frame: type(frame).__name__,
)
async def test_the_ear_is_told_what_the_agent_says(frame: Frame) -> None:
    out = await through(PIIRedactor(), frame, LLMFullResponseEndFrame())

    assert only(out, type(frame)) == [frame]
    assert getattr(frame, "text", "") == LINE


async def test_what_the_ear_may_hear_a_recorder_is_still_told_of() -> None:
    out = await through(
        PIIRedactor(),
        *[TTSTextFrame(word, TextType.WORD) for word in LINE.split()],
        TTSStoppedFrame(),
    )

    assert " ".join(f.text for f in only(out, TTSTextFrame)) == LINE
    assert [f.agent for f in only(out, PIIRedactedFrame)] == [True]


async def test_what_goes_to_the_model_is_redacted_whatever_the_ear_hears() -> None:
    call = FunctionCallResultFrame("pay", "1", {"card": CARD}, {"of": f"card {CARD}"})
    thought = LLMThoughtTextFrame(f"The card {CARD} ")

    out = await through(PIIRedactor(), said(f"card {CARD}"), call, thought, LLMThoughtEndFrame())

    for kind in (TranscriptionFrame, FunctionCallResultFrame, LLMThoughtTextFrame):
        shown = repr([vars(new) for new in only(out, kind)])
        assert "<CREDIT_CARD>" in shown
        assert "1488" not in shown


async def test_a_recorder_is_told_of_all_and_the_application_of_what_was_hidden() -> None:
    redactor = PIIRedactor(policy=Policy())
    hidden: list[dict[str, int]] = []

    @redactor.event_handler("on_redacted")
    async def on_redacted(processor: PIIRedactor, counts: dict[str, int]) -> None:
        hidden.append(counts)

    frame = said(f"my name is Dana Okafor, card {CARD}")
    early = EagerTranscriptionFrame(text=frame.text, user_id="u", timestamp="t")
    out = await through(redactor, early, frame)

    (new,) = only(out, TranscriptionFrame)
    assert new.text == "my name is Dana Okafor, card <CREDIT_CARD>"
    assert only(out, PIIRedactedFrame)[0].counts == {"PERSON": 1, "CREDIT_CARD": 1}
    assert hidden == [{"CREDIT_CARD": 1}]


class Failing(FrameProcessor):
    """Fails as a tool or a vendor does, with what was said."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            await self.push_error(f"422: {frame.text}", exception=ValueError(frame.text))
        else:
            await self.push_frame(frame, direction)


async def test_an_error_that_passes_quotes_nobody() -> None:
    pipeline = Pipeline([PIIRedactor(policy=Policy()), Failing()])
    out = await through(pipeline, said(f"call Dana about {CARD}"), said("write to jo@example.org"))

    assert [(e.error, e.exception) for e in only(out, ErrorFrame)] == [
        ("<REDACTED> ValueError", None),
        ("<REDACTED> ValueError", None),
    ]


async def test_the_error_of_a_tool_is_redacted_with_its_result() -> None:
    result = FunctionCallResultFrame("pay", "1", {}, "failed", error=f"ValueError: card {CARD}")

    (new,) = only(await through(PIIRedactor(), result), FunctionCallResultFrame)

    assert new.error == "ValueError: card <CREDIT_CARD>"


async def test_frames_without_text_pass_untouched() -> None:
    frame = BotStoppedSpeakingFrame()

    assert only(await through(PIIRedactor(), frame), BotStoppedSpeakingFrame) == [frame]


def test_an_unknown_way_with_interims_is_refused() -> None:
    with pytest.raises(ValueError, match="'keep'"):
        PIIRedactor(interims="keep")  # type: ignore[arg-type]


def test_what_is_no_policy_is_refused() -> None:
    with pytest.raises(TypeError, match="policy is 'strict'"):
        PIIRedactor(policy="strict")  # type: ignore[arg-type]
