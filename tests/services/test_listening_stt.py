"""Who ends turns is told how long finals take, and which of them is a turn's last."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from pipecat.frames.frames import (
    STTMetadataFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.settings import STTSettings

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.services.listening_stt import ListeningSTTService
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.fakes import FakeLLM, FakeTTS
from antiphon.transports import MemoryTransport

Calling = Callable[..., AbstractAsyncContextManager[Any]]


class Sound:
    """An utterance of which it matters only when it ends."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    def add(self, audio: bytes) -> None:
        pass

    def end(self) -> None:
        self.ended.set()


class SlowEars(ListeningSTTService[Sound]):
    """Hears one word in each utterance, one after the other, and takes its time for each."""

    def __init__(self, *secs: float) -> None:
        super().__init__(settings=STTSettings(model="slow", language=None), ttfs_p99_latency=0.6)
        self._secs = list(secs)
        self._sounds: asyncio.Queue[Sound] = asyncio.Queue()

    async def begin_utterance(self, pre_roll: bytes) -> Sound:
        sound = Sound()
        self._sounds.put_nowait(sound)
        return sound

    async def recognize_utterances(self) -> None:
        for number, secs in enumerate(self._secs):
            await (await self._sounds.get()).ended.wait()
            await asyncio.sleep(secs)
            await self.push_final(f"word{number}" if secs else "")


async def utter(call: Any) -> None:
    await call.worker.queue_frame(VADUserStartedSpeakingFrame(start_secs=0.2, timestamp=0.0))
    await asyncio.sleep(0.5)
    await call.worker.queue_frame(VADUserStoppedSpeakingFrame(stop_secs=0.2, timestamp=0.0))
    await asyncio.sleep(0.3)


def told_secs(call: Any) -> list[float]:
    downstream = call.of_type(STTMetadataFrame)[::2]
    return [round(frame.ttfs_p99_latency, 1) for frame in downstream]


@pytest.mark.virtual_time
async def test_a_final_behind_which_another_is_on_its_way_is_not_the_last(calling: Calling) -> None:
    async with calling([SlowEars(1.5, 0.5)]) as call:
        await utter(call)
        await utter(call)
        await asyncio.sleep(3)

        finals = call.of_type(TranscriptionFrame)
        assert [(f.text, f.finalized) for f in finals] == [("word0", False), ("word1", True)]


@pytest.mark.virtual_time
async def test_it_tells_how_long_finals_take_as_long_as_they_take_long(calling: Calling) -> None:
    async with calling([SlowEars(0.1, 1.5, 9.0, *[0.1] * 8)]) as call:
        for _ in range(3):
            await utter(call)
            await asyncio.sleep(10)
        assert told_secs(call) == [0.6, 2.1, 3.0]

        for _ in range(8):
            await utter(call)
        assert told_secs(call)[-1] == 0.6


@pytest.mark.looptime
async def test_an_agent_waits_for_the_rest_of_a_turn_on_a_slow_machine() -> None:
    asked: list[list[str]] = []

    def answer(context: LLMContext) -> str:
        messages: list[Any] = context.messages
        asked.append([m["content"] for m in messages if m["role"] == "user"])
        return "All right."

    transport = MemoryTransport()
    agent = VoiceAgent(
        stt=SlowEars(1.5, 1.5, 1.5),
        llm=FakeLLM(script=answer),
        tts=FakeTTS(),
        turns=TurnSettings(silence_secs=0.4),
    )
    rest = "four two one seven nine five three eight two six"
    lines = [
        Say(text="hello"),
        Say(text="my order number is"),
        Say(text=rest, after="step_done", after_secs=0.5),
    ]
    caller = Caller(transport, [*lines, HangUp()])

    await simulate_call(caller, agent.worker(transport, enable_rtvi=False))

    assert asked == [["word0"], ["word0", "word1 word2"]]
