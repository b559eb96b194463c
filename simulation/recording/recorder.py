"""Records a call: the audio as heard, and why the agent took its time."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pipecat.frames.frames import (
    AggregatedTextFrame,
    FunctionCallInProgressFrame,
    InterruptionFrame,
    TranscriptionFrame,
    TTSTextFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.observers.function_call_observer import (
    FunctionCallEvent,
    FunctionCallEventKind,
    FunctionCallObserver,
)
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregator,
    LLMUserAggregator,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport

from antiphon.core.wav import Samples
from antiphon.processors.interruption.model_speech import ModelSpeech, SpokenTextFrame
from antiphon.processors.latency import LatencyObserver, TurnLatency
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.simulation.audio import SAMPLE_RATE_HZ, SpeechActivity, level_dbfs
from antiphon.simulation.caller.caller import FarEnd, SpokenLine
from antiphon.simulation.private_files import write_file
from antiphon.simulation.recording.assembly import assemble
from antiphon.simulation.recording.log import CallLog, HeardWord, Segment, Transcript, Wait
from antiphon.simulation.recording.record import CallRecord, Contribution, ToolCall, Waveform
from antiphon.simulation.recording.wav import AGENT, CALLER, StereoRecording
from antiphon.transports.memory import PlayedAudio

__all__ = ["CallRecorder", "transcript_lines", "write_transcript"]

STEP_SECS = 0.02

OUTCOMES = {
    FunctionCallEventKind.COMPLETED: "completed",
    FunctionCallEventKind.FAILED: "failed",
    FunctionCallEventKind.TIMED_OUT: "timed_out",
    FunctionCallEventKind.CANCELLED: "cancelled",
}


class CallRecorder:
    """Listens at both ends: to the caller, to the transport, and to the agent's pipeline.

    Example::

        with StereoRecording(path) as wav:
            recorder = CallRecorder(transport, title="opening hours", wav=wav)
            worker = agent.worker(transport, observers=[*recorder.observers])
            await simulate_call(Caller(transport, script, listeners=[recorder]), worker)
        record = recorder.record()
    """

    def __init__(
        self, transport: FarEnd, *, title: str, wav: StereoRecording | None = None
    ) -> None:
        """Listen to the transport.

        Args:
            transport: Where the agent's audio is heard.
            title: What to call the call.
            wav: Where the audio goes; None records no audio.
        """
        self._log = CallLog(title=title)
        self._wav = wav
        self._agent = SpeechActivity()
        self._peaks: tuple[list[float], list[float]] = ([], [])
        self._levels: list[tuple[float, float]] = [(0.0, -96.0), (0.0, -96.0)]
        self._live = False
        transport.add_event_handler("on_audio_played", self._agent_audio)

    @property
    def observers(self) -> Sequence[BaseObserver]:
        """The observers to add to the agent's worker; made once, for its event loop."""
        latency = LatencyObserver(process=LatencyStats())
        latency.add_event_handler("on_turn", self._waited)
        tools = FunctionCallObserver(time_source=asyncio.get_running_loop().time)
        tools.add_event_handler("on_function_call_event", self._tool)
        return (latency, tools, _TextObserver(self._log))

    def record(self) -> CallRecord:
        """Return the record of the call so far."""
        self._log.agent_spans = tuple(self._agent.spans)
        self._log.waveform = Waveform(
            step_secs=STEP_SECS, caller=tuple(self._peaks[CALLER]), agent=tuple(self._peaks[AGENT])
        )
        return assemble(self._log)

    def levels_dbfs(self, now_secs: float) -> tuple[float, float]:
        """Return how loud the caller and the agent are at this moment."""
        caller, agent = (level if now_secs < until else -96.0 for until, level in self._levels)
        return caller, agent

    def call_started(self, at_secs: float) -> None:
        """Set the start of all times."""
        self._log.start_secs = self._log.end_secs = at_secs
        self._live = True

    def caller_audio(self, at_secs: float, samples: Samples) -> None:
        """Record the caller."""
        self._log.end_secs = at_secs + len(samples) / SAMPLE_RATE_HZ
        self._audio(CALLER, at_secs, samples, SAMPLE_RATE_HZ)

    def line_started(self, line: SpokenLine) -> None:
        """Note a line of the caller."""
        self._log.lines.append(line)

    def call_ended(self, at_secs: float) -> None:
        """End the recording: what the agent still says is not heard."""
        self._live = False

    def agent_gave_way(self, at_secs: float) -> None:
        """Note an interruption of an agent whose pipeline nobody observes."""
        self._log.interruptions.append(at_secs)

    async def _agent_audio(self, transport: FarEnd, chunk: PlayedAudio) -> None:
        if self._live:
            samples = np.frombuffer(chunk.pcm, "<i2")[:: chunk.num_channels]
            self._agent.feed(chunk.at_secs, samples, chunk.sample_rate_hz)
            self._audio(AGENT, chunk.at_secs, samples, chunk.sample_rate_hz)

    def _audio(self, channel: int, at_secs: float, samples: Samples, rate_hz: int) -> None:
        at_secs -= self._log.start_secs
        peaks = self._peaks[channel]
        first = max(0, int(at_secs / STEP_SECS))
        step = round(rate_hz * STEP_SECS)
        peaks.extend([0.0] * (first - len(peaks)))
        for index, start in enumerate(range(0, len(samples), step), start=first):
            peak = float(np.max(np.abs(samples[start : start + step].astype(np.int32)))) / 32768
            if index < len(peaks):
                peaks[index] = max(peaks[index], round(peak, 3))
            else:
                peaks.append(round(peak, 3))
        until_secs = at_secs + self._log.start_secs + len(samples) / rate_hz
        self._levels[channel] = (until_secs + STEP_SECS, level_dbfs(samples))
        if self._wav:
            self._wav.add(channel, at_secs, samples, rate_hz)

    async def _waited(self, observer: LatencyObserver, turn: TurnLatency) -> None:
        if turn.started_at is None or turn.total_secs is None:
            return
        # The loop's clock and the pipeline's run beside each other.
        silent_secs = turn.started_at + asyncio.get_running_loop().time() - observer.now()
        self._log.waits.append(
            Wait(
                answered_secs=silent_secs + turn.total_secs,
                node=turn.node,
                contributions=[
                    Contribution(
                        key=stage.name,
                        label=stage.name.replace("_", " "),
                        owner=stage.owner,
                        start_secs=silent_secs + stage.start_secs,
                        duration_secs=stage.secs,
                    )
                    for stage in turn.stages
                ],
            )
        )

    async def _tool(self, observer: BaseObserver, event: FunctionCallEvent) -> None:
        calls = self._log.tool_calls
        call = calls.get(event.tool_call_id)
        if call and call.outcome != "running":
            # A call that is cancelled early is settled by a result besides.
            return
        if event.kind in (FunctionCallEventKind.STARTED, FunctionCallEventKind.IN_PROGRESS):
            calls[event.tool_call_id] = ToolCall(
                name=event.function_name,
                # As the model has called it, which may be what the call's record is not to have.
                arguments={},
                start_secs=event.timestamp,
            )
        elif call:
            calls[event.tool_call_id] = call.model_copy(
                update={"end_secs": event.timestamp, "outcome": OUTCOMES[event.kind]}
            )


