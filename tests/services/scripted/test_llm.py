"""The scripted agent behaves in a pipeline as a model does: paced, with tools, interruptible."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    LLMTextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import FunctionCallParams

from antiphon.core.frames import GoodbyeFrame, NotUnderstoodFrame
from antiphon.services import Script, ScriptedLLMService
from antiphon.services.scripted.script import Intent

Calling = Callable[..., AbstractAsyncContextManager[Any]]
Talking = Callable[..., AbstractAsyncContextManager[tuple[Any, LLMContext]]]

SCRIPT = Script(
    greeting="Hello there.",
    intents=(
        Intent(
            name="status",
            phrases=("order {number:digits}",),
            tool="look_up",
            reply="Order {number} is {status}.",
        ),
        Intent(name="bye", phrases=("bye",), reply="Goodbye.", goodbye=True),
        Intent(name="count", phrases=("count",), reply=" ".join(f"w{n}" for n in range(100))),
    ),
)


@pytest.fixture
def talking(calling: Calling) -> Talking:
    @asynccontextmanager
    async def running(llm: ScriptedLLMService) -> AsyncIterator[tuple[Any, LLMContext]]:
        context = LLMContext()
        pair = LLMContextAggregatorPair(context)
        async with calling([pair.user(), llm], after_output=[pair.assistant()]) as call:
            yield call, context

    return running


def user(text: str) -> Frame:
    return LLMMessagesAppendFrame([{"role": "user", "content": text}], run_llm=True)


def tokens(call: Any) -> list[str]:
    return [frame.text for frame in call.of_type(LLMTextFrame)]


@pytest.mark.looptime
async def test_the_greeting_comes_before_anybody_has_spoken(talking: Talking) -> None:
    async with talking(ScriptedLLMService(script=SCRIPT)) as (call, _):
        await call.worker.queue_frame(LLMRunFrame())
        await asyncio.sleep(1)

        assert tokens(call) == ["Hello ", "there."]
        assert len(call.of_type(LLMFullResponseStartFrame)) == 1
        assert len(call.of_type(LLMFullResponseEndFrame)) == 1


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("said", "told"),
    [("bye", [GoodbyeFrame]), ("I like pizza", [NotUnderstoodFrame]), ("count", [])],
)
async def test_it_tells_of_a_goodbye_and_of_what_it_did_not_understand(
    talking: Talking, said: str, told: list[type[Frame]]
) -> None:
    async with talking(ScriptedLLMService(script=SCRIPT)) as (call, _):
        await call.worker.queue_frame(user(said))
        await asyncio.sleep(3)

        kinds = GoodbyeFrame, NotUnderstoodFrame
        assert [kind for kind in kinds if call.of_type(kind)] == told


@pytest.mark.looptime
async def test_tokens_come_at_the_set_pace(talking: Talking) -> None:
    llm = ScriptedLLMService(script=SCRIPT, ttft_secs=2.0, tokens_per_sec=4.0)
    async with talking(llm) as (call, _):
        await call.worker.queue_frame(user("count"))
        await asyncio.sleep(1.9)
        assert tokens(call) == []
        await asyncio.sleep(0.2)
        assert len(tokens(call)) == 1
        await asyncio.sleep(5)

        assert len(tokens(call)) == 21


@pytest.mark.looptime
async def test_an_interruption_stops_it_and_the_next_question_is_answered(
    talking: Talking,
) -> None:
    async with talking(ScriptedLLMService(script=SCRIPT, tokens_per_sec=10)) as (call, _):
        await call.worker.queue_frame(user("count"))
        await asyncio.sleep(1.5)
        await call.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(0.1)
        said = len(tokens(call))
        await asyncio.sleep(5)
        assert 10 < len(tokens(call)) == said < 20

        await call.worker.queue_frame(user("pardon"))
        await asyncio.sleep(3)
        assert "".join(tokens(call)[said:]) == SCRIPT.fallback


@pytest.mark.looptime
async def test_a_tool_is_called_with_the_slots_and_its_result_answered(talking: Talking) -> None:
    asked: list[Any] = []

    async def look_up(params: FunctionCallParams) -> None:
        asked.append(dict(params.arguments))
        await params.result_callback({"status": "on its way"})

    llm = ScriptedLLMService(script=SCRIPT)
    llm.register_function("look_up", look_up)
    async with talking(llm) as (call, context):
        await call.worker.queue_frame(user("Order 4821, please."))
        await asyncio.sleep(3)

        assert asked == [{"number": "4821"}]
        assert "".join(tokens(call)) == "Order 4 8 2 1 is on its way."
        roles = [m["role"] for m in context.get_messages() if isinstance(m, dict)]
        assert roles[:3] == ["user", "assistant", "tool"]


@pytest.mark.looptime
async def test_a_tool_that_nobody_made_is_an_apology_not_silence(talking: Talking) -> None:
    async with talking(ScriptedLLMService(script=SCRIPT)) as (call, _):
        await call.worker.queue_frame(user("order 4821"))
        await asyncio.sleep(3)

        assert "".join(tokens(call)) == SCRIPT.tool_failed


@pytest.mark.looptime
async def test_a_tool_that_fails_is_an_apology_not_silence(talking: Talking) -> None:
    async def look_up(params: FunctionCallParams) -> None:
        raise RuntimeError("the database is down")

    llm = ScriptedLLMService(script=SCRIPT)
    llm.register_function("look_up", look_up)
    async with talking(llm) as (call, _):
        await call.worker.queue_frame(user("order 4821"))
        await asyncio.sleep(3)

        assert "".join(tokens(call)) == SCRIPT.tool_failed


@pytest.mark.parametrize("bad", [{"ttft_secs": -1.0}, {"tokens_per_sec": 0.0}])
def test_a_pace_that_is_none_is_refused(bad: dict[str, Any]) -> None:
    ((name, value),) = bad.items()
    with pytest.raises(ValueError, match=f"{name}={value}"):
        ScriptedLLMService(**bad)
