"""What an RTVI client is told of a call in which a redactor stands after the STT and the LLM."""

import asyncio
import copy
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Any

import pytest
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    AggregatedTextFrame,
    AggregatedTextProgressFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EndFrame,
    ErrorFrame,
    ExternalFunctionCallResultFrame,
    Frame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InputTransportMessageFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMarkerResponseFrame,
    LLMTextFrame,
    OutputTransportMessageUrgentFrame,
    TranscriptionFrame,
    TTSTextFrame,
    UserBackchannelFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
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
from pipecat.processors.frameworks.rtvi.frames import (
    RTVIClientMessageFrame,
    RTVISendTextFrame,
    RTVIServerMessageFrame,
    RTVIServerResponseFrame,
    RTVIUICommandFrame,
    RTVIUIJobGroupFrame,
)
from pipecat.processors.frameworks.rtvi.models import UIJobUpdateData
from pipecat.services.llm_service import FunctionCallParams, LLMService
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.utils.text.base_text_aggregator import TextType
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.redaction import PIIRedactor, RedactingRTVIProcessor
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

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


SAID = "hello, my name is Dana Okafor, card 4539 1488 0343 6467, thanks"
SECRETS = ("Dana", "Okafor", "4539", "1488", "0343", "6467")


def words(text: str, made: Callable[[str], Frame]) -> list[Frame]:
    return [made(word) for word in text.split()]


def written(word: str) -> Frame:
    return LLMTextFrame(f"{word} ")


def spoken(word: str) -> Frame:
    return TTSTextFrame(word, TextType.WORD)


def progress(said: str) -> Frame:
    rest = SAID[len(said) :].strip()
    return AggregatedTextProgressFrame(
        segment_id=7,
        context_id="c",
        text=SAID,
        text_type=TextType.SENTENCE,
        accumulated_text=said,
        remaining_text=rest,
    )


def called(kind: type[Frame], **more: Any) -> Frame:
    return kind(function_name="note", tool_call_id="id-4539", arguments={"said": SAID}, **more)  # type: ignore[call-arg]


CLIENT = RTVIClientMessageFrame(msg_id="1", type="ask")
# What a client is told, by whom it was said, and the frames.
TOLD: dict[str, Sequence[Frame]] = {
    "user-transcription": [TranscriptionFrame(SAID, "u", "t")],
    "user-input": [RTVISendTextFrame(msg_id="1", text=SAID)],
    "stt-raw-text": [TranscriptionFrame(SAID, "u", "t")],
    "interim": [InterimTranscriptionFrame(SAID, "u", "t")],
    "backchannel": [UserBackchannelFrame(SAID, "u", "t")],
    "user-llm-text": [LLMContextFrame(LLMContext([{"role": "user", "content": SAID}]))],
    "bot-llm-text": [*words(SAID, written), LLMFullResponseEndFrame()],
    "llm-raw-text": [*words(SAID, written), InterruptionFrame()],
    "bot-transcription": [*words(f"{SAID}.", written), LLMFullResponseEndFrame()],
    "bot-llm-marker": [LLMMarkerResponseFrame(marker="ok", kind="k", raw=SAID, markers=["ok"])],
    "bot-output": [AggregatedTextFrame(SAID, TextType.SENTENCE)],
    "spoken whole": [TTSTextFrame(SAID, TextType.SENTENCE)],
    "bot-tts-text": words(SAID, spoken),
    "tts-raw-text": [*words(SAID, spoken), InterruptionFrame()],
    "progress": [progress(SAID[:end]) for end in range(0, len(SAID) + 1, 7)],
    "llm-function-call-in-progress": [called(FunctionCallInProgressFrame)],
    "llm-function-call-stopped": [called(FunctionCallResultFrame, result=[SAID])],
    "external": [called(ExternalFunctionCallResultFrame, result={"said": SAID})],
    "server-message": [RTVIServerMessageFrame(data={"said": SAID})],
    "server-response": [RTVIServerResponseFrame(client_msg=CLIENT, data=[SAID])],
    "error-response": [RTVIServerResponseFrame(client_msg=CLIENT, error=SAID)],
    "ui-command": [RTVIUICommandFrame(command="toast", payload={"title": SAID})],
    "ui-job-group": [
        RTVIUIJobGroupFrame(data=UIJobUpdateData(job_id="j", worker_name="w", data=SAID))
    ],
    "error": [ErrorFrame(SAID)],
}


