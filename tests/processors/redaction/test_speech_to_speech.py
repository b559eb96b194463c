"""Redaction around speech-to-speech models, in the frame orders of Pipecat's services.

The model hears the caller itself: what it tells of them goes up, late, in pieces or whole, and what
it says comes down as a voice's words.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    EndFrame,
    Frame,
    FunctionCallFromLLM,
    FunctionCallResultFrame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMRunFrame,
    LLMServiceMetadataFrame,
    LLMTextFrame,
    OutputTransportMessageUrgentFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams, LLMService
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.utils.text.base_text_aggregator import TextType
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.redaction import (
    PIIRedactor,
    Policy,
    RedactingRecorder,
    RedactingRTVIProcessor,
)
from antiphon.transports import MemoryTransport

UP = FrameDirection.UPSTREAM
CARD, CVV, SSN = "4539148803436467", "917", "536-22-8714"
RATE_HZ = 16000
PACKET_S = 0.02


class Model(LLMService[Any]):
    """A speech-to-speech model that does as a script says."""

    def __init__(self) -> None:
        super().__init__()
        self.context: LLMContext | None = None
        self.results: list[Any] = []

    def service_metadata_frame(self) -> LLMServiceMetadataFrame:
        return LLMServiceMetadataFrame(
            service_name=self.name,
            is_realtime_service=True,
            user_turn_strategies=ExternalUserTurnStrategies(),
        )

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            self.context = frame.context
        await self.push_frame(frame, direction)

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        if isinstance(frame, FunctionCallResultFrame) and direction is not UP:
            # A vendor gets it here, before anybody else.
            self.results.append(frame.result)
        await super().push_frame(frame, direction)

    async def growing(self, *deltas: str) -> None:
        """Tell what it hears in pieces, as OpenAI's does."""
        for delta in deltas:
            told = InterimTranscriptionFrame(delta, "", "t", result=SimpleNamespace(delta=delta))
            await self.push_frame(told, UP)

    async def heard(self, text: str) -> None:
        await self.push_frame(TranscriptionFrame(text, "", "t", result={"raw": text}), UP)

    async def calls(self, name: str, arguments: dict[str, Any]) -> None:
        await self.run_function_calls([FunctionCallFromLLM(name, "c1", arguments, self.context)])

    async def says(self, *pieces: str, order: str = "openai") -> None:
        await _ORDERS[order](self, pieces)

    async def text(self, piece: str, kind: TextType = TextType.SENTENCE) -> None:
        written = LLMTextFrame(piece)
        written.append_to_context = False
        await self.push_frame(written)
        await self.spoken(piece, kind)

    async def spoken(self, piece: str, kind: TextType = TextType.SENTENCE) -> None:
        said = TTSTextFrame(piece, text_type=kind)
        said.includes_inter_frame_spaces = True
        await self.push_frame(said)

    async def sound(self) -> None:
        await asyncio.sleep(0.3)
        await self.push_frame(TTSAudioRawFrame(b"\1\1" * 480, 24000, 1))


async def _openai(model: Model, pieces: tuple[str, ...]) -> None:
    await model.push_frame(LLMFullResponseStartFrame())
    await model.push_frame(TTSStartedFrame())
    for piece in pieces:
        await model.sound()
        await model.text(piece)
    await model.push_frame(TTSStoppedFrame())
    await model.push_frame(LLMFullResponseEndFrame())


async def _gemini(model: Model, pieces: tuple[str, ...]) -> None:
    await model.push_frame(TTSStartedFrame())
    await model.push_frame(LLMFullResponseStartFrame())
    await model.text("".join(pieces))
    await model.sound()
    await model.push_frame(TTSStoppedFrame())
    await model.push_frame(LLMFullResponseEndFrame())


