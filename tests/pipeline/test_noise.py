"""What takes noise out of the caller's sound stands before all who listen."""

import asyncio
import sys
from collections.abc import Callable

import pytest
from pipecat.audio.filters.base_audio_filter import BaseAudioFilter
from pipecat.frames.frames import FilterControlFrame, FilterEnableFrame

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport


class Mute(BaseAudioFilter):
    """Lets nothing through while it is on, and says what became of it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.mutes = True

    async def start(self, sample_rate: int) -> None:
        self.told.append(f"start {sample_rate}")

    async def stop(self) -> None:
        self.told.append("stop")

    async def process_frame(self, frame: FilterControlFrame) -> None:
        assert isinstance(frame, FilterEnableFrame)
        self.mutes = frame.enable

    async def filter(self, audio: bytes) -> bytes:
        return bytes(len(audio)) if self.mutes else audio


class Broken(Mute):
    """Fails with its first sound."""

    async def filter(self, audio: bytes) -> bytes:
        raise RuntimeError


async def answered(noise: Callable[[], BaseAudioFilter] | None, *, turned_off: bool = False) -> int:
    """How often an agent answers a caller who asks once."""
    asked: list[str] = []

    def answer(context: object) -> str:
        asked.append("asked")
        return "We are open from nine."

    transport = MemoryTransport()
    agent = VoiceAgent(
        stt=lambda: FakeSTT(script=["are you open"]),
        llm=lambda: FakeLLM(script=answer),
        tts=FakeTTS,
        noise=noise,
        turns=TurnSettings(silence_secs=0.4, reprompts=()),
    )
    worker = agent.worker(transport)
    if turned_off:
        await worker.queue_frame(FilterEnableFrame(enable=False))
    lines = [Say(text="are you open", after_secs=1.0), HangUp(after="step_done", after_secs=5.0)]
    await simulate_call(Caller(transport, lines), worker)
    return len(asked)


@pytest.mark.virtual_time
async def test_the_caller_is_heard_through_the_filter_of_the_call() -> None:
    made: list[Mute] = []

    def mute() -> Mute:
        made.append(Mute())
        return made[-1]

    assert await answered(None) == 1
    assert await answered(mute) == 0
    assert await answered(mute, turned_off=True) == 1
    assert [each.told for each in made] == [["start 16000", "stop"]] * 2


@pytest.mark.virtual_time
async def test_a_filter_that_fails_lets_the_caller_be_heard() -> None:
    assert await answered(Broken) == 1


def test_an_extra_that_is_missing_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrnnoise", None)
    with pytest.raises(ImportError, match=r"^noise='rnnoise' needs .*'antiphon\[rnnoise\]'$"):
        VoiceAgent(noise="rnnoise")


@pytest.mark.parametrize("noise", ["krisp", 3, Mute()])
def test_what_makes_no_filter_is_refused(noise: object) -> None:
    with pytest.raises(TypeError, match="give 'rnnoise', a class or function"):
        VoiceAgent(noise=noise)  # type: ignore[arg-type]


def test_a_function_that_makes_no_filter_is_told_before_the_first_call() -> None:
    agent = VoiceAgent(noise=lambda: "none")  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="must return a BaseAudioFilter"):
        asyncio.run(agent.warm_up())
