"""What the conversation holds after an interruption is what the caller heard, to the word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pytest
from antiphon.services.espeak import EspeakSynthesizer, EspeakTTSService, EspeakTTSSettings
from antiphon.transports import MemoryTransport
from pipecat.clocks.base_clock import BaseClock
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.workers.runner import WorkerRunner

F = TypeVar("F", bound=Frame)

FIRST = "Your order left our warehouse in Rotterdam on Monday morning."
SECOND = "The carrier expects to deliver it, without a signature, by Thursday evening."


class LoopClock(BaseClock):
    """The pipeline's clock on the virtual time of the loop."""

    def get_time(self) -> int:
        # Not from zero: Pipecat takes a timestamp of zero for none.
        return int((1 + asyncio.get_running_loop().time()) * 1e9)

    def start(self) -> None:
        pass


class Seen(BaseObserver):
    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.first_push:
            self.frames.append(data.frame)


@dataclass
class Call:
    worker: PipelineWorker
    transport: MemoryTransport
    context: LLMContext
    seen: Seen
    speech_began: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, *sentences: str) -> None:
        await self.worker.queue_frames(
            [
                LLMFullResponseStartFrame(),
                *(LLMTextFrame(f"{sentence} ") for sentence in sentences),
                LLMFullResponseEndFrame(),
            ]
        )

    @property
    def said(self) -> list[str]:
        """What the conversation holds of the agent."""
        return [
            str(message.get("content"))
            for message in self.context.get_messages()
            if isinstance(message, dict) and message["role"] == "assistant"
        ]

    @property
    def heard_secs(self) -> float:
        speech = [chunk for chunk in self.transport.played if any(chunk.pcm)]
        return speech[-1].at_secs + speech[-1].duration_secs - speech[0].at_secs

    def of_type(self, kind: type[F]) -> list[F]:
        return [frame for frame in self.seen.frames if isinstance(frame, kind)]


