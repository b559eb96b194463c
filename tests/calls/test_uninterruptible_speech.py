"""What is said to its end over an interruption is in the context, and so is what follows it."""

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import LatencySettings, TurnSettings, VoiceAgent
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.frames import silence, speech
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

STORY = "One two three four five six. Seven eight nine ten eleven twelve. And so on and so on."
NOTICE = "This call is recorded. You may say no."
ANSWER = "Tuesday then, noted."


async def said(notice_secs: float, *, word_times: bool) -> list[str]:
    """What the agent says in a call whose caller interrupts at 5 s."""
    contexts: list[list[Any]] = []

    def reply(context: LLMContext) -> str:
        contexts.append(list(context.get_messages()))
        return STORY if len(contexts) == 1 else ANSWER

    lines = ["tell me about it", "no wait i meant tuesday", "thank you very much"]
    transport = MemoryTransport()
    worker = VoiceAgent(
        stt=FakeSTT(script=lines, word_secs=0.3),
        llm=FakeLLM(script=reply),
        tts=FakeTTS(word_timestamps=word_times),
        turns=TurnSettings(silence_secs=0.4),
        latency=LatencySettings(fillers=(), apology=None),
        redaction=None,
    ).worker(transport, enable_rtvi=False, idle_timeout_secs=None)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def tell() -> None:
        await asyncio.sleep(notice_secs)
        notice = TTSSpeakFrame(NOTICE)
        notice.interruptible = False
        await worker.queue_frame(notice)

    telling = asyncio.create_task(tell())
    script = silence(0.2) + speech(1.0) + silence(3.8) + speech(1.6) + silence(12.0)
    for item in script + speech(1.2) + silence(2.0):
        await asyncio.sleep(max(0.0, began + item.at - loop.time()))
        await transport.send_frame(item.frame)
    await telling
    await worker.cancel()
    await running
    return [each["content"] for each in contexts[-1] if each["role"] == "assistant"]


@pytest.mark.parametrize(("notice_secs", "word_times"), [(3.5, True), (3.5, False), (5.7, True)])
async def test_a_notice_that_an_interruption_does_not_drop_is_remembered_with_its_answer(
    notice_secs: float, word_times: bool
) -> None:
    cut, *rest = await said(notice_secs, word_times=word_times)
    assert cut.endswith("—")
    assert rest == [NOTICE, ANSWER]
