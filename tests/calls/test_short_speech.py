"""A voice that gives less sound than its text takes: what was not heard is in no context."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from pipecat.frames.frames import Frame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import LatencySettings, TurnSettings, VoiceAgent
from antiphon.processors.latency import Stall
from antiphon.processors.latency.core.watchdogs import StallKind
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.frames import silence, speech
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

ANSWER = "We are open from nine today."


class ShortVoice(FakeTTS):
    """Ends a request, without an error, after some tenths of a second of sound."""

    def __init__(self, tenths: dict[int, int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._tenths = tenths
        self._asked = 0

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        left = self._tenths.get(self._asked, 1000)
        self._asked += 1
        async for frame in super().run_tts(text, context_id):
            if left == 0:
                return
            left -= 1
            yield frame


async def answered(
    tenths: dict[int, int], *, word_times: bool, words_per_second: float = 2.7
) -> Any:
    contexts: list[list[Any]] = []

    def reply(context: LLMContext) -> str:
        contexts.append(list(context.get_messages()))
        return ANSWER

    agent = VoiceAgent(
        stt=FakeSTT(script=["are you open"] * 3),
        llm=FakeLLM(script=reply),
        tts=ShortVoice(tenths, word_timestamps=word_times, words_per_second=words_per_second),
        turns=TurnSettings(silence_secs=0.4),
        latency=LatencySettings(fillers=(), apology=None),
        redaction=None,
    )
    transport = MemoryTransport()
    worker = agent.worker(transport, enable_rtvi=False, idle_timeout_secs=None)
    assert worker.latency
    stalls: list[Stall] = []
    worker.latency.add_event_handler("on_stall", lambda _, stall: stalls.append(stall))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    began = asyncio.get_running_loop().time()
    script = silence(0.2)
    for _ in range(3):
        script = script + speech(1.0) + silence(5.0)
    for item in script:
        await asyncio.sleep(max(0.0, began + item.at - asyncio.get_running_loop().time()))
        await transport.send_frame(item.frame)
    await worker.cancel()
    await running
    said = [m["content"] for m in contexts[-1] if m["role"] == "assistant"]
    return said, [stall.kind for stall in stalls]


@pytest.mark.parametrize("word_times", [True, False])
@pytest.mark.parametrize("tenths", [0, 1, 3])
async def test_of_a_sentence_that_breaks_off_the_heard_words_are_kept_and_it_is_told(
    tenths: int, word_times: bool
) -> None:
    said, stalls = await answered({0: tenths}, word_times=word_times)
    assert said[-1] == ANSWER
    heard = "".join(said[:-1])
    assert ANSWER.startswith(heard)
    assert len(heard.split()) <= tenths
    assert stalls == [StallKind.SPEECH_CUT_SHORT if tenths else StallKind.NO_SPEECH]


@pytest.mark.parametrize("word_times", [True, False])
@pytest.mark.parametrize("words_per_second", [1.5, 2.7, 5.5])
async def test_a_slow_or_a_fast_voice_is_written_down_whole(
    words_per_second: float, word_times: bool
) -> None:
    said, stalls = await answered({}, word_times=word_times, words_per_second=words_per_second)
    assert said == [ANSWER, ANSWER]
    assert stalls == []
