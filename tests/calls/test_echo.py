"""The agent's own voice comes back through the caller's phone: it never interrupts itself."""

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import InterimTranscriptionFrame, TranscriptionFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.utils.time import time_now_iso8601

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.caller.caller import SpokenLine
from antiphon.simulation.caller.script import Step
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport
from antiphon.transports.memory import PlayedAudio

pytestmark = pytest.mark.virtual_time

WORDS_PER_SECOND = 2.7
GREETING = (
    "Thank you for calling the garden shop on the hill. Wait times are short today. "
    "We are open every day from nine to six. On Sundays we are open from ten to four."
)


class Line:
    """What sounds in the caller's channel, word by word: the echo, and the caller."""

    def __init__(self, transport: MemoryTransport, *, echo_secs: float) -> None:
        self.asked: list[str] = []
        self.sounds: list[tuple[float, str]] = []
        self._echo_secs = echo_secs
        self._heard_secs = 0.0
        self._echoed = 0
        transport.add_event_handler("on_audio_played", self._hear)

    async def _hear(self, _: Any, chunk: PlayedAudio) -> None:
        if any(chunk.pcm):
            self._heard_secs += len(chunk.pcm) / 2 / chunk.num_channels / chunk.sample_rate_hz
        words = " ".join(self.asked).split()
        while self._echoed < min(len(words), round(self._heard_secs * WORDS_PER_SECOND)):
            self.sounds.append((chunk.at_secs + self._echo_secs, words[self._echoed]))
            self._echoed += 1

    def cut(self) -> None:
        """What the agent had not said, it will not say."""
        self.asked = [" ".join(" ".join(self.asked).split()[: self._echoed])]
        self._heard_secs = self._echoed / WORDS_PER_SECOND

    def line_started(self, line: SpokenLine) -> None:
        words = line.text.split()
        pace = (line.end_secs - line.start_secs) / max(1, len(words))
        self.sounds += [(line.start_secs + (i + 1) * pace, word) for i, word in enumerate(words)]

    def call_started(self, at_secs: float) -> None: ...
    def call_ended(self, at_secs: float) -> None: ...
    def caller_audio(self, at_secs: float, samples: Any) -> None: ...

    def since(self, begin: float) -> str:
        now = asyncio.get_running_loop().time()
        return " ".join(word for at, word in sorted(self.sounds) if begin <= at <= now)


class OpenSTT(FakeSTT):
    """Hears all that sounds, whoever says it, as a speech service does."""

    def __init__(self, line: Line) -> None:
        super().__init__(script=[])
        self._wire = line
        self._begin = 0.0

    async def _hear_words(self, line: Any) -> None:
        self._begin = asyncio.get_running_loop().time() - 0.7
        while True:
            await asyncio.sleep(0.37)
            if text := self._wire.since(self._begin):
                await self.push_frame(InterimTranscriptionFrame(text, "", time_now_iso8601()))

    async def _conclude(self, line: Any) -> None:
        await asyncio.sleep(0.3)
        if text := self._wire.since(self._begin):
            await self.push_frame(TranscriptionFrame(text, "", time_now_iso8601()))


async def call(
    steps: list[Step],
    *,
    echo_db: float | None = -20.0,
    echo_ms: float = 200.0,
    word_timestamps: bool = True,
    greeting: str = GREETING,
) -> list[list[str]]:
    """What the model was told the caller said, at each request."""
    transport = MemoryTransport()
    line = Line(transport, echo_secs=echo_ms / 1000)
    told: list[list[str]] = []

    def answer(context: LLMContext) -> str:
        line.cut()
        messages: list[Any] = context.get_messages()
        told.append([m["content"] for m in messages if m["role"] == "user"])
        return "Of course I can."

    def make_voice() -> FakeTTS:
        voice = FakeTTS(word_timestamps=word_timestamps, words_per_second=WORDS_PER_SECOND)

        @voice.event_handler("on_tts_request")
        async def on_tts_request(_: Any, context_id: str, text: str) -> None:
            line.asked.append(text)

        return voice

    agent = VoiceAgent(
        stt=lambda: OpenSTT(line),
        llm=lambda: FakeLLM(script=answer),
        tts=make_voice,
        greeting=greeting,
        turns=TurnSettings(silence_secs=0.4),
    )
    caller = Caller(transport, steps, listeners=[line], echo_db=echo_db, echo_ms=echo_ms)
    await simulate_call(caller, agent.worker(transport))
    return told


@pytest.mark.parametrize("word_timestamps", [True, False], ids=["words told", "no words told"])
@pytest.mark.parametrize(
    ("echo_db", "echo_ms"), [(-20.0, 200.0), pytest.param(-10.0, 500.0, marks=pytest.mark.system)]
)
async def test_an_agent_that_hears_itself_talks_on(
    *, echo_db: float, echo_ms: float, word_timestamps: bool
) -> None:
    told = await call(
        [HangUp(after="step_done", after_secs=22.0)],
        echo_db=echo_db,
        echo_ms=echo_ms,
        word_timestamps=word_timestamps,
    )
    assert told == []


@pytest.mark.parametrize("said", ["wait stop please", "I want to cancel my order", "wait"])
async def test_a_caller_is_heard_over_the_echo(said: str) -> None:
    steps = [
        Say(text=said, after="agent_starts", after_secs=4.0),
        HangUp(after="step_done", after_secs=6.0),
    ]
    told = await call(steps)
    assert len(told) == 1
    assert said.split()[-1] in told[0][0]