class Mention(FrameProcessor):
    """Says what it is given, and errors upstream."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        up = isinstance(frame, ErrorFrame)
        await self.push_frame(frame, FrameDirection.UPSTREAM if up else direction)


async def told(
    *frames: Frame, rtvi: RTVIProcessor, skip: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The messages to a client that wants to know everything."""
    messages: list[dict[str, Any]] = []

    class Line(BaseObserver):
        async def on_push_frame(self, data: FramePushed) -> None:
            if isinstance(data.frame, OutputTransportMessageUrgentFrame) and data.first_push:
                messages.append(data.frame.message)

    ready = {"label": "rtvi-ai", "type": "client-ready", "id": "1", "data": {"version": "2.2.0"}}
    worker = PipelineWorker(
        Pipeline([Mention(), MemoryTransport().output()]),
        rtvi_processor=rtvi,
        observers=[Line()],
        rtvi_observer_params=RTVIObserverParams(
            bot_llm_marker_enabled=True,
            skip_text_types=list(skip),
            stt_raw_text_enabled=True,
            llm_raw_text_enabled=True,
            tts_raw_text_enabled=True,
            function_call_report_level={"*": RTVIFunctionCallReportLevel.FULL},
        ),
        cancel_on_idle_timeout=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    async def call() -> None:
        await worker.queue_frame(InputTransportMessageFrame(message=ready))
        for frame in (BotStartedSpeakingFrame(), *frames, BotStoppedSpeakingFrame(), EndFrame()):
            await asyncio.sleep(0.1)
            await worker.queue_frame(copy.deepcopy(frame))

    await asyncio.gather(runner.run(), call())
    return messages


@pytest.mark.parametrize("kind", TOLD)
async def test_a_client_is_told_the_words_and_nothing_personal(kind: str) -> None:
    plain = await told(*TOLD[kind], rtvi=RTVIProcessor())
    messages = await told(*TOLD[kind], rtvi=RedactingRTVIProcessor())
    assert any(secret in json.dumps(plain) for secret in SECRETS)
    if kind in {message["type"] for message in plain}:
        messages = [message for message in messages if message["type"] == kind]
    everything = json.dumps(messages)
    assert "hello," in everything
    assert "thanks" in everything
    assert not [secret for secret in SECRETS if secret in everything.replace("id-4539", "")]


async def test_progress_hides_what_is_being_said_until_it_has_been() -> None:
    messages = await told(*TOLD["progress"], rtvi=RedactingRTVIProcessor())
    parts = [m["data"]["spoken_progress"] for m in messages if m["type"] == "bot-output"]
    whole = "hello, my name is <PERSON>, card <CREDIT_CARD>, thanks"
    for part in parts:
        joined = part["accumulated_text"] + part["remaining_text"]
        assert joined.replace(" ", "") == whole.replace(" ", "")


async def test_a_client_still_knows_a_tool_call_by_its_id() -> None:
    (message,) = [
        m
        for m in await told(*TOLD["llm-function-call-in-progress"], rtvi=RedactingRTVIProcessor())
        if m["type"] == "llm-function-call-in-progress"
    ]
    assert message["data"]["tool_call_id"] == "id-4539"
    assert message["data"]["function_name"] == "note"


async def test_what_is_told_of_a_call_many_times_a_second_is_looked_at_once() -> None:
    looked: list[str] = []

    def look(view: View) -> Iterator[Entity]:
        looked.append(view.text)
        yield from ()

    message = RTVIServerMessageFrame(data={"level": "a quarter", "card": "4539 1488 0343 6467"})
    client = await told_of(message, first=PIIRedactor(detectors=[look]))

    assert "CREDIT_CARD" in str(client.told)
    # The application's frame, and not the message that is made of it.
    assert sum("quarter" in text for text in looked) == 1


async def test_words_of_a_cut_reply_are_told_but_for_a_number_that_was_growing() -> None:
    frames = [*words("the code is 45 39", spoken), InterruptionFrame()]
    messages = await told(*frames, rtvi=RedactingRTVIProcessor())
    texts = [m["data"]["text"] for m in messages if m["type"] == "bot-tts-text"]
    assert " ".join(texts) == "the code is *"


async def test_text_of_a_kind_that_a_client_may_not_see_is_told_with_no_other() -> None:
    secret = AggregatedTextFrame("code word", "hidden")
    secret.will_be_spoken = True
    frames: list[Frame] = [secret]
    for word in ("code", "word"):
        frames.append(TTSTextFrame(word, TextType.WORD, segment_id=secret.id))
    frames += words("and hello", spoken)
    rtvi = RedactingRTVIProcessor()
    messages = await told(*frames, rtvi=rtvi, skip=["hidden"])
    texts = [m["data"]["text"] for m in messages if m["type"] == "bot-tts-text"]
    assert " ".join(texts) == "and hello"