async def _nova(model: Model, pieces: tuple[str, ...]) -> None:
    await model.push_frame(LLMFullResponseStartFrame())
    await model.push_frame(TTSStartedFrame())
    text = "".join(pieces)
    for frame in (LLMTextFrame(text), AggregatedTextFrame(text, text_type=TextType.SENTENCE)):
        frame.append_to_context = False
        await model.push_frame(frame)
    await model.sound()
    await model.spoken(text)
    await model.push_frame(LLMFullResponseEndFrame())
    await model.push_frame(TTSStoppedFrame())


async def _ultravox(model: Model, pieces: tuple[str, ...]) -> None:
    await model.push_frame(LLMFullResponseStartFrame())
    await model.push_frame(TTSStartedFrame())
    for piece in pieces:
        await model.text(piece, TextType.WORD)
        await model.sound()
    await model.push_frame(TTSStoppedFrame())
    await model.push_frame(LLMFullResponseEndFrame())


_ORDERS: dict[str, Callable[[Model, tuple[str, ...]], Awaitable[None]]] = {
    "openai": _openai,
    "gemini": _gemini,
    "nova": _nova,
    "ultravox": _ultravox,
}


class Client(FrameProcessor):
    """Keeps what would go to the client."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Any] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, OutputTransportMessageUrgentFrame):
            self.messages.append(frame.message)
        await self.push_frame(frame, direction)


@dataclass
class Call:
    """What a call leaves."""

    model: Model
    worker: PipelineWorker
    context: LLMContext
    client: Client
    recorded: bytearray = field(default_factory=bytearray)
    opened: list[str] = field(default_factory=list)

    @property
    def messages(self) -> list[tuple[str, str]]:
        messages: list[Any] = list(self.context.get_messages())
        return [
            (m["role"], m["content"])
            for m in messages
            if isinstance(m, dict) and isinstance(m.get("content"), str)
        ]

    def recorded_s(self, level: int) -> float:
        """How long a level of the caller's is in the recording."""
        heard = np.frombuffer(self.recorded, "<i2")
        return int(np.sum(np.abs(heard - level) < 10)) / RATE_HZ

    async def speak(self, seconds: float, level: int = 1) -> None:
        """The line: packets at their pace."""
        for _ in range(round(seconds / PACKET_S)):
            audio = level.to_bytes(2, "little") * round(RATE_HZ * PACKET_S)
            await self.worker.queue_frame(InputAudioRawFrame(audio, RATE_HZ, 1))
            await asyncio.sleep(PACKET_S)

    async def turn(self, seconds: float, level: int) -> None:
        await self.model.broadcast_frame(ProposedUserStartedSpeakingFrame)
        await self.speak(seconds, level)
        await self.model.broadcast_frame(ProposedUserStoppedSpeakingFrame)


async def call(
    script: Callable[[Call], Awaitable[None]],
    *,
    policy: Policy | None = None,
    context: LLMContext | None = None,
    register: Callable[[Model, PIIRedactor], None] | None = None,
    output: Iterable[FrameProcessor] = (),
) -> Call:
    """Play a call in a pipeline of one's own, with a redactor on each side of the model."""
    model, client, before = Model(), Client(), PIIRedactor(policy=policy)
    kept = context or LLMContext()
    pair = LLMContextAggregatorPair(kept)
    recorder = RedactingRecorder(
        sample_rate=RATE_HZ, consent=True, auto_start_recording=True, num_channels=2
    )
    if register:
        register(model, before)
    after = PIIRedactor()
    parts = [pair.user(), before, model, after, client, *output, recorder, pair.assistant()]
    worker = PipelineWorker(
        Pipeline(parts), rtvi_processor=RedactingRTVIProcessor(), cancel_on_idle_timeout=False
    )
    played = Call(model, worker, kept, client)

    @recorder.event_handler("on_track_audio_data")
    async def on_track(_: Any, user: bytes, bot: bytes, rate: int, channels: int) -> None:
        played.recorded += user

    @after.event_handler("on_open_way")
    async def on_open_way(_: PIIRedactor, way: str) -> None:
        played.opened.append(way)

    async def talk() -> None:
        await worker.queue_frame(LLMRunFrame())
        await asyncio.sleep(1)
        try:
            await script(played)
            await asyncio.sleep(5)
        finally:
            await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), talk())
    return played


