"""What an RTVI client is told of a call in which a redactor stands after the STT and the LLM."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from antiphon.processors.redaction import PIIRedactor, RedactingRTVIProcessor
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    FunctionCallFromLLM,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterimTranscriptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputTransportMessageUrgentFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.processors.frameworks.rtvi import (
    RTVIFunctionCallReportLevel,
    RTVIObserverParams,
    RTVIProcessor,
)
from pipecat.services.llm_service import FunctionCallParams, LLMService
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.workers.runner import WorkerRunner

pytestmark = pytest.mark.looptime

CARD = "4539148803436467"


class Stt(STTService):
    """Hears the words that the audio is made of, first half of them, then all."""

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        text = audio.decode().strip()
        half = " ".join(text.split()[:2])
        yield InterimTranscriptionFrame(text=half, user_id="u", timestamp="t")
        yield TranscriptionFrame(text=text, user_id="u", timestamp="t")


class Llm(LLMService):
    """Says again what it heard, word by word, and hands it to a tool."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, TranscriptionFrame):
            await self.push_frame(frame, direction)
            return
        await self.start_processing_metrics()
        await self.push_frame(LLMFullResponseStartFrame())
        for word in frame.text.split():
            await self.push_frame(LLMTextFrame(f"{word} "))
        await self.push_frame(LLMFullResponseEndFrame())
        await self.stop_processing_metrics()
        said = f"{frame.text} {CARD if 'card' in frame.text else ''}"
        call = FunctionCallFromLLM("note", "1", {"said": said}, LLMContext())
        await self.run_function_calls([call])


class Mouth(FrameProcessor):
    """Keeps the words of an answer to itself, as a TTS service does."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMTextFrame):
            await self.push_frame(frame, direction)


class Client(FrameProcessor):
    """Keeps the messages that would go to the client."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, Any]] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, OutputTransportMessageUrgentFrame):
            self.told.append(frame.message)
        await self.push_frame(frame, direction)

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [message["data"] for message in self.told if message["type"] == kind]


async def told_of(
    *frames: Frame, rtvi: RTVIProcessor | None = None, first: PIIRedactor | None = None
) -> Client:
    """What a client is told of a call with a redactor after the STT, the LLM and the TTS."""
    llm, client = Llm(), Client()

    async def note(params: FunctionCallParams) -> None:
        await params.result_callback(params.arguments)

    llm.register_function("note", note)
    worker = PipelineWorker(
        Pipeline(
            [
                Stt(settings=STTSettings(model="m", language=None)),
                DTMFAggregator(),
                first or PIIRedactor(),
                llm,
                PIIRedactor(),
                Mouth(),
                PIIRedactor(),
                client,
            ]
        ),
        params=PipelineParams(enable_metrics=True),
        rtvi_processor=rtvi or RedactingRTVIProcessor(),
        rtvi_observer_params=RTVIObserverParams(
            function_call_report_level={"*": RTVIFunctionCallReportLevel.FULL}
        ),
        cancel_on_idle_timeout=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    async def call() -> None:
        for frame in frames:
            await asyncio.sleep(1)
            await worker.queue_frame(frame)
        await asyncio.sleep(3)
        await worker.queue_frame(EndFrame())

    await asyncio.gather(runner.run(), call())
    return client


def says(text: str) -> InputAudioRawFrame:
    return InputAudioRawFrame((text + " " * (len(text) % 2)).encode(), 16000, 1)


async def test_a_client_reads_every_word_that_is_not_personal() -> None:
    client = await told_of(says("what are your opening hours"))
    heard = [(said["text"], said["final"]) for said in client.all("user-transcription")]
    assert heard == [("what are", False), ("what are your opening hours", True)]
    assert "".join(m["text"] for m in client.all("bot-llm-text")).split() == heard[1][0].split()


async def test_a_client_is_told_all_that_pipecat_tells_of_a_call() -> None:
    guarded = await told_of(says("what are your opening hours"))
    plain = await told_of(says("what are your opening hours"), rtvi=RTVIProcessor())

    def kinds(client: Client) -> list[str]:
        # A stream redactor gives several tokens in one.
        return sorted(m["type"] for m in client.told if m["type"] != "bot-llm-text")

    assert {"bot-llm-started", "llm-function-call-stopped", "metrics"} <= set(kinds(guarded))
    assert kinds(guarded) == kinds(plain)


async def test_an_answer_is_told_between_its_start_and_its_end() -> None:
    client = await told_of(says("hello there"))
    kinds = [m["type"] for m in client.told if m["type"].startswith("bot-llm")]
    assert kinds[0] == "bot-llm-started"
    assert kinds[-1] == "bot-llm-stopped"


async def test_a_card_number_reaches_no_client_by_voice_keypad_or_tool() -> None:
    keys = [InputDTMFFrame(button=KeypadEntry(key)) for key in CARD]
    client = await told_of(says(f"my card is {CARD}"), *keys)
    heard = [said["text"] for said in client.all("user-transcription") if said["final"]]
    assert heard[0] == "my card is <CREDIT_CARD>"
    assert len(heard) == 2
    (call, *_) = client.all("llm-function-call-in-progress")
    assert call["arguments"] == {"said": "my card is <CREDIT_CARD> <CREDIT_CARD>"}
    everything = json.dumps(client.told)
    assert not [i for i in range(len(CARD) - 3) if CARD[i : i + 4] in everything]


async def test_what_the_redactor_drops_is_not_told() -> None:
    client = await told_of(says("what are your opening hours"), first=PIIRedactor(interims="drop"))
    heard = [said["final"] for said in client.all("user-transcription")]
    assert heard == [True]
