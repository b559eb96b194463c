"""What can be downloaded of a call is what its page showed."""

import asyncio
import io
import wave

import numpy as np
import pytest
from numpy.typing import NDArray
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.pipeline.talk.recordings import KEPT, Recordings
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.frames import silence, speech
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

KEY, CARD = "the-key", "my card number is 4539 1488 0343 6467"
LINES = silence(4.0) + speech(2.0) + silence(6.0) + speech(2.0) + silence(16.0)


async def recorded(**settings: object) -> NDArray[np.int16]:
    """A call in which a card is said at 4 s and something else at 12 s."""
    agent = VoiceAgent(
        greeting="Harbour Supplies, good morning.",
        stt=lambda: FakeSTT(script=[CARD, "when are you open"]),
        llm=lambda: FakeLLM(script=["Thank you.", "From nine to five."]),
        tts=lambda: FakeTTS(words_per_second=4.0),
        turns=TurnSettings(silence_secs=0.4, reprompts=()),
        **settings,  # type: ignore[arg-type]
    )
    recordings, transport = Recordings(), MemoryTransport()
    recordings.promise("call", KEY)
    recorder = recordings.recorder("call", redacted=agent.redaction is not None)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(agent.worker(transport, recorder=recorder))
    running = asyncio.create_task(runner.run())
    await transport.connect()
    began = asyncio.get_running_loop().time()
    for item in LINES:
        await asyncio.sleep(max(0.0, began + item.at - asyncio.get_running_loop().time()))
        await transport.send_frame(item.frame)
    await transport.disconnect()
    await running
    wav = recordings.wav(KEY)
    assert wav is not None
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 16_000)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)


def loudness(samples: NDArray[np.int16], side: int, from_secs: float, to_secs: float) -> float:
    part = samples[round(from_secs * 16_000) : round(to_secs * 16_000), side].astype(float)
    return float(np.sqrt(np.mean(part**2)))


async def test_both_sides_are_heard_and_what_the_page_hides_is_not() -> None:
    heard = await recorded()
    assert len(heard) / 16_000 == pytest.approx(LINES.seconds, abs=2.0)
    assert loudness(heard, 0, 4.2, 5.8) == 0.0
    assert loudness(heard, 0, 12.2, 13.8) > 100
    assert loudness(heard, 1, 0.0, 3.0) > 100


async def test_of_an_agent_that_hides_nothing_all_is_heard() -> None:
    heard = await recorded(redaction=None)
    assert min(loudness(heard, 0, 4.2, 5.8), loudness(heard, 0, 12.2, 13.8)) > 100


async def test_a_long_call_is_recorded_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.pipeline.talk.recordings.LONGEST_SECS", 8)
    assert len(await recorded()) == 8 * 16_000


async def test_a_call_whose_page_did_not_ask_is_not_recorded() -> None:
    assert Recordings().recorder("call", redacted=True) is None


async def test_only_the_newest_calls_are_kept() -> None:
    recordings = Recordings()
    for number in range(KEPT + 1):
        recordings.promise(f"call-{number}", f"key-{number}")
        assert recordings.recorder(f"call-{number}", redacted=True)
    assert recordings.wav("key-0") is None
    assert recordings.wav(f"key-{KEPT}") is not None
