"""What a named model is told before it answers, and what a long call becomes in its eyes."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.utils.context.llm_context_summarization import (
    LLMAutoContextSummarizationConfig,
    LLMContextSummaryConfig,
)

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.processors.redaction import Policy
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("options", "prompt"),
    [
        ({}, r"^You are in a phone call, .*[^\n]\n\nYou sell tea\.$"),
        ({"voice_rules": None}, r"^You sell tea\.$"),
        ({"voice_rules": "Speak slowly."}, r"^Speak slowly\.\n\nYou sell tea\.$"),
    ],
)
async def test_a_named_model_reads_how_one_speaks_and_then_its_instructions(
    options: dict[str, Any], prompt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with OpenAIServer(script=["Green or black?"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        transport = MemoryTransport()
        agent = VoiceAgent(
            instructions="You sell tea.",
            stt=FakeSTT(script=["tea please"]),
            llm="openai",
            tts=FakeTTS(),
            turns=TurnSettings(silence_secs=0.4),
            **options,
        )
        caller = Caller(transport, [Say(text="tea please"), HangUp()])
        await simulate_call(caller, agent.worker(transport, enable_rtvi=False))
        [request] = server.requests
    [system, asked] = request["messages"]
    assert asked["content"] == "tea please"
    assert re.search(prompt, system["content"])


CARD = (
    "my card number is four five three nine one four eight eight "
    "oh three four three six four six seven"
)
DIGITS = ("4539", "9148", "4539148803436467")


class Summarising(FakeLLM):
    """Answers, and sums up in the words that it read, to which it adds what it should not know."""

    def __init__(self, said: Callable[[LLMContext], str], *, adds: str = "") -> None:
        super().__init__(script=self._answer)
        self._said, self._adds = said, adds
        self.read: list[str] = []
        self.contexts: list[list[str]] = []

    def _answer(self, context: LLMContext) -> str:
        self.contexts.append([str(m["content"]) for m in context.messages])  # type: ignore[index]
        return self._said(context)

    async def run_inference(self, context: LLMContext, *_: Any, **__: Any) -> str:
        self.read.append(str(context.messages))
        return f"They wanted tea, and said so in {len(self.read[-1])} letters. {self._adds}"


def beyond(tokens: int) -> LLMAutoContextSummarizationConfig:
    return LLMAutoContextSummarizationConfig(
        max_context_tokens=tokens,
        max_unsummarized_messages=None,
        summary_config=LLMContextSummaryConfig(
            target_context_tokens=50, min_messages_after_summary=2
        ),
    )


async def talk(llm: FakeLLM, *lines: str, **options: Any) -> None:
    transport = MemoryTransport()
    agent = VoiceAgent(
        stt=FakeSTT(script=lines),
        llm=llm,
        tts=FakeTTS(),
        turns=TurnSettings(silence_secs=0.4),
        **options,
    )
    caller = Caller(transport, [*(Say(text=line) for line in lines), HangUp()])
    await simulate_call(caller, agent.worker(transport, enable_rtvi=False))


LINES = (CARD, "green tea please", "and a cup", "is that all", "thank you")


@pytest.mark.system
@pytest.mark.parametrize("fast_path", [True, False])
async def test_a_long_conversation_begins_with_a_summary_without_secrets(fast_path: bool) -> None:
    llm = Summarising(lambda _: "Very well, " + "it is noted. " * 8, adds=f"Card {DIGITS[-1]}.")
    await talk(llm, *LINES, summary=beyond(60), fast_path=fast_path)

    assert llm.read
    assert llm.contexts[-1][0].startswith("Conversation summary: They wanted tea")
    assert len(llm.contexts[-1]) < 2 * len(LINES) - 1
    assert "CREDIT_CARD" in llm.read[0]
    for secret in (*DIGITS, "four five three nine"):
        assert secret not in str(llm.read)
        assert secret not in str(llm.contexts)


@pytest.mark.system
@pytest.mark.parametrize("fast_path", [True, False])
async def test_what_another_model_sums_up_has_no_secrets_either(fast_path: bool) -> None:
    other = Summarising(lambda _: "", adds=f"Card {DIGITS[-1]}.")
    llm = Summarising(lambda _: "Very well, " + "it is noted. " * 8)
    summary = beyond(60)
    summary = replace(summary, summary_config=replace(summary.summary_config, llm=other))
    await talk(llm, *LINES, summary=summary, fast_path=fast_path)
    assert llm.read == []
    assert other.read
    assert llm.contexts[-1][0].startswith("Conversation summary: They wanted tea")
    for secret in DIGITS:
        assert secret not in str(other.read)
        assert secret not in str(llm.contexts)


@pytest.mark.system
async def test_a_value_that_the_agent_may_say_is_not_in_the_summary() -> None:
    known: list[str] = []

    def said(context: LLMContext) -> str:
        first = str(context.messages)
        known.extend(re.findall(r"<PHONE_\w+>", first)[:1])
        return f"I call you on {known[0]}. " + "Noted and noted again. " * 8

    lines = ("my number is 415 555 0142", *LINES[1:])
    echoing = Echoing(said)
    await talk(echoing, *lines, summary=beyond(60), redaction=Policy.preset("gdpr"))
    assert echoing.contexts[-1][0].startswith("Conversation summary: ")
    assert known[0] in echoing.contexts[-1][0]
    assert "0142" not in str(echoing.contexts)
    assert "0142" not in str(echoing.read)


class Echoing(Summarising):
    """Sums up in the very words."""

    async def run_inference(self, context: LLMContext, *_: Any, **__: Any) -> str:
        self.read.append(str(context.messages))
        return self.read[-1][:400]


@pytest.mark.system
@pytest.mark.parametrize("summary", [None, beyond(4000)])
async def test_without_need_nothing_is_summed_up(summary: Any) -> None:
    llm = Summarising(lambda _: "Very well. " * 20)
    await talk(llm, *LINES, summary=summary)
    assert llm.read == []
    assert len(llm.contexts[-1]) == 2 * len(LINES) - 1


@pytest.mark.system
async def test_a_model_that_cannot_sum_up_is_not_asked_to() -> None:
    contexts: list[int] = []

    def said(context: LLMContext) -> str:
        contexts.append(len(context.messages))
        return "Very well, " + "it is noted. " * 8

    await talk(FakeLLM(script=said), *LINES, summary=beyond(60))
    assert contexts[-1] == 2 * len(LINES) - 1


async def test_a_summary_that_fails_is_not_heard_of() -> None:
    llm = Failing(lambda _: "Very well, " + "it is noted. " * 8)
    transport = MemoryTransport()
    agent = VoiceAgent(
        stt=FakeSTT(script=LINES),
        llm=llm,
        tts=FakeTTS(),
        turns=TurnSettings(silence_secs=0.4),
        summary=beyond(60),
    )
    worker = agent.worker(transport, enable_rtvi=False)
    caller = Caller(transport, [*(Say(text=line) for line in LINES), HangUp()])
    apologies: list[float] = []
    assert worker.latency
    worker.latency.add_event_handler("on_stall", lambda _, stall: apologies.append(stall))
    await simulate_call(caller, worker)
    assert llm.read
    assert apologies == []
    assert len(llm.contexts[-1]) == 2 * len(LINES) - 1


class Failing(Summarising):
    """Cannot sum up after all."""

    async def run_inference(self, context: LLMContext, *_: Any, **__: Any) -> str:
        self.read.append("")
        raise ConnectionError("my card 4539148803436467")