class _TextObserver(BaseObserver):
    """Notes the texts: as the agent understood the caller, and as the caller heard the agent."""

    def __init__(self, log: CallLog) -> None:
        super().__init__()
        self._log = log

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        at_secs = asyncio.get_running_loop().time()
        if isinstance(frame, TranscriptionFrame):
            # As it enters the conversation: behind whatever redacts or corrects it.
            if isinstance(data.destination, LLMUserAggregator):
                self._log.transcripts.append(Transcript(at_secs=at_secs, text=frame.text))
        elif isinstance(frame, SpokenTextFrame) and isinstance(data.source, ModelSpeech):
            self._grow(frame, at_secs)
        elif isinstance(frame, TTSTextFrame):
            # What leaves the output has been played; what an interruption cut never leaves it.
            if (
                isinstance(data.source, BaseOutputTransport)
                and data.direction == FrameDirection.DOWNSTREAM
            ):
                self._log.heard.append(
                    HeardWord(at_secs=at_secs, text=frame.text, segment_id=frame.segment_id)
                )
        elif isinstance(frame, AggregatedTextFrame):
            # As it leaves the voice: a sentence aggregator pushes the same frame before that.
            if frame.will_be_spoken and isinstance(data.source, TTSService):
                self._log.segments.append(Segment(id=frame.id, at_secs=at_secs, text=frame.text))
        elif isinstance(frame, FunctionCallInProgressFrame):
            if isinstance(data.destination, LLMAssistantAggregator):
                self._log.tool_arguments[frame.tool_call_id] = dict(frame.arguments or {})
        elif isinstance(frame, InterruptionFrame) and data.first_push:
            self._log.interruptions.append(at_secs)

    def _grow(self, frame: SpokenTextFrame, at_secs: float) -> None:
        """Note what a model that speaks itself says: one segment a reply, known piece by piece."""
        segments = self._log.segments
        if not segments or segments[-1].id != frame.segment_id:
            segments.append(Segment(id=frame.segment_id or 0, at_secs=at_secs, text=""))
        text = frame.text if frame.final else segments[-1].text + frame.text
        segments[-1] = replace(segments[-1], text=text)


def transcript_lines(record: CallRecord) -> list[dict[str, Any]]:
    """Return who said what when, in order, as plain data."""
    lines: list[dict[str, Any]] = []
    for turn in record.turns:
        if turn.caller:
            lines.append(
                {
                    "who": "caller",
                    "start_secs": round(turn.caller.start_secs, 3),
                    "end_secs": round(turn.caller.end_secs, 3),
                    "text": turn.caller.recognised,
                    "barge_in": turn.barge_in is not None,
                }
            )
        lines += [
            {
                "who": "tool",
                "start_secs": round(call.start_secs, 3),
                "end_secs": None if call.end_secs is None else round(call.end_secs, 3),
                "name": call.name,
                "arguments": dict(call.arguments),
                "outcome": call.outcome,
            }
            for call in turn.tool_calls
        ]
        if turn.agent:
            lines.append(
                {
                    "who": "agent",
                    "start_secs": round(turn.agent.spans[0][0], 3),
                    "end_secs": round(turn.agent.spans[-1][1], 3),
                    "text": turn.agent.heard,
                    "unheard": turn.agent.unheard,
                    "ttfa_secs": None if turn.ttfa_secs is None else round(turn.ttfa_secs, 3),
                }
            )
    return lines


def write_transcript(path: Path, record: CallRecord) -> None:
    """Write `transcript_lines` as JSON, one a line."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in transcript_lines(record))
    write_file(path, text)
