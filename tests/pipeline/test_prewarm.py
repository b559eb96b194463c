"""A call finds its services made, and nobody else gets them."""

import asyncio
import threading
import time

import pytest
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.prewarm import Prewarmed
from antiphon.pipeline.providers.kinds import Place, ServiceKind
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport


class Workshop:
    """Makes services, and notes where."""

    def __init__(self) -> None:
        self.made: list[FrameProcessor] = []
        self.on_loop: list[bool] = []
        self.changed = asyncio.Event()
        self.broken = False
        self.slow_secs = 0.0
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def make(self, kind: Place) -> FrameProcessor:
        try:
            if self.broken:
                raise OSError("no certificates")
            time.sleep(self.slow_secs)
            self.on_loop.append(threading.get_ident() == self._thread)
            self.made.append(FrameProcessor(name=str(kind)))
            return self.made[-1]
        finally:
            self._loop.call_soon_threadsafe(self.changed.set)


async def test_what_was_not_prepared_is_made_when_it_is_taken() -> None:
    workshop = Workshop()
    prewarmed = Prewarmed(workshop.make)
    taken = [prewarmed.take(ServiceKind.STT), prewarmed.take(ServiceKind.STT)]
    assert taken == workshop.made
    assert workshop.on_loop == [True, True]


async def test_what_is_taken_is_replaced_away_from_the_loop() -> None:
    workshop = Workshop()
    prewarmed = Prewarmed(workshop.make)
    prewarmed.keep(ServiceKind.STT, workshop.make(ServiceKind.STT))
    first = prewarmed.take(ServiceKind.STT)
    assert workshop.made == [first]
    while len(workshop.made) < 2:
        workshop.changed.clear()
        await workshop.changed.wait()
    assert workshop.on_loop == [True, False]


async def test_of_two_calls_at_once_the_second_makes_its_own() -> None:
    workshop = Workshop()
    prewarmed = Prewarmed(workshop.make)
    prewarmed.keep(ServiceKind.TTS, workshop.make(ServiceKind.TTS))
    assert prewarmed.take(ServiceKind.TTS) is not prewarmed.take(ServiceKind.TTS)
    assert workshop.on_loop == [True, True]


async def test_what_could_not_be_replaced_is_reported_to_the_next_call() -> None:
    workshop = Workshop()
    prewarmed = Prewarmed(workshop.make)
    prewarmed.keep(ServiceKind.LLM, workshop.make(ServiceKind.LLM))
    workshop.broken = True
    workshop.changed.clear()
    prewarmed.take(ServiceKind.LLM)
    await workshop.changed.wait()
    with pytest.raises(OSError, match="no certificates"):
        prewarmed.take(ServiceKind.LLM)


async def test_only_what_takes_time_to_make_is_kept() -> None:
    workshop = Workshop()
    prewarmed = Prewarmed(workshop.make)
    await prewarmed.keep_if_slow(ServiceKind.STT)
    workshop.slow_secs = 0.02
    await prewarmed.keep_if_slow(ServiceKind.TTS)
    quick, slow = prewarmed.take(ServiceKind.STT), prewarmed.take(ServiceKind.TTS)
    assert quick not in workshop.made[:-1]
    assert slow in workshop.made[:-1]


async def test_what_can_be_made_only_beside_the_loop_is_made_when_it_is_taken() -> None:
    def make(kind: Place) -> FrameProcessor:
        time.sleep(0.02)
        asyncio.get_running_loop()
        return FrameProcessor()

    prewarmed = Prewarmed(make)
    await prewarmed.keep_if_slow(ServiceKind.STT)
    assert prewarmed.take(ServiceKind.STT) is not prewarmed.take(ServiceKind.STT)


async def test_a_class_that_takes_time_is_made_before_the_call_and_anew_for_each() -> None:
    made: list[FrameProcessor] = []

    class Slow(FakeTTS):
        def __init__(self) -> None:
            time.sleep(0.02)
            super().__init__()
            made.append(self)

    agent = VoiceAgent(stt=lambda: FakeSTT(script=()), llm=lambda: FakeLLM(script=()), tts=Slow)
    await agent.warm_up()
    before = list(made)
    first, second = (agent.pipeline(MemoryTransport()).processors for _ in range(2))
    assert any(tts in first for tts in before)
    assert not {tts for tts in made if tts in first} & {tts for tts in made if tts in second}


async def test_each_call_of_a_warm_agent_has_services_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "not-a-key")
    agent = VoiceAgent(stt="deepgram", llm=lambda: FakeLLM(script=()), tts=FakeTTS)
    await agent.warm_up()
    heard_by = [agent.pipeline(MemoryTransport()).processors[2] for _ in range(3)]
    assert {type(stt).__name__ for stt in heard_by} == {"DeepgramSTTService"}
    assert len({id(stt) for stt in heard_by}) == 3
