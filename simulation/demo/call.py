"""The demo's call: who calls whom, and what it leaves in the output folder."""

import asyncio
from contextlib import suppress
from pathlib import Path

from antiphon.pipeline.order_desk import order_desk
from antiphon.simulation.audio import read_wav
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import CALLER_VOICE, Caller, EspeakVoice, recorded_lines
from antiphon.simulation.demo.display import follow, print_summary
from antiphon.simulation.demo.script import CallScript
from antiphon.simulation.recording import (
    CallRecord,
    CallRecorder,
    StereoRecording,
    write_transcript,
)
from antiphon.simulation.report import write_report
from antiphon.transports.memory import MemoryTransport
from rich.console import Console

__all__ = ["run_demo"]


async def run_demo(
    console: Console,
    *,
    out: Path,
    wav: Path | None = None,
    voice: str = CALLER_VOICE,
    barge_in: bool = True,
) -> list[str]:
    """Make the call, show it, and write `call.wav`, `transcript.jsonl` and `report.html`.

    Cancelling it ends the call; what there is of it is still written.

    Args:
        console: Where to show it.
        out: A folder, made if it is not there.
        wav: A recorded caller to use instead of the script's.
        voice: The caller's eSpeak voice.
        barge_in: Whether the caller talks over the agent.

    Returns:
        How the call differed from what is expected of it, one sentence each.

    Raises:
        AudioFileError: If `wav` cannot be used.
        ImportError: If an extra is missing.
        OSError: If the output folder cannot be written.
        UnknownVoice: If eSpeak has no such voice.
    """
    script = CallScript.demo() if barge_in else CallScript.demo().without_barge_in()
    steps = recorded_lines(read_wav(wav)) if wav else [line.step() for line in script.lines]
    speaker = EspeakVoice(voice)
    await speaker.speak("hello")  # an unknown voice is told before the agent is started
    agent = order_desk(script.greeting)
    transport = MemoryTransport()
    await asyncio.to_thread(out.mkdir, parents=True, exist_ok=True)
    recording = StereoRecording(out / "call.wav")
    recorder = CallRecorder(transport, title=script.title, wav=recording)
    caller = Caller(transport, steps, voice=speaker, listeners=[recorder])
    display = asyncio.create_task(follow(console, recorder, len(steps)))
    try:
        await simulate_call(caller, agent.worker(transport, observers=[*recorder.observers]))
    finally:
        display.cancel()
        with suppress(asyncio.CancelledError):
            await display
        recording.close()
        record = recorder.record()
        differences = _unanswered(record) if wav else script.differences(record)
        write_transcript(out / "transcript.jsonl", record)
        write_report(
            out / "report.html", record, recording=out / "call.wav", differences=differences
        )
    print_summary(console, record)
    return differences


def _unanswered(record: CallRecord) -> list[str]:
    """Of a recorded caller no words are known, only that each line wants an answer."""
    return [
        f'turn {turn.index}: the agent did not answer "{turn.caller.recognised}"'
        for turn in record.caller_turns
        if turn.caller and turn.ttfa_secs is None
    ]
