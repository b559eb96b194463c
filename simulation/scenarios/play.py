"""Play one scenario: the call itself, what it leaves in a folder, and how it differed."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipecat.observers.base_observer import BaseObserver

from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, Network, Noise
from antiphon.simulation.caller.voice import voice_of
from antiphon.simulation.lines.phone_line import PhoneLine
from antiphon.simulation.lines.phones import SECRETS, Vendor, open_stream
from antiphon.simulation.private_files import make_folder
from antiphon.simulation.recording import CallRecord, CallRecorder, StereoRecording
from antiphon.simulation.recording.recorder import write_transcript
from antiphon.simulation.report import write_report
from antiphon.simulation.scenarios.agents import agent_of
from antiphon.simulation.scenarios.by_phone import OwnDoor, by_ear
from antiphon.simulation.scenarios.differences import differences
from antiphon.simulation.scenarios.schema import Scenario
from antiphon.transports.memory import MemoryTransport

__all__ = ["Played", "play"]

LONGEST_CALL_SECS = 600.0
"""A call that is longer than this has got stuck."""

Transport = Literal["memory"] | Vendor

Follow = Callable[[CallRecorder, int], Coroutine[Any, Any, None]]
"""Shows a call while it goes on, given its recorder and the number of lines; cancelled after."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """A scenario that was played.

    Parameters:
        record: The call.
        differences: How it differed from what was expected, one sentence each.
        unjudged: What could not be judged over the phone, one phrase each.
    """

    record: CallRecord
    differences: list[str]
    unjudged: list[str] = field(default_factory=list)


async def play(
    scenario: Scenario,
    *,
    out: Path | None = None,
    follow: Follow | None = None,
    transport: Transport = "memory",
    url: str | None = None,
    observers: Sequence[BaseObserver] = (),
) -> Played:
    """Make the call. Cancelling it ends the call; what there is of it is still written.

    Args:
        scenario: What to play.
        out: A folder for `call.wav`, `transcript.jsonl` and `report.html`, made if it is not
            there.
        follow: Shows the call while it goes on.
        transport: How the agent is called: in memory, or by phone over a real WebSocket.
        url: Who is phoned, a webhook or a WebSocket, instead of the scenario's agent. What only
            the agent's own pipeline knows, texts and tools, is then not judged.
        observers: Pipecat observers of the agent's pipeline, if it is called in memory.

    Raises:
        AudioFileError: If a sound file cannot be used.
        ConnectionError: If nobody answers the phone.
        ImportError: If an extra is missing.
        OSError: If the folder cannot be written.
        ScenarioError: If the agent cannot be made, or has faults, which `url` cannot have.
        UnknownVoice: If there is no such voice.
    """
    unjudged: list[str] = []
    if url:
        scenario, unjudged = by_ear(scenario)
    steps = scenario.steps()
    speaker = voice_of(scenario.caller.voice, language=scenario.caller.language)
    await speaker.speak("hello")  # an unknown voice is told before the agent is started
    recording = None
    if out:
        await asyncio.to_thread(make_folder, out)
        recording = StereoRecording(out / "call.wav")
    far_end = _far_end(transport, url, scenario)
    recorder = CallRecorder(far_end, title=scenario.title, wav=recording)
    settings = scenario.caller
    caller = Caller(
        far_end,
        steps,
        voice=speaker,
        listeners=[recorder],
        patience_secs=settings.patience_secs,
        noise=None
        if settings.noise_snr_db is None
        else Noise(snr_db=settings.noise_snr_db, kind=settings.noise, seed=settings.seed),
        network=_network(scenario, transport),
        echo_db=settings.echo_db,
        echo_ms=settings.echo_ms,
    )
    display = asyncio.create_task(follow(recorder, len(steps))) if follow else None
    too_long = False
    try:
        try:
            async with asyncio.timeout(LONGEST_CALL_SECS):
                await _call(scenario, caller, far_end, recorder, observers)
        except TimeoutError:
            too_long = True
    finally:
        if display:
            display.cancel()
            with suppress(asyncio.CancelledError):
                await display
        record = recorder.record()
        found = differences(scenario, record)
        ended_by = "caller_hung_up" if caller.hung_up else "agent_hung_up"
        if too_long:
            found.append(f"the call was still going on after {LONGEST_CALL_SECS:g} s")
        elif ended_by != scenario.expect.outcome:
            found.append(f"the call ended with {ended_by}, not {scenario.expect.outcome}")
        if out and recording:
            recording.close()
            write_transcript(out / "transcript.jsonl", record)
            # Drawing takes a while, and others may be on the line in this loop.
            await asyncio.to_thread(
                write_report,
                out / "report.html",
                record,
                recording=out / "call.wav",
                differences=found,
                unjudged=unjudged,
            )
    return Played(record=record, differences=found, unjudged=unjudged)


def _far_end(
    transport: Transport, url: str | None, scenario: Scenario
) -> MemoryTransport | OwnDoor | PhoneLine:
    if transport == "memory":
        return MemoryTransport()
    if url:
        secret = os.environ.get(SECRETS[transport])
        return PhoneLine(stream=open_stream(transport, url, auth_token=secret))
    caller = scenario.caller
    swaps = caller.network.reorder if caller.network and transport == "telnyx" else 0.0
    return OwnDoor(transport, swaps=swaps, seed=caller.seed)


def _network(scenario: Scenario, transport: Transport) -> Network | None:
    network = scenario.caller.network
    if network is None:
        return None
    # Telnyx numbers the packets before they lose their order.
    reorder = 0.0 if transport == "telnyx" else network.reorder
    return Network(
        loss=network.loss,
        jitter_secs=network.jitter_secs,
        reorder=reorder,
        seed=scenario.caller.seed,
    )


async def _call(
    scenario: Scenario,
    caller: Caller,
    far_end: MemoryTransport | OwnDoor | PhoneLine,
    recorder: CallRecorder,
    observers: Sequence[BaseObserver],
) -> None:
    if isinstance(far_end, OwnDoor):
        with closing(far_end):
            async with agent_of(scenario) as agent, far_end.open(agent, recorder):
                await caller.call()
    elif isinstance(far_end, MemoryTransport):
        async with agent_of(scenario) as agent:
            worker = agent.worker(far_end, observers=[*recorder.observers, *observers])
            await simulate_call(caller, worker)
    else:
        await caller.call()
        for at_secs in far_end.clears:
            recorder.agent_gave_way(at_secs)
