"""After the warm-up a call finds everything loaded."""

import subprocess
import sys

import pytest

CALL = """
import asyncio
import sys

from antiphon.pipeline import VoiceAgent
from antiphon.processors.interruption.decision import InterruptionDecider, Utterance
from antiphon.processors.redaction import Redactor
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport

warm, loaded, listening = sys.argv[1] == "warm", [], False


def listen(event, args):
    # Threads of other packages read files too; ours and models are what a call waits for.
    if listening and event == "open" and ("antiphon" in str(args[0]) or "pipecat" in str(args[0])):
        loaded.append(str(args[0]))


async def main():
    global listening
    agent = VoiceAgent(stt=FakeSTT(script=()), llm=FakeLLM(script=()), tts=FakeTTS())
    if warm:
        await agent.warm_up()
    sys.addaudithook(listen)
    listening = True
    worker = agent.worker(MemoryTransport())
    Redactor(agent.redaction).redact("My card is 4111 1111 1111 1111, and I was born in May.")
    InterruptionDecider().decide(Utterance(words="no wait", agent_text="We are open."))
    listening = False


asyncio.run(main())
print(len(loaded), *loaded, sep="\\n")
"""


def files_that_a_first_call_reads(state: str) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-c", CALL, state], capture_output=True, text=True, check=True
    )
    return run.stdout.splitlines()[1:]


@pytest.mark.system
def test_a_first_call_reads_no_file_after_the_warm_up() -> None:
    assert files_that_a_first_call_reads("cold")
    assert not files_that_a_first_call_reads("warm")