@pytest.mark.parametrize("order", sorted(_ORDERS))
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.virtual_time
async def test_neither_side_of_the_context_nor_the_client_has_what_was_said(
    order: str, late: bool
) -> None:
    async def script(c: Call) -> None:
        await c.model.says("What is", " your card", " number?", order=order)
        await asyncio.sleep(2)
        if not late:
            await c.model.heard(f"sure it's {CARD}")
        talk = asyncio.create_task(
            c.model.says(
                "Got it: 4539", " 1488 0343", " 6467. And the", " security code?", order=order
            )
        )
        if late:
            await asyncio.sleep(0.25)
            await c.model.heard(f"sure it's {CARD}")
        await talk
        await asyncio.sleep(2)
        await c.model.heard("nine one seven")
        await c.model.says("Thank you", ", all done.", order=order)

    done = await call(script)

    assert [said for _, said in done.messages] == [
        "What is your card number?",
        "sure it's <CREDIT_CARD>",
        "Got it: <CREDIT_CARD>. And the security code?",
        "<CVV>",
        "Thank you, all done.",
    ]
    told = json.dumps(done.client.messages)
    assert "Thank you" in told
    assert not [s for s in (CARD[:4], CARD[-4:], "917", "nine one") if s in told]


@pytest.mark.virtual_time
async def test_a_transcript_in_pieces_is_told_whole_and_without_what_it_grows_into() -> None:
    async def script(c: Call) -> None:
        await c.model.growing("my", " name", " is", " Ru", "fus", " Old", "acre", " and", " fo")
        await c.model.growing("ur", " five")
        await c.model.heard("my name is Rufus Oldacre and four five")
        await c.model.growing("hello")
        await c.model.heard("hello there")
        await c.model.says("Hello.")

    done = await call(script)

    shown = [m["data"] for m in done.client.messages if m["type"] == "user-transcription"]
    assert shown[-2]["text"] == "hello"
    growing = " ".join(told["text"] for told in shown if not told["final"])
    assert not [s for s in ("fus", "acre", "ur", "five") if s in growing]


@pytest.mark.virtual_time
async def test_the_recording_covers_the_utterance_of_the_number_and_no_other() -> None:
    async def script(c: Call) -> None:
        await c.speak(1, 0)
        for level, text in (
            (1100, "hi i want to pay"),
            (1200, f"it's {CARD}"),
            (1300, "thanks a lot"),
        ):
            await c.turn(2, level)
            await c.speak(1.5, 0)
            await c.model.heard(text)
            await c.model.says("Okay.")
            await c.speak(3, 0)

    done = await call(script)

    assert done.recorded_s(1100) == pytest.approx(2, abs=0.1)
    assert done.recorded_s(1200) == 0
    assert done.recorded_s(1300) == pytest.approx(2, abs=0.1)


PAYING = Policy(tools={"charge": ["CREDIT_CARD"]})


@pytest.mark.virtual_time
async def test_a_tool_gets_of_what_the_model_has_heard_what_the_policy_gives_it() -> None:
    given: dict[str, Any] = {}

    def register(model: Model, redactor: PIIRedactor) -> None:
        async def tool(params: FunctionCallParams) -> None:
            given[params.function_name] = dict(params.arguments)
            await params.result_callback({"done": f"for {CARD}", "order": "A-17"})

        for name in ("charge", "look_up"):
            model.register_function(name, redactor.tool(tool))

    async def script(c: Call) -> None:
        await c.model.heard(f"it's {CARD} and the security code is {CVV}")
        for name in ("charge", "look_up"):
            arguments = {"card": CARD, "cvv": CVV, "cents": 1250, "note": "two tickets"}
            await c.model.calls(name, arguments)
            await asyncio.sleep(1)

    done = await call(script, policy=PAYING, register=register)

    plain = {"cents": 1250, "note": "two tickets"}
    assert given["charge"] == {"card": CARD, "cvv": "<CVV>", **plain}
    assert given["look_up"].pop("card").startswith("<CARD_1_")
    assert given["look_up"] == {"cvv": "<CVV>", **plain}
    assert len(done.model.results) == 2
    for written in (done.model.results, done.context.get_messages(), done.client.messages):
        assert "A-17" in str(written) or written is done.client.messages
        assert CARD not in str(written)
        assert CVV not in str(written)


