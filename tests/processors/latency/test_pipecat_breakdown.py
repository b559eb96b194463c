"""Pipecat's own breakdown is told in the pipeline's seconds, whatever the wall clock says."""

import pytest
from antiphon.processors.latency import Span
from antiphon.processors.latency.pipecat_breakdown import contributions
from pipecat.frames.frames import (
    Frame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import TTFBMetricsData
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameDirection


@pytest.mark.parametrize("wall_clock_is_ahead_by", [0.0, 1_767_225_600.0, -5.0])
async def test_a_wait_with_a_tool_is_named_part_by_part(wall_clock_is_ahead_by: float) -> None:
    llm = IdentityFilter()

    def pushed(at: float, frame: Frame) -> FramePushed:
        return FramePushed(llm, llm, frame, FrameDirection.DOWNSTREAM, round(at * 1e9))

    vad = VADUserStoppedSpeakingFrame(stop_secs=0.2, timestamp=wall_clock_is_ahead_by + 2.2)
    seen = [
        pushed(2.2, vad),
        pushed(2.5, TranscriptionFrame("", "", "")),
        pushed(3.0, LLMFullResponseStartFrame()),
        pushed(3.4, MetricsFrame(data=[TTFBMetricsData(processor=llm.name, value=0.4)])),
        pushed(3.9, FunctionCallInProgressFrame("look_up", "1", {})),
        pushed(4.9, FunctionCallResultFrame("look_up", "1", {}, {})),
        pushed(5.0, LLMFullResponseStartFrame()),
        pushed(5.6, LLMTextFrame("Yes")),
        pushed(6.0, TTSAudioRawFrame(b"", 16000, 1)),
        pushed(9.0, MetricsFrame(data=[TTFBMetricsData(processor=llm.name, value=7.0)])),
    ]
    found = await contributions(seen, pushed(6.1, TTSAudioRawFrame(b"", 16000, 1)))
    assert [(span.stage, near(span.start), near(span.end)) for span in found] == [
        ("endpointing_wait", 2.0, 2.2),
        ("transcription", 2.2, 2.5),
        ("turn_detection", 2.5, 3.0),
        ("llm_inference", 3.0, 3.4),
        ("llm_tool_call", 3.4, 3.9),
        ("function_handler", 3.9, 4.9),
        ("speech_synthesis", 5.6, 6.0),
        ("output_transport", 6.0, 6.1),
    ]
    assert all(isinstance(span, Span) for span in found)


def near(secs: float) -> float:
    return round(secs, 3)
