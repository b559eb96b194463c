"""Whole calls: what the model reads, what the voice says, and what a client is told."""

import asyncio
import io
import json
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import pytest
from loguru import logger
from pipecat.clocks.base_clock import BaseClock
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    OutputTransportMessageUrgentFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frameworks.rtvi import RTVIFunctionCallReportLevel, RTVIObserverParams
from pipecat.services.llm_service import FunctionCallParams

from antiphon.pipeline import LatencySettings, TurnSettings, VoiceAgent
from antiphon.processors.interruption import InterruptionSettings
from antiphon.processors.redaction import Policy
from antiphon.processors.sentences import SentenceSettings
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Press, Say
from antiphon.simulation.caller.script import Step
from antiphon.simulation.fakes import Failure, FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.fakes.llm import Reply, ToolCall
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

LINES = [
    "We are at 77 Harbour Street in Springfield.",
    "You can reach us at 415 555 0142, day and night.",
    "I'm Anna, how can I help you today?",
    "Please write to hello@harbour.example and we will answer.",
    "Your appointment number is 48213, please keep it.",
    "Ask for Doctor Hale on extension 204.",
]
PERSONAL = ["Harbour Street", "415 555", "0142", "Anna", "hello@harbour", "48213"]
NAMED = "my name is Dana Okafor and my number is 415 555 0142"
CARD = "four five three nine one four eight eight oh three four three six four six seven"
PAYMENT = [
    ("What is your card number?", f"it's {CARD}"),
    ("And the expiry date?", "it is oh nine twenty nine"),
    ("And the security code on the back?", "nine one seven"),
    ("What is your social security number?", "two one nine oh nine nine nine nine nine"),
    ("Thank you. Goodbye.", ""),
]


class Voice(FakeTTS):
    """Keeps what it was given to say."""

    def __init__(self, *, word_timestamps: bool = True) -> None:
        super().__init__(word_timestamps=word_timestamps, words_per_second=4.0)
        self.said: list[str] = []

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        self.said.append(text)
        async for frame in super().run_tts(text, context_id):
            yield frame


class LoopClock(BaseClock):
    """Pipecat's clock on the loop's virtual time, by which words are told."""

    def start(self) -> None:
        """Nothing to start."""

    def get_time(self) -> int:
        return round(asyncio.get_running_loop().time() * 1e9) + 1


