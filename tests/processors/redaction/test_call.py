"""A whole call: a card number, its code and an address over several turns, and no trace of them.

Everything that the process writes is searched for any four digits in a row of them: logs at TRACE,
RTVI messages, the transcript, what the LLM was sent, what tools were reported, and the recording,
whose "audio" here is the spoken text itself.
"""

import asyncio
import io
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from loguru import logger
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    FunctionCallFromLLM,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputTransportMessageUrgentFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams, LLMService
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.redaction import (
    PIIRedactor,
    Policy,
    RedactingRecorder,
    RedactingRTVIProcessor,
    guard_logs,
)

CARD, CVV, MAIL = "4539148803436467", "917", "jo.doe@example.org"
# What the caller says, and what the model answers.
TALK = [
    ("hello i would like to pay please", ["Sure", ".", " What", " is your", " card number?"]),
    ("it's four five three nine", []),
    ("um fourteen double eight oh three forty three", []),
    ("sixty four sixty seven", ["Thanks", ". And the", " security code", " on the back?"]),
    ("nine one seven", ["And what", " is your", " e-mail", " address?"]),
    ("jo dot doe at example dot org", ["tool"]),
    ("yes that is all", ["Goodbye", "!"]),
]
SILENT_SECS = 6
SECRETS = ("four five", "double eight", "forty three", "sixty four", "nine one seven", "example")


class Stt(STTService):
    """Hears the words that the audio is made of."""

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        text = audio.decode().strip(" \0")
        if not text:
            return
        logger.debug(f"Transcription: [{text}]")
        half = text[: len(text) // 2]
        yield InterimTranscriptionFrame(text=half, user_id="u", timestamp="t", result=half)
        yield TranscriptionFrame(text=text, user_id="u", timestamp="t", result={"raw": text})


class Llm(LLMService):
    """Answers from the script; keeps what a server would have been sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.replies = [reply for _, reply in TALK]

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        messages: list[Any] = list(frame.context.get_messages())
        self.sent.append(json.dumps(messages, default=str))
        if not self.replies or messages[-1].get("role") == "tool":
            return
        reply = self.replies.pop(0)
        if reply == ["tool"]:
            words = " ".join(str(m.get("content")) for m in messages).replace(".", " ").split()
            card = next(w for w in words if w.startswith("<CARD"))
            call = FunctionCallFromLLM("charge", "1", {"card": card}, frame.context)
            await self.run_function_calls([call])
            return
        await self.push_frame(LLMFullResponseStartFrame())
        for token in reply:
            await self.push_frame(LLMTextFrame(token))
        await self.push_frame(LLMFullResponseEndFrame())


class Tts(TTSService):
    """Speaks silence."""

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        yield TTSAudioRawFrame(bytes(320), 16000, 1, context_id=context_id)


class Client(FrameProcessor):
    """Keeps the messages that would go to the client."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, OutputTransportMessageUrgentFrame):
            self.messages.append(json.dumps(frame.message, default=str))
        await self.push_frame(frame, direction)


def traces(text: str) -> list[str]:
    """Any four digits in a row of the card or the code, and any of the words they were said in."""
    digits = [CARD[i : i + 4] for i in range(len(CARD) - 3)] + [CVV]
    plain = text.lower()
    return [s for s in (*digits, *SECRETS, MAIL) if s in plain]


@pytest.mark.virtual_time
async def test_nothing_that_the_process_writes_holds_the_card_the_code_or_the_address(
    no_guard: None,
) -> None:
    log = io.StringIO()
    sink = logger.add(log, level="TRACE", diagnose=True, format="{name} {message} {extra}")
    guard_logs()
    policy = Policy(default="redact", tools={"charge": ["CREDIT_CARD"]})
    stt = Stt(settings=STTSettings(model="m", language=None))
    llm, client = Llm(), Client()
    first = PIIRedactor(policy=policy)
    recorder = RedactingRecorder(sample_rate=16000, consent=True, auto_start_recording=True)
    charged: list[Any] = []
    recording: list[bytes] = []
    transcript: list[str] = []

    @first.tool
    async def charge(params: FunctionCallParams) -> None:
        charged.append(params.arguments["card"])
        await params.result_callback({"receipt": f"card {CARD} cvv {CVV} sent to {MAIL}"})

    @recorder.event_handler("on_track_audio_data")
    async def on_track(_: Any, user: bytes, bot: bytes, rate: int, channels: int) -> None:
        recording.append(user)

    llm.register_function("charge", charge)
    pair = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(user_turn_strategies=ExternalUserTurnStrategies()),
    )

    @pair.user().event_handler("on_user_turn_stopped")
    async def on_user_turn_stopped(_: Any, strategy: Any, message: Any) -> None:
        transcript.append(message.content)

    worker = PipelineWorker(
        Pipeline(
            [
                stt,
                first,
                pair.user(),
                llm,
                PIIRedactor(),
                Tts(settings=TTSSettings(model="m", voice="v", language=None)),
                PIIRedactor(),
                client,
                recorder,
                pair.assistant(),
            ]
        ),
        rtvi_processor=RedactingRTVIProcessor(),
        cancel_on_idle_timeout=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    assert first.check(worker) == []

    async def talk() -> None:
        for said, _ in TALK:
            await asyncio.sleep(1)
            await worker.queue_frame(UserStartedSpeakingFrame())
            await asyncio.sleep(1)
            audio = (said + " " * (len(said) % 2)).encode()
            await worker.queue_frame(InputAudioRawFrame(audio, 16000, 1))
            await asyncio.sleep(1)
            await worker.queue_frame(UserStoppedSpeakingFrame())
            await asyncio.sleep(1)
            # What was said long before is no part of what is told now.
            await worker.queue_frame(InputAudioRawFrame(bytes(2 * 16000 * SILENT_SECS), 16000, 1))
        await worker.queue_frame(EndFrame())

    try:
        await asyncio.gather(runner.run(), talk())
    finally:
        logger.remove(sink)

    sent = "".join(llm.sent)
    messages = "".join(client.messages)
    assert charged == [CARD]
    assert "hello i would like to pay please" in sent
    assert "hello i would like to pay please" in messages
    assert "Goodbye!" in messages.replace('", "', "")
    assert b"hello" in b"".join(recording)
    assert "yes that is all" in " ".join(transcript)
    assert len(log.getvalue()) > 10_000
    for written in (
        sent,
        messages,
        " ".join(transcript),
        log.getvalue(),
        b"".join(recording).decode("latin-1"),
        repr(first.vault) + repr(first.core),
    ):
        assert traces(written) == []
