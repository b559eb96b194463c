"""A call made by hand, for what is built from a record."""

import math
from datetime import UTC, datetime

import pytest

from antiphon.simulation.recording import CallRecord
from antiphon.simulation.recording.record import (
    AgentSpeech,
    BargeIn,
    CallerSpeech,
    Contribution,
    ToolCall,
    Turn,
    Waveform,
)


def wait(start_secs: float, **parts_ms: float) -> tuple[Contribution, ...]:
    contributions = []
    for key, duration_ms in parts_ms.items():
        contributions.append(
            Contribution(
                key=key,
                label=key.replace("_", " "),
                owner="PocketSphinxSTTService#0",
                start_secs=start_secs,
                duration_secs=duration_ms / 1000,
            )
        )
        start_secs += duration_ms / 1000
    return tuple(contributions)


def peaks(*spans: tuple[float, float], duration_secs: float) -> tuple[float, ...]:
    return tuple(
        round(abs(math.sin(index * 0.7)) * abs(math.sin(index * 0.11)) * 0.7, 3)
        if any(start <= index * 0.02 < end for start, end in spans)
        else 0.0
        for index in range(int(duration_secs / 0.02))
    )


@pytest.fixture(scope="session")
def record() -> CallRecord:
    """Four turns: a greeting, a question, a tool call, and an answer that is talked over."""
    return CallRecord(
        title="Order status",
        started_at=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
        duration_secs=27.0,
        turns=(
            Turn(
                index=0,
                agent=AgentSpeech(spans=((0.2, 3.6),), heard="Hello, this is order status."),
                ttfa_secs=0.2,
                contributions=wait(0.0, first_request=120, speech_synthesis=80),
            ),
            Turn(
                index=1,
                caller=CallerSpeech(
                    start_secs=4.3,
                    end_secs=6.0,
                    recognised="what are your opening hours",
                    script="what are your opening hours",
                ),
                agent=AgentSpeech(
                    spans=((6.64, 8.9), (9.3, 10.4)), heard="We are open from nine to five."
                ),
                ttfa_secs=0.64,
                contributions=wait(
                    6.0,
                    endpointing_wait=200,
                    transcription=8,
                    turn_detection=401,
                    leading_silence=31,
                ),
            ),
            Turn(
                index=2,
                caller=CallerSpeech(
                    start_secs=11.1,
                    end_secs=14.2,
                    recognised="where is order one two tree four",
                    script="where is order one two three four",
                ),
                agent=AgentSpeech(
                    spans=((15.14, 17.4),),
                    heard="Your order left our",
                    unheard="warehouse on Monday.",
                ),
                ttfa_secs=0.94,
                contributions=wait(
                    14.2,
                    endpointing_wait=200,
                    transcription=12,
                    turn_detection=400,
                    function_handler=251,
                    llm_inference=47,
                    speech_synthesis=30,
                ),
                tool_calls=(
                    ToolCall(
                        name="check_order",
                        arguments={"order_number": "1234"},
                        start_secs=14.8,
                        end_secs=15.06,
                        outcome="completed",
                    ),
                ),
            ),
            Turn(
                index=3,
                caller=CallerSpeech(
                    start_secs=17.1,
                    end_secs=18.2,
                    recognised="thank you that is all",
                    script="thank you that is all",
                ),
                agent=AgentSpeech(spans=((18.9, 20.8),), heard="You are welcome. Goodbye."),
                ttfa_secs=0.7,
                contributions=wait(
                    18.2, endpointing_wait=210, turn_detection=430, leading_silence=60
                ),
                barge_in=BargeIn(start_secs=17.1, silence_secs=17.4, interrupted=True),
            ),
        ),
        waveform=Waveform(
            step_secs=0.02,
            caller=peaks((4.3, 6.0), (11.1, 14.2), (17.1, 18.2), duration_secs=27.0),
            agent=peaks(
                (0.2, 3.6),
                (6.64, 8.9),
                (9.3, 10.4),
                (15.14, 17.4),
                (18.9, 20.8),
                duration_secs=27.0,
            ),
        ),
    )
