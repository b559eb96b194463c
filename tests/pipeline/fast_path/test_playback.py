"""What a phone has played is what the conversation says was heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, WebSocket
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregator
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.processors.latency import BargeIn
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS, Latency
from antiphon.simulation.lines.babble import speech_pcm
from antiphon.simulation.lines.playback_buffer import PlaybackBuffer
from antiphon.simulation.lines.twilio_caller import TwilioCaller
from antiphon.transports.telephony.twilio import create_twilio_transport, read_twilio_start

WORDS = "one two three four five six seven eight nine ten eleven twelve"
WORDS_PER_SEC = 2.0
JITTER_SECS = 1.0


class LateBuffer(PlaybackBuffer):
    """A far end that keeps a second of sound before it begins to play."""

    def put(self, ulaw: bytes, now: float) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        if now > self._ends_at:
            self._ends_at = now + JITTER_SECS
        super().put(ulaw, now)


@asynccontextmanager
async def answering(agent: VoiceAgent) -> AsyncIterator[tuple[str, list[Any]]]:
    """A phone number, and the workers of those who called it."""
    app = FastAPI()
    workers: list[Any] = []

    @app.websocket("/")
    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        start = await read_twilio_start(websocket)
        worker = agent.worker(create_twilio_transport(websocket=websocket, start=start))
        workers.append(worker)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        await runner.run()

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it only so
        await asyncio.sleep(0.01)
    yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/", workers
    server.should_exit = True
    await serving


def context_of(pipeline: FrameProcessor) -> LLMContext:
    for processor in pipeline.processors:
        if isinstance(processor, LLMAssistantAggregator):
            return processor.context
        if isinstance(processor, Pipeline):
            return context_of(processor)
    raise LookupError("no assistant aggregator")


@pytest.mark.parametrize("word_times", [True, pytest.param(False, marks=pytest.mark.system)])
async def test_the_words_of_a_cut_reply_are_those_that_the_phone_has_played(
    word_times: bool,
) -> None:
    agent = VoiceAgent(
        stt=FakeSTT(script=["count", "stop"]),
        # No "One moment…" before it.
        llm=FakeLLM(script=[WORDS, "Fine."], latency=Latency(median=0.1)),
        tts=FakeTTS(words_per_second=WORDS_PER_SEC, word_timestamps=word_times),
        redaction=None,
        turns=TurnSettings(silence_secs=0.4),
    )
    async with answering(agent) as (url, workers):
        phone = TwilioCaller(url)
        phone._stream._buffer = LateBuffer()
        async with phone:
            await phone.say(speech_pcm(0.8), sample_rate_hz=16_000)
            while not phone.heard:
                await phone.listen(0.02)
            began = phone.heard[0].at_secs
            await phone.listen(1.5)
            [worker] = workers
            barge_ins: list[BargeIn] = []
            worker.latency.add_event_handler("on_barge_in", lambda _, b: barge_ins.append(b))
            await phone.say(speech_pcm(0.8), sample_rate_hz=16_000)
            while phone.clears[-1] < began:
                await phone.listen(0.02)
            heard_words = (phone.clears[-1] - began) * WORDS_PER_SEC
            await phone.listen(1.5)
            messages: list[Any] = context_of(worker.pipeline).messages
            answered = next(turn for turn in worker.latency.turns if turn.counts)
    said = next(str(m["content"]) for m in messages if m["role"] == "assistant")
    assert said.endswith("—")
    # The marks come back within a fifth of a second, and half a word counts as heard.
    assert len(said.removesuffix("—").split()) == pytest.approx(heard_words, abs=1.0)
    # As far from what was sent as the far end keeps back.
    assert answered.secs_of("playout") == pytest.approx(JITTER_SECS, abs=0.3)
    assert barge_ins[0].ducked_at is not None
