"""What each part of a composed agent costs: the CPU of one call with all of them, and without each.

A caller asks three questions, and says "uh-huh" over the first answer; services that only wait,
over an in-memory transport, in virtual time. All variants in each round, shuffled, in one process:
a share is the median over the rounds.

    python benchmarks/calls_per_core/parts.py [--rounds 3]
"""

import argparse
import asyncio
import random
import statistics
import time
from typing import Any

from loguru import logger

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, EspeakVoice, HangUp, Say
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.virtual_time import run_virtual
from antiphon.transports import MemoryTransport

ANSWER = (
    "We are open from nine in the morning until six, Mr. Brown. On Sundays we are closed, but you "
    "can order for $3.50 at any time of the day. Is there anything else?"
)
QUESTIONS = (
    "when do you open",
    "my number is four one five five five five oh one four two",
    "thank you",
)
WITHOUT: dict[str, dict[str, Any]] = {
    "nothing": {},
    "`sentences`": {"sentences": None},
    "`interruption`": {"interruption": None},
    "`redaction`": {"redaction": None},
    "`latency`": {"latency": None},
    "all four": {"sentences": None, "interruption": None, "redaction": None, "latency": None},
    "the fast path": {"fast_path": False},
}


async def spoken() -> list[Say]:
    """Speak the lines once for all calls."""
    voice = EspeakVoice()
    lines = [Say(text=text, audio=await voice.speak(text)) for text in QUESTIONS]
    audio = await voice.speak("uh-huh")
    lines.insert(1, Say(text="uh-huh", audio=audio, after="agent_starts", after_secs=1.0))
    return lines


async def call(lines: list[Say], options: dict[str, Any]) -> None:
    """Make one call."""
    transport = MemoryTransport()
    agent = VoiceAgent(
        greeting="Good morning.",
        stt=FakeSTT(script=[line.text for line in lines]),
        llm=FakeLLM(script=[ANSWER] * len(lines)),
        tts=FakeTTS(),
        turns=TurnSettings(silence_secs=0.4),
        **options,
    )
    worker = agent.worker(transport, enable_rtvi=False)
    await simulate_call(Caller(transport, [*lines, HangUp()]), worker)


def cpu_secs(lines: list[Say], options: dict[str, Any]) -> float:
    """Measure one call."""
    began = time.process_time()
    run_virtual(call(lines, options))
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    logger.remove()
    lines = asyncio.run(spoken())
    spent: dict[str, list[float]] = {name: [] for name in WITHOUT}
    for number in range(rounds + 1):
        for name in random.sample(list(WITHOUT), len(WITHOUT)):
            secs = cpu_secs(lines, WITHOUT[name])
            if number:  # the first loads models and tables
                spent[name].append(secs)
    print("| a call without | costs, of one with all | rounds |\n|---|---|---|")
    for name, each in spent.items():
        shares = [secs / whole for secs, whole in zip(each, spent["nothing"], strict=True)]
        low, high = min(shares), max(shares)
        print(f"| {name} | {statistics.median(shares):.2f} | {low:.2f}–{high:.2f} |")


if __name__ == "__main__":
    main()
