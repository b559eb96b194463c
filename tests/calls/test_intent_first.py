"""A script before a language model: what it is sure of needs no request, the model hears all."""

import asyncio

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import LatencySettings, TurnSettings, VoiceAgent
from antiphon.services import IntentFirstLLMService, Script
from antiphon.services.scripted.intent import Intent
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.frames import silence, speech
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

DESK = Script.order_status()


async def get_order_status(params: FunctionCallParams, order_number: str) -> None:
    """Look up where an order is.

    Args:
        params: Pipecat's.
        order_number: The number.
    """
    await params.result_callback({"status": "packed", "delivery": "today"})


async def call(*said: str) -> list[list[str]]:
    """Say something, turn by turn, and return what the model was asked: the words of each side."""
    asked: list[list[str]] = []

    def model(context: LLMContext) -> str:
        messages = [message for message in context.get_messages() if isinstance(message, dict)]
        asked.append([str(text) for message in messages if (text := message.get("content"))])
        return "The model says so."

    agent = VoiceAgent(
        stt=FakeSTT(script=said),
        llm=IntentFirstLLMService(script=DESK, fallback=FakeLLM(script=model)),
        tts=FakeTTS(),
        tools=[get_order_status],
        turns=TurnSettings(silence_secs=0.4),
        latency=LatencySettings(fillers=()),
        redaction=None,
    )
    transport = MemoryTransport()
    worker = agent.worker(transport, enable_rtvi=False, idle_timeout_secs=None)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    began = asyncio.get_running_loop().time()
    for turn in range(len(said)):
        for item in speech(1.0) + silence(14.0):
            at = began + turn * 15.0 + item.at
            await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
            await transport.send_frame(item.frame)
    await worker.cancel()
    await running
    return asked


async def test_a_script_that_is_never_sure_is_refused() -> None:
    script = Script(greeting="Hi.", intents=(Intent(name="a", phrases=("stop",), reply="Okay."),))

    with pytest.raises(ValueError, match="wordings"):
        IntentFirstLLMService(script=script, fallback=FakeLLM(script=[]))


async def test_what_is_sure_is_answered_without_the_model_and_the_model_hears_of_it() -> None:
    asked = await call(
        "What time do you open?", "Where is order 427?", "That's right.", "Do you sell lamps?"
    )

    hours = next(intent.reply for intent in DESK.intents if intent.name == "opening_hours")
    (heard,) = asked
    spoken = [text for text in heard if not text.startswith("{")]
    assert spoken[-7:] == [
        "What time do you open?",
        hours,
        "Where is order 427?",
        "Order 4 2 7, is that right?",
        "That's right.",
        "Your order 4 2 7 is packed, and it should arrive today.",
        "Do you sell lamps?",
    ]


async def test_after_the_model_has_spoken_the_script_goes_on() -> None:
    asked = await call(
        "Do you sell lamps?", "Where's my parcel?", "4-2-7", "Yes.", "Is that expensive?"
    )

    assert len(asked) == 2
    assert "The model says so." in asked[1]
    assert "Your order 4 2 7 is packed, and it should arrive today." in asked[1]


async def test_a_yes_is_to_whom_it_answers() -> None:
    asked = await call("Where is order 427?", "Do you sell lamps?", "Yes.", "Is that so?")

    assert [heard[-1] for heard in asked] == ["Do you sell lamps?", "Yes.", "Is that so?"]


async def test_what_the_model_said_is_the_models_to_repeat() -> None:
    asked = await call("Do you sell lamps?", "Could you say that again?")

    assert [heard[-1] for heard in asked] == ["Do you sell lamps?", "Could you say that again?"]


async def test_a_no_to_what_the_model_asked_is_the_models_and_ends_no_call() -> None:
    asked = await call("Do you sell lamps?", "No.", "Is that so?")

    assert [heard[-1] for heard in asked] == ["Do you sell lamps?", "No.", "Is that so?"]
