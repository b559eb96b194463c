"""One real request through a service, and how long its first byte took."""

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import Sequence
from typing import Any

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    LLMContextFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline.providers.kinds import ServiceKind
from antiphon.pipeline.worker import CallWorker

__all__ = ["ServiceFailed", "time_to_first_byte"]

FRAME_SECS = 0.02
FIRST_BYTES: dict[ServiceKind, tuple[type[Frame], ...]] = {
    ServiceKind.STT: (InterimTranscriptionFrame, TranscriptionFrame),
    ServiceKind.LLM: (LLMTextFrame,),
    ServiceKind.TTS: (TTSAudioRawFrame,),
}


class ServiceFailed(RuntimeError):
    """A service answered a request with an error, or not at all."""


async def time_to_first_byte(
    kind: ServiceKind,
    service: FrameProcessor,
    *,
    speech: bytes = b"",
    speech_rate_hz: int = 16000,
    timeout_secs: float = 15.0,
) -> float:
    """Send one request and wait for the first of its answer.

    Args:
        kind: What the service does, and so what is asked of it.
        service: The Pipecat service, not used before.
        speech: For STT, 16-bit mono speech; sent in real time.
        speech_rate_hz: Samples per second of `speech`.
        timeout_secs: Seconds to wait for the answer.

    Returns:
        Seconds from the request (for STT, from the first of the speech) to the first text or audio.

    Raises:
        ServiceFailed: If the service reported an error, or nothing came in time.
    """
    answer = _FirstOf(FIRST_BYTES[kind])
    worker = CallWorker(
        Pipeline([service, answer]), enable_rtvi=False, idle_timeout_secs=None, end_deadline_secs=5
    )
    loop = asyncio.get_running_loop()

    started = asyncio.Event()
    start_of_pipeline = asyncio.create_task(started.wait())

    async def fail(_: CallWorker, frame: ErrorFrame) -> None:
        answer.fail(frame.error)

    async def start(*_: object) -> None:
        started.set()

    worker.add_event_handler("on_pipeline_error", fail)
    worker.add_event_handler("on_pipeline_started", start)

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    run = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(timeout_secs):
            # Some vendors' services say that they cannot connect, and start minutes later.
            waiting: list[asyncio.Future[Any]] = [start_of_pipeline, answer.came]
            await asyncio.wait(waiting, return_when=FIRST_COMPLETED)
            asked_at = loop.time()
            for frame in _request(kind, speech, speech_rate_hz):
                if answer.came.done():
                    break
                await worker.queue_frame(frame)
                if isinstance(frame, InputAudioRawFrame):
                    await asyncio.sleep(FRAME_SECS)
            await answer.came
            return answer.at_secs - asked_at
    except TimeoutError:
        raise ServiceFailed(f"no answer within {timeout_secs:g} s") from None
    finally:
        start_of_pipeline.cancel()
        await runner.cancel()
        await run


def _request(kind: ServiceKind, speech: bytes, speech_rate_hz: int) -> Sequence[Frame]:
    if kind is ServiceKind.LLM:
        context = LLMContext(messages=[{"role": "user", "content": "Say hello."}])
        return [LLMContextFrame(context=context)]
    if kind is ServiceKind.TTS:
        return [TTSSpeakFrame("Hello.")]
    step = int(speech_rate_hz * FRAME_SECS) * 2
    return [
        VADUserStartedSpeakingFrame(),
        *(
            InputAudioRawFrame(
                audio=speech[start : start + step], sample_rate=speech_rate_hz, num_channels=1
            )
            for start in range(0, len(speech), step)
        ),
        VADUserStoppedSpeakingFrame(),
    ]


class _FirstOf(FrameProcessor):
    """Notes when the first frame of some kind came by."""

    def __init__(self, kinds: tuple[type[Frame], ...]) -> None:
        super().__init__()
        self.came: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.at_secs = 0.0
        self._kinds = kinds

    def fail(self, reason: str) -> None:
        """Stop waiting: the service said that it failed."""
        if not self.came.done():
            self.came.set_exception(ServiceFailed(" ".join(reason.split())))

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note the first, forward all."""
        await super().process_frame(frame, direction)
        if isinstance(frame, self._kinds) and not self.came.done():
            self.at_secs = asyncio.get_running_loop().time()
            self.came.set_result(None)
        await self.push_frame(frame, direction)