class Witness(BaseObserver):
    """Keeps the messages that go to the client."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, Any]] = []

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        if isinstance(frame, OutputTransportMessageUrgentFrame) and data.first_push:
            self.told.append(frame.message)

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [message["data"] for message in self.told if message["type"] == kind]

    def captions(self, kind: str) -> str:
        return "".join(data["text"] for data in self.all(kind))


class Called:
    """One call, and what came of it."""

    def __init__(
        self, replies: Sequence[Reply] | Callable[[list[Any]], Reply], **agent: Any
    ) -> None:
        self._replies = replies if callable(replies) else iter(replies)
        self._agent = agent
        self._heard: list[str | Failure] | None = agent.pop("heard", None)
        self._rtvi = agent.pop("rtvi", True)
        self.voice = Voice(word_timestamps=agent.pop("word_timestamps", True))
        self.witness = Witness()
        self.errors: list[ErrorFrame] = []
        self.read: list[str] = []
        self.messages: list[Any] = []

    async def talk(self, *steps: Step) -> "Called":
        def reply(context: LLMContext) -> Reply:
            self.messages = context.get_messages()
            self.read.append(json.dumps(self.messages, default=str))
            if not callable(self._replies):
                return next(self._replies, "")
            # A placeholder that the model has read, as it was written.
            reply = self._replies(self.messages)
            known = re.search(r"<PHONE_\w+>", self.read[-1])
            if isinstance(reply, str) and known:
                return reply.replace("<PHONE>", known[0])
            return reply

        transport = MemoryTransport()
        said = self._heard or [step.text for step in steps if isinstance(step, Say)]
        agent = VoiceAgent(
            stt=FakeSTT(script=said),
            llm=FakeLLM(script=reply),
            tts=self.voice,
            turns=TurnSettings(silence_secs=0.4),
            latency=LatencySettings(fillers=(), apology=None),
            **self._agent,
        )
        worker = agent.worker(
            transport,
            observers=[self.witness],
            enable_rtvi=self._rtvi,
            clock=LoopClock(),
            rtvi_observer_params=RTVIObserverParams(
                function_call_report_level={"*": RTVIFunctionCallReportLevel.FULL}
            ),
        )

        @worker.event_handler("on_pipeline_error")
        async def on_pipeline_error(_: PipelineWorker, frame: ErrorFrame) -> None:
            self.errors.append(frame)

        await simulate_call(Caller(transport, [*steps, HangUp()]), worker)
        return self

    def by(self, role: str) -> list[str]:
        return [str(m["content"]) for m in self.messages if m["role"] == role]


@pytest.mark.parametrize(
    ("sentences", "word_timestamps"),
    [
        (SentenceSettings(), True),
        (None, False),
        pytest.param(SentenceSettings(), False, marks=pytest.mark.system),
        pytest.param(None, True, marks=pytest.mark.system),
    ],
)
async def test_the_voice_says_and_the_context_holds_what_the_model_wrote(
    word_timestamps: bool, sentences: SentenceSettings | None
) -> None:
    call = await Called(LINES, word_timestamps=word_timestamps, sentences=sentences).talk(
        *[Say(text="go on")] * len(LINES), Say(text="thank you")
    )

    assert " ".join(call.voice.said) == " ".join(LINES)
    assert call.by("assistant") == LINES


@pytest.mark.parametrize(
    ("preset", "word_timestamps"),
    [
        ("strict", True),
        ("gdpr", False),
        pytest.param("strict", False, marks=pytest.mark.system),
        pytest.param("gdpr", True, marks=pytest.mark.system),
    ],
)
async def test_a_policy_hides_the_agent_s_own_words_from_the_model_and_not_from_the_ear(
    preset: str, word_timestamps: bool
) -> None:
    call = await Called(
        [*LINES, "What is the rest of the number?", "Thank you."],
        word_timestamps=word_timestamps,
        redaction=Policy.preset(preset),
    ).talk(*[Say(text="go on")] * len(LINES), Say(text="anything else"), Say(text="goodbye"))

    assert " ".join(call.voice.said).startswith(" ".join(LINES))
    context = call.by("assistant")
    hidden = [re.sub(r"<([A-Z]+)[A-Z0-9_a-z]*>", r"<\1>", said) for said in context[:3]]
    assert hidden == [
        f"We are at <{'STREET' if preset == 'strict' else 'ADDRESS'}> in Springfield.",
        "You can reach us at <PHONE>, day and night.",
        f"I'm <{'PERSON' if preset == 'strict' else 'NAME'}>, how can I help you today?",
    ]
    assert context[len(LINES)] == "What is the rest of the number?"


async def test_a_strict_policy_that_gives_values_back_to_the_voice_lets_the_call_start() -> None:
    gdpr = Policy.preset("gdpr")
    warnings: list[str] = []
    sink = logger.add(lambda line: warnings.append(str(line)), level="WARNING")
    try:
        call = await Called(
            ["Thank you."], redaction=Policy(default="redact", ear=gdpr.ear, strict=True)
        ).talk(Say(text="my number is 415 555 0142"))
    finally:
        logger.remove(sink)
    assert call.voice.said == ["Thank you."]
    assert warnings == []


@pytest.mark.parametrize(
    ("word_timestamps", "interruption"),
    [
        (True, InterruptionSettings()),
        (False, None),
        pytest.param(True, None, marks=pytest.mark.system),
        pytest.param(False, InterruptionSettings(), marks=pytest.mark.system),
    ],
)
async def test_a_value_that_the_caller_gave_is_said_again_and_not_kept(
    word_timestamps: bool, interruption: InterruptionSettings | None
) -> None:
    call = await Called(
        lambda messages: "Thanks, <PHONE>." if "number is" in str(messages[-1]) else "Goodbye.",
        word_timestamps=word_timestamps,
        interruption=interruption,
        redaction=Policy.preset("gdpr"),
    ).talk(Say(text="my number is 415 555 0142"), Say(text="goodbye"))
    assert call.voice.said[0] == "Thanks, 4 1 5 5 5 5 0 1 4 2."
    (kept, _) = call.by("assistant")
    assert kept.startswith("Thanks, <PHONE_1_")
    assert call.by("user")[0] == f"my number is {kept[8:-1]}"
    assert "<PHONE_NUMBER>" in call.witness.captions("bot-output")
    assert "4 1 5" not in call.witness.captions("bot-output")


async def test_the_greeting_is_said_as_it_was_written() -> None:
    greeting = "Harbour Dental, this is Anna, at 415 555 0142."
    call = await Called([], greeting=greeting).talk(Say(text="hello there"))
    assert " ".join(call.voice.said) == greeting
    assert call.by("assistant") == [greeting]


async def test_a_client_reads_along_without_what_is_personal() -> None:
    call = await Called(LINES).talk(*[Say(text="go on")] * len(LINES), Say(text=NAMED))
    for kind in ("bot-llm-text", "bot-tts-text", "bot-output"):
        captions = call.witness.captions(kind)
        for words in ("We are at", "You can reach us at <PHONE_NUMBER>", "how can I help you"):
            assert words.replace(" ", "") in captions.replace(" ", "")
    everything = json.dumps([m for m in call.witness.told if m["type"] != "metrics"])
    assert not [piece for piece in (*PERSONAL, "Dana", "Okafor") if piece in everything]


async def test_captions_come_while_the_reply_is_spoken() -> None:
    reply = "We are open from nine to five on every day of the week but Sunday."
    call = await Called([reply]).talk(Say(text="when are you open"))
    kinds = [message["type"] for message in call.witness.told]
    spoken = kinds[kinds.index("bot-started-speaking") : kinds.index("bot-stopped-speaking")]
    assert spoken.count("bot-tts-text") > 5
    assert " ".join(d["text"] for d in call.witness.all("bot-tts-text")) == reply


async def test_a_model_reads_the_words_of_an_ordinary_caller() -> None:
    lines = [
        "can I speak to a manager",
        "this is for the delivery on Friday",
        NAMED,
        "write to dana at example dot com",
        "I live at 77 Harbour Street, apartment 5",
        "I was born on March 3rd 1981",
    ]
    call = await Called(["Sure."] * len(lines)).talk(*[Say(text=line) for line in lines])
    assert call.by("user") == lines
    told = [said["text"] for said in call.witness.all("user-transcription") if said["final"]]
    assert told[2] == "my name is <PERSON> and my number is <PHONE_NUMBER>"
    read = [said["text"] for said in call.witness.all("user-llm-text")]
    assert read[2] == told[2]


async def test_a_payment_is_read_by_no_model_and_no_client() -> None:
    questions = [question for question, _ in PAYMENT]
    answers = [Say(text=answer) for _, answer in PAYMENT if answer]
    call = await Called(questions).talk(
        Say(text="I would like to pay"), *answers, Press(keys="4539148803436467#")
    )
    assert call.by("user")[:5] == [
        "I would like to pay",
        "it's <CREDIT_CARD>",
        "it is <CARD_EXPIRY>",
        "<CVV>",
        "<US_SSN>",
    ]
    told = json.dumps([m for m in call.witness.told if m["type"] != "metrics"])
    for written in (*call.read, told):
        for secret in ("four eight", "three four", "twenty nine", "one seven", "oh nine", "1488"):
            assert secret not in written


async def test_a_named_tool_is_given_the_card_and_its_code_and_the_code_but_once() -> None:
    charged: list[tuple[str, str]] = []

    async def charge(params: FunctionCallParams, card: str, cvv: str) -> None:
        """Charge.

        Args:
            card: The number.
            cvv: The code on the back.
        """
        charged.append((card, cvv))
        await params.result_callback({"charged": card})

    def answer(messages: list[Any]) -> Reply:
        said = str(messages[-1]["content"])
        if "pay" in said:
            return "What is your card number?"
        if "CARD" in said and messages[-1]["role"] == "user":
            return "And the security code on the back?"
        card, cvv = (re.findall(rf"<{kind}_\w+>", str(messages))[0] for kind in ("CARD", "CVV"))
        if messages[-1]["role"] == "user" and len(charged) < 2:
            return ToolCall(name="charge", arguments={"card": card, "cvv": cvv})
        return f"I charged {card}."

    call = await Called(
        answer, tools=[charge], redaction=Policy(tools={"charge": ["CREDIT_CARD", "CVV"]})
    ).talk(
        Say(text="I want to pay"), Say(text=f"it's {CARD}"), Say(text="nine one seven"),
        Say(text="once more"), Say(text="thanks"),
    )  # fmt: skip

    cvv = call.by("user")[2]
    assert cvv.startswith("<CVV_1_")
    assert charged == [("4539148803436467", "917"), ("4539148803436467", cvv)]
    assert call.voice.said[2] == "I charged the card number you gave."
    told = json.dumps([m for m in call.witness.told if m["type"] != "metrics"])
    for written in (*call.read, told):
        # Not in an id or a time, which have any digits.
        assert not re.findall(r"4539|6467|(?<![\w.])917(?!\w)", written)


async def test_what_a_tool_gets_and_gives_is_redacted_by_the_model_s_policy() -> None:
    async def book(params: FunctionCallParams, said: str) -> None:
        """Book.

        Args:
            said: What the caller said.
        """
        await params.result_callback({"note": "Dana Okafor paid with 4539 1488 0343 6467"})

    arguments = {"said": "my name is Dana Okafor, card 4539 1488 0343 6467"}
    call = await Called(
        [ToolCall(name="book", arguments=arguments), "Booked.", "Bye."], tools=[book]
    ).talk(Say(text="book a table"), Say(text="thank you"))
    context = call.read[-1]
    assert "Dana Okafor" in context
    assert "1488" not in context
    told = json.dumps(call.witness.told)
    assert "my name is <PERSON>, card <CREDIT_CARD>" in told
    assert "1488" not in told


@pytest.mark.system
@pytest.mark.parametrize("policy", [Policy.preset("strict"), Policy.preset("model")])
async def test_what_an_error_quotes_leaves_by_no_way(policy: Policy) -> None:
    async def pay(params: FunctionCallParams) -> None:
        """Pay."""
        raise ValueError("card 4539 1488 0343 6467 of john.smithson@example.com")

    log = io.StringIO()
    sink = logger.add(log, level="TRACE", diagnose=True, format="{message} {extra} {exception}")
    try:
        call = await Called(
            [ToolCall(name="pay"), "Sorry.", "Bye."], tools=[pay], redaction=policy
        ).talk(Say(text="I want to pay"), Say(text="thank you"))
    finally:
        logger.remove(sink)

    (error,) = call.errors
    assert error.error == "Error executing function call [pay]: ValueError"
    assert error.exception is None
    assert [data["error"] for data in call.witness.all("error")] == [error.error]
    told = json.dumps([m for m in call.witness.told if m["type"] != "metrics"])
    for written in (told, log.getvalue(), *call.read, str(error)):
        assert not [s for s in ("4539", "1488", "6467", "smithson") if s in written]


@pytest.mark.parametrize("rtvi", [True, False])
async def test_what_a_vendor_quotes_in_an_error_leaves_redacted_before_any_redactor(
    rtvi: bool,
) -> None:
    body = '422 {"input": "my name is Dana Okafor, card 4539 1488 0343 6467"}'
    call = await Called(["Sorry."], heard=[Failure(message=body), "hello"], rtvi=rtvi).talk(
        Say(text="my card"), Say(text="hello")
    )
    assert [error.error for error in call.errors] == [
        '<REDACTED> {"input": "my name is <PERSON>, card <REDACTED>'
    ]
    told = json.dumps([m for m in call.witness.told if m["type"] != "metrics"])
    assert not [s for s in ("Dana", "Okafor", "1488") if s in told]


async def test_a_client_reads_no_name_that_the_caller_has_given() -> None:
    call = await Called(["Thank you, Dana, what can I do?", "I will. Goodbye, Ms Okafor."]).talk(
        Say(text=NAMED), Say(text="will you call me")
    )
    assert call.by("assistant")[0] == "Thank you, Dana, what can I do?"
    told = json.dumps([m for m in call.witness.told if m["type"] != "metrics"])
    assert "Dana" not in told
    assert "Okafor" not in told
    assert "I will." in call.witness.captions("bot-output")
