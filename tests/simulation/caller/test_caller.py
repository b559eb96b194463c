"""A caller and a recorder on a real pipeline, in virtual time, with tones for voices."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pipecat.frames.frames import (
    ClientConnectedFrame,
    Frame,
    InputAudioRawFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from antiphon.core.wav import Samples, read_wav
from antiphon.simulation.audio import SAMPLE_RATE_HZ, level_dbfs
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, EspeakVoice, HangUp, Say
from antiphon.simulation.caller.script import Step
from antiphon.simulation.recording import CallRecord, CallRecorder, StereoRecording
from antiphon.simulation.recording.wav import AGENT, CALLER
from antiphon.transports.memory import MemoryTransport

pytestmark = pytest.mark.virtual_time

ANSWER_AFTER_FRAMES = 25
"""Of 20 ms: the agent answers half a second of silence."""


class ToneVoice:
    """Says every line as a tone of 100 ms a letter."""

    async def speak(self, text: str) -> Samples:
        return tone(len(text) / 10, 300)


def tone(secs: float, hz: int) -> Samples:
    times = np.arange(round(secs * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (np.sin(times * 2 * np.pi * hz) * 9000).astype(np.int16)


class ToneAgent(FrameProcessor):
    """Greets for one second, and answers for two; talked over, it stops."""

    def __init__(self, *, answers: bool = True) -> None:
        super().__init__()
        self._answers = answers
        self._heard = False
        self._silent_frames = 0
        self._loud_frames = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, ClientConnectedFrame):
            await self._speak(1.0)
        if isinstance(frame, InputAudioRawFrame):
            loud = level_dbfs(np.frombuffer(frame.audio, np.int16)) > -40
            self._loud_frames = self._loud_frames + 1 if loud else 0
            self._silent_frames = 0 if loud else self._silent_frames + 1
            if self._loud_frames == 10:
                self._heard = True
                await self.broadcast_interruption()
            if self._heard and self._silent_frames == ANSWER_AFTER_FRAMES:
                self._heard = False
                await self._speak(2.0)
            return
        await self.push_frame(frame, direction)

    async def _speak(self, secs: float) -> None:
        if self._answers:
            await self.push_frame(TTSAudioRawFrame(tone(secs, 500).tobytes(), SAMPLE_RATE_HZ, 1))


async def make_call(path: Path, script: Sequence[Step], *, answers: bool = True) -> CallRecord:
    transport = MemoryTransport()
    with StereoRecording(path) as wav:
        recorder = CallRecorder(transport, title="tones", wav=wav)
        worker = PipelineWorker(
            Pipeline([transport.input(), ToneAgent(answers=answers), transport.output()]),
            params=PipelineParams(audio_out_sample_rate=SAMPLE_RATE_HZ),
            observers=[*recorder.observers],
            enable_rtvi=False,
            idle_timeout_secs=None,
        )
        caller = Caller(
            transport, script, voice=ToneVoice(), listeners=[recorder], patience_secs=5.0
        )
        await simulate_call(caller, worker)
    return recorder.record()


async def test_the_caller_takes_turns_with_the_agent(tmp_path: Path) -> None:
    record = await make_call(tmp_path / "call.wav", [Say(text="hello you"), Say(text="bye")])

    greeting, hello, bye = record.turns
    assert greeting.agent
    assert hello.caller
    assert hello.agent
    assert bye.caller
    assert bye.agent
    assert hello.caller.start_secs == pytest.approx(greeting.agent.spans[-1][1] + 0.7, abs=0.05)
    assert bye.caller.start_secs == pytest.approx(hello.agent.spans[-1][1] + 0.7, abs=0.05)
    assert hello.agent.seconds == pytest.approx(2.0, abs=0.05)
    assert record.duration_secs == pytest.approx(bye.agent.spans[-1][1] + 0.7, abs=0.05)


async def test_ttfa_is_what_the_caller_feels(tmp_path: Path) -> None:
    record = await make_call(tmp_path / "call.wav", [Say(text="hello you")])

    # 25 frames of silence, of which the last one is sent when it is over.
    assert record.turns[1].ttfa_secs == pytest.approx(0.5, abs=0.005)


async def test_the_caller_talks_over_the_agent(tmp_path: Path) -> None:
    over = Say(text="stop now", after="agent_starts", after_secs=0.6)

    record = await make_call(tmp_path / "call.wav", [Say(text="hello you"), over])

    _, hello, stop = record.turns
    assert hello.agent
    assert stop.barge_in
    assert stop.barge_in.start_secs == pytest.approx(hello.agent.spans[0][0] + 0.6, abs=0.03)
    assert stop.barge_in.interrupted
    # The agent decides after 200 ms; the chunks of 40 ms that are on their way are heard.
    assert 0.19 <= stop.barge_in.stop_secs <= 0.29
    assert hello.agent.seconds == pytest.approx(0.6 + stop.barge_in.stop_secs, abs=0.03)


async def test_what_the_agent_says_to_a_dead_line_is_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    gone = HangUp(after="agent_starts", after_secs=0.5)

    record = await make_call(path, [Say(text="hello you"), gone])

    _, hello = record.turns
    assert hello.agent
    assert hello.agent.seconds == pytest.approx(0.5, abs=0.05)
    assert len(read_wav(path).samples) / SAMPLE_RATE_HZ == pytest.approx(
        record.duration_secs, abs=0.05
    )


async def test_the_caller_goes_on_when_nobody_answers(tmp_path: Path) -> None:
    record = await make_call(
        tmp_path / "call.wav", [Say(text="hello you"), Say(text="bye")], answers=False
    )

    assert [turn.ttfa_secs for turn in record.turns] == [None, None, None]
    assert record.turns[1].caller
    assert record.turns[1].caller.start_secs == pytest.approx(5, abs=0.1)


async def test_the_recording_holds_each_voice_in_its_channel(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    record = await make_call(path, [Say(text="hello you")])

    samples = read_wav(path).samples
    assert record.turns[1].caller
    assert record.turns[1].agent
    for channel, hz, (start, end) in (
        (CALLER, 300, (record.turns[1].caller.start_secs, record.turns[1].caller.end_secs)),
        (AGENT, 500, record.turns[1].agent.spans[0]),
    ):
        part = samples[
            round((start + 0.05) * SAMPLE_RATE_HZ) : round((end - 0.05) * SAMPLE_RATE_HZ), channel
        ]
        spectrum = np.abs(np.fft.rfft(part))
        assert np.argmax(spectrum) * SAMPLE_RATE_HZ / len(part) == pytest.approx(hz, abs=3)
        assert level_dbfs(part) == pytest.approx(level_dbfs(tone(1, hz)), abs=0.5)
    assert len(samples) / SAMPLE_RATE_HZ == pytest.approx(record.duration_secs, abs=0.05)


async def test_a_cancelled_call_leaves_a_record_and_a_valid_recording(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    transport = MemoryTransport()
    hung_up: list[str] = []

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(transport: MemoryTransport, client: str) -> None:
        hung_up.append(client)

    with StereoRecording(path) as wav:
        recorder = CallRecorder(transport, title="tones", wav=wav)
        worker = PipelineWorker(
            Pipeline([transport.input(), ToneAgent(), transport.output()]),
            params=PipelineParams(audio_out_sample_rate=SAMPLE_RATE_HZ),
            observers=[*recorder.observers],
            enable_rtvi=False,
            idle_timeout_secs=None,
        )
        caller = Caller(transport, [Say(text="x" * 99)], voice=ToneVoice(), listeners=[recorder])
        call = asyncio.create_task(simulate_call(caller, worker))
        await asyncio.sleep(4.0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    assert hung_up
    assert worker.has_finished()
    assert recorder.record().duration_secs == pytest.approx(4.0, abs=0.1)
    assert len(read_wav(path).samples) / SAMPLE_RATE_HZ == pytest.approx(4.0, abs=0.1)


async def test_a_caller_counts_in_each_of_nine_languages() -> None:
    samples = [
        len(await EspeakVoice(language=code).speak("1 2 3 4 5 6 7"))
        for code in ("en", "es-MX", "fr", "de", "it", "pt-BR", "hi", "ja", "zh")
    ]
    assert min(samples) > SAMPLE_RATE_HZ
    assert len(set(samples)) > 5