@asynccontextmanager
async def calling(tts: EspeakTTSService) -> AsyncIterator[Call]:
    transport, context, seen = MemoryTransport(), LLMContext(), Seen()
    worker = PipelineWorker(
        Pipeline(
            [
                transport.input(),
                tts,
                transport.output(),
                LLMContextAggregatorPair(context).assistant(),
            ]
        ),
        params=PipelineParams(audio_out_sample_rate=16_000),
        observers=[seen],
        clock=LoopClock(),
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    call = Call(worker, transport, context, seen)

    @transport.event_handler("on_audio_played")
    async def began(_: MemoryTransport, chunk: object) -> None:
        call.speech_began.set()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    run = asyncio.create_task(runner.run())
    try:
        await transport.connect()
        yield call
    finally:
        await worker.queue_frame(EndFrame())
        await run


def starts_secs(*sentences: str) -> list[tuple[str, float]]:
    """Each word with the second at which it begins when the sentences follow one another."""
    words, offset = [], 0.0
    for sentence in sentences:
        speech = EspeakSynthesizer().synthesize(sentence)
        words += [(word.text, offset + word.start_secs) for word in speech.words]
        offset += len(speech.pcm) / 2 / speech.sample_rate_hz
    return words


@pytest.mark.looptime
async def test_a_reply_that_is_played_out_stands_whole_in_the_conversation() -> None:
    async with calling(EspeakTTSService()) as call:
        await call.say(FIRST, SECOND)
        await asyncio.sleep(15)

        assert call.said == [f"{FIRST} {SECOND}"]
        samples = np.frombuffer(b"".join(chunk.pcm for chunk in call.transport.played), np.int16)
        assert np.abs(samples).max() > 5_000
        assert len(call.of_type(TTSStoppedFrame)) == 1


@pytest.mark.looptime
@pytest.mark.parametrize("word", ["order", "warehouse", "morning.", "carrier", "signature,"])
async def test_an_interruption_leaves_exactly_the_words_that_were_heard(word: str) -> None:
    words = starts_secs(FIRST, SECOND)
    index = [text for text, _ in words].index(word)
    cut_secs = (words[index][1] + words[index + 1][1]) / 2  # in the middle of the word

    async with calling(EspeakTTSService()) as call:
        await call.say(FIRST, SECOND)
        await call.speech_began.wait()
        await asyncio.sleep(cut_secs)
        await call.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(20)

        assert call.said == [" ".join(text for text, _ in words[: index + 1])]
        # A chunk of 40 ms is on its way when the caller begins to speak.
        assert call.heard_secs == pytest.approx(cut_secs, abs=0.1)


@pytest.mark.looptime
async def test_a_sentence_that_comes_late_is_timed_from_when_it_came() -> None:
    late = "And the carrier expects to deliver it by Thursday evening."
    words = starts_secs(late)

    async with calling(EspeakTTSService(stop_frame_timeout_s=60)) as call:
        # Pipecat holds a sentence until the next one begins.
        await call.worker.queue_frames(
            [LLMFullResponseStartFrame(), LLMTextFrame("Hello. "), LLMTextFrame(late[0])]
        )
        await call.speech_began.wait()
        await asyncio.sleep(5)
        await call.worker.queue_frames([LLMTextFrame(late[1:]), LLMFullResponseEndFrame()])
        await asyncio.sleep((words[2][1] + words[3][1]) / 2)
        await call.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(5)

        assert call.said == ["Hello. And the carrier"]


@pytest.mark.looptime
async def test_the_next_reply_after_an_interruption_is_spoken_and_kept() -> None:
    async with calling(EspeakTTSService()) as call:
        await call.say(FIRST)
        await call.speech_began.wait()
        await asyncio.sleep(0.5)
        await call.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(1)
        await call.say(SECOND)
        await asyncio.sleep(10)

        assert call.said[-1] == SECOND
        assert len(call.said) == 2


@pytest.mark.looptime
async def test_a_greeting_that_no_model_wrote_is_kept_too() -> None:
    async with calling(EspeakTTSService()) as call:
        await call.worker.queue_frame(TTSSpeakFrame("Hello, this is the order desk."))
        await asyncio.sleep(5)

        assert call.said == ["Hello, this is the order desk."]


@pytest.mark.looptime
async def test_text_that_espeak_refuses_is_an_error_and_the_call_goes_on() -> None:
    async with calling(EspeakTTSService()) as call:
        await call.say("la " * 2_000)
        await asyncio.sleep(5)
        await call.say(FIRST)
        await asyncio.sleep(10)

        assert any("longer than 5000" in frame.error for frame in call.of_type(ErrorFrame))
        assert call.said[-1] == FIRST


@pytest.mark.looptime
async def test_settings_change_in_the_middle_of_a_call() -> None:
    async with calling(EspeakTTSService(settings=EspeakTTSSettings(rate_wpm=300))) as call:
        await call.say(FIRST)
        await asyncio.sleep(10)
        fast_secs = call.heard_secs

        slow = TTSUpdateSettingsFrame(delta=EspeakTTSSettings(rate_wpm=120, voice="en"))
        await call.worker.queue_frame(slow)
        await call.say(FIRST)
        await asyncio.sleep(10)

        slow_secs = call.heard_secs - 10
        assert slow_secs > 1.5 * fast_secs


@pytest.mark.looptime
async def test_a_bad_setting_in_the_middle_of_a_call_leaves_the_voice_as_it_was() -> None:
    async with calling(EspeakTTSService()) as call:
        await call.worker.queue_frame(
            TTSUpdateSettingsFrame(delta=EspeakTTSSettings(voice="xx-none", rate_wpm=100))
        )
        await call.say(FIRST)
        await asyncio.sleep(10)

        assert any(
            "unknown eSpeak voice 'xx-none'" in frame.error for frame in call.of_type(ErrorFrame)
        )
        assert call.said == [FIRST]
        assert call.heard_secs > 2


def test_a_bad_setting_fails_when_the_service_is_made() -> None:
    with pytest.raises(ValueError, match="unknown eSpeak voice 'xx'"):
        EspeakTTSService(settings=EspeakTTSSettings(voice="xx"))