@pytest.mark.virtual_time
async def test_a_bare_code_that_the_model_has_heard_is_known_when_it_says_it() -> None:
    async def script(c: Call) -> None:
        await c.model.says("And the security code?")
        await asyncio.sleep(1)
        await c.model.heard("nine one seven")
        await c.model.says("So nine", " one", " seven,", " is that right?")
        await c.model.says("You have nine", " tickets.")

    done = await call(script)

    assert [said for _, said in done.messages][1:] == [
        "<CVV>",
        "So <CVV>, is that right?",
        "You have nine tickets.",
    ]


@pytest.mark.virtual_time
async def test_a_conversation_that_is_sent_again_is_whole_and_redacted() -> None:
    context = LLMContext([{"role": "developer", "content": f"The card on file is {CARD}."}])

    async def script(c: Call) -> None:
        await c.model.heard(f"charge {CARD} please")
        await c.model.says("One moment.")
        await c.model.says("That is done.")

    done = await call(script, context=context)

    assert done.model.context
    again: list[Any] = list(done.model.context.get_messages())
    assert [message["content"] for message in again] == [
        "The card on file is <CREDIT_CARD>.",
        "charge <CREDIT_CARD> please",
        "One moment.",
        "That is done.",
    ]
    assert done.messages[0][1] == f"The card on file is {CARD}."


@pytest.mark.virtual_time
async def test_a_tool_that_is_not_wrapped_and_tells_the_model_a_value_is_an_open_way() -> None:
    results: list[Any] = [{"balance": 17}, {"card": CARD}]

    def register(model: Model, _: PIIRedactor) -> None:
        async def tool(params: FunctionCallParams) -> None:
            await params.result_callback(results.pop(0))

        model.register_function("account", tool)

    opened: list[int] = []

    async def script(c: Call) -> None:
        for _ in range(2):
            await c.model.calls("account", {})
            await asyncio.sleep(1)
            opened.append(len(c.opened))

    done = await call(script, register=register)

    assert opened == [0, 1]
    assert done.opened == ["tool results: wrap account in PIIRedactor.tool"]


class WordByWord(FrameProcessor):
    """Tells each word as it sounds, as what plays a model's voice does."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, TTSTextFrame):
            await self.push_frame(frame, direction)
            return
        for word in frame.text.replace(" ", "| ").split("|"):
            told = TTSTextFrame(word, text_type=TextType.SENTENCE, segment_id=1)
            told.includes_inter_frame_spaces = True
            await self.push_frame(told)


@pytest.mark.virtual_time
async def test_a_client_is_not_shown_what_the_model_says_of_the_caller_word_by_word() -> None:
    async def script(c: Call) -> None:
        await c.model.heard("i'm at marguerite dot osgood at quillfeather dot org")
        words = "So that is marguerite dot osgood at quillfeather dot org, right? Good day."
        await c.model.says(*words.replace(" ", "| ").split("|"))
        await asyncio.sleep(5)

    done = await call(script, output=[WordByWord(), MemoryTransport().output()])

    said = [m["data"]["text"] for m in done.client.messages if m["type"] == "bot-output"]
    assert "".join(said) == "So that is <EMAIL_ADDRESS>, right? Good day."
    assert "osgood" not in json.dumps(done.client.messages)
