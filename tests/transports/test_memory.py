"""The memory transport plays at the pace of its clock and keeps what was heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pipecat.frames.frames import (
    ClientConnectedFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InputTransportMessageFrame,
    OutputAudioRawFrame,
    OutputTransportMessageUrgentFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.transports import MemoryTransport, create_transport
from antiphon.transports.memory import PlayedAudio
from antiphon.transports.registry import TransportKind

SECOND = b"\x01\x02" * 16000


class Middle(FrameProcessor):
    """Keeps what came in from the transport."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        await self.push_frame(frame, direction)


@asynccontextmanager
async def running(transport: MemoryTransport) -> AsyncIterator[tuple[PipelineWorker, Middle]]:
    middle = Middle()
    worker = PipelineWorker(
        Pipeline([transport.input(), middle, transport.output()]), enable_rtvi=False
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    run = asyncio.create_task(runner.run())
    try:
        yield worker, middle
    finally:
        await worker.queue_frame(EndFrame())
        await run


def audio_out(pcm: bytes) -> OutputAudioRawFrame:
    return OutputAudioRawFrame(audio=pcm, sample_rate=24000, num_channels=1)


@pytest.mark.looptime
async def test_a_second_of_audio_takes_a_second_to_play_and_comes_out_unchanged() -> None:
    transport = MemoryTransport()
    async with running(transport) as (worker, _):
        await transport.connect()
        pcm = bytes(range(256)) * 187 + b"\x00" * 128  # one second at 24 kHz
        await worker.queue_frame(audio_out(pcm))
        await asyncio.sleep(2.0)
        speech = [chunk for chunk in transport.played if any(chunk.pcm)]
        assert b"".join(chunk.pcm for chunk in speech) == pcm
        assert speech[-1].at_secs - speech[0].at_secs == pytest.approx(0.96)
        assert {chunk.duration_secs for chunk in speech} == {0.04}


class HandClock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.moved = asyncio.Condition()

    def time(self) -> float:
        return self.now

    async def sleep(self, secs: float) -> None:
        due = self.now + secs
        async with self.moved:
            await self.moved.wait_for(lambda: self.now >= due - 1e-9)

    async def move(self, secs: float) -> None:
        async with self.moved:
            self.now += secs
            self.moved.notify_all()


@pytest.mark.looptime
async def test_an_injected_clock_paces_the_output() -> None:
    clock = HandClock()
    transport = MemoryTransport(clock=clock)
    async with running(transport) as (worker, _):
        await transport.connect()
        await worker.queue_frame(audio_out(SECOND[:9600]))  # 200 ms: five chunks
        await asyncio.sleep(0.1)
        assert [chunk.at_secs for chunk in transport.played] == [100.0]
        for _step in range(4):
            await clock.move(0.04)
            await asyncio.sleep(0.1)
        assert [round(chunk.at_secs, 2) for chunk in transport.played] == [
            100.0, 100.04, 100.08, 100.12, 100.16,
        ]  # fmt: skip
        await clock.move(60)


@pytest.mark.looptime
async def test_audio_in_arrives_in_frames_of_20_ms_and_half_a_sample_is_refused() -> None:
    transport = MemoryTransport()
    async with running(transport) as (_, middle):
        await transport.connect()
        await transport.send_audio(SECOND[:1400], sample_rate_hz=16000)
        await asyncio.sleep(0.1)
        audio = [f.audio for f in middle.frames if isinstance(f, InputAudioRawFrame)]
        assert [len(pcm) for pcm in audio] == [640, 640, 120]
        assert b"".join(audio) == SECOND[:1400]
        with pytest.raises(ValueError, match="3 bytes"):
            await transport.send_audio(b"abc")


@pytest.mark.looptime
async def test_connection_and_messages_reach_handlers_and_the_pipeline() -> None:
    transport = MemoryTransport()
    told: list[tuple[object, ...]] = []
    for event in ("on_client_connected", "on_client_disconnected", "on_app_message"):

        async def handler(_: MemoryTransport, *arguments: object, event: str = event) -> None:
            told.append((event, *arguments))

        transport.add_event_handler(event, handler)
    async with running(transport) as (worker, middle):
        await transport.connect("ada")
        await transport.send_message({"type": "hello"}, "ada")
        await worker.queue_frame(OutputTransportMessageUrgentFrame(message={"type": "hi"}))
        await asyncio.sleep(0.1)
        await transport.disconnect("ada")
        await asyncio.sleep(0.1)
        assert told == [
            ("on_client_connected", "ada"),
            ("on_app_message", {"type": "hello"}, "ada"),
            ("on_client_disconnected", "ada"),
        ]
        assert transport.messages == ({"type": "hi"},)
        kinds = {type(frame) for frame in middle.frames}
        assert {ClientConnectedFrame, InputTransportMessageFrame} <= kinds


@pytest.mark.looptime
async def test_only_the_last_seconds_are_kept_while_every_chunk_is_told() -> None:
    transport = MemoryTransport(keep_secs=0.2)
    told: list[PlayedAudio] = []

    @transport.event_handler("on_audio_played")
    async def on_audio_played(_: MemoryTransport, chunk: PlayedAudio) -> None:
        told.append(chunk)

    async with running(transport) as (worker, _):
        await transport.connect()
        await worker.queue_frame(audio_out(SECOND))
        await asyncio.sleep(0.9)
        assert 0.1 < sum(chunk.duration_secs for chunk in transport.played) <= 0.2
        assert sum(chunk.duration_secs for chunk in told) > 0.6


def test_create_transport_makes_a_kind_by_name() -> None:
    transport = create_transport("memory", keep_secs=1.0)
    assert isinstance(transport, MemoryTransport)


def test_an_unknown_kind_is_answered_with_the_kinds_there_are() -> None:
    with pytest.raises(ValueError, match=r"unknown transport 'telegraph': choose one of .*memory"):
        create_transport("telegraph")


def test_a_kind_whose_extra_is_missing_is_answered_with_the_install_line() -> None:
    kinds = {"daily": TransportKind(target="no_such_sdk.transport:Daily", extra="daily")}
    with pytest.raises(ImportError, match=r"pip install 'antiphon\[daily\]'"):
        create_transport("daily", kinds=kinds)


@pytest.mark.virtual_time
async def test_who_connects_to_what_nobody_runs_is_told_so_and_does_not_wait_for_ever() -> None:
    with pytest.raises(TimeoutError, match="has started within 30 s: what was to run it has fail"):
        await MemoryTransport().connect()
