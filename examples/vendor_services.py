"""The same agent on Deepgram, OpenAI and Cartesia, phoned by a simulated caller.

Run it with `python examples/vendor_services.py`, with the keys in the environment or in `.env`;
needs `pip install 'antiphon[simulation,deepgram,openai,cartesia]'`.
"""

import asyncio
import sys

from antiphon.pipeline import VoiceAgent
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.recording import CallRecorder, transcript_lines
from antiphon.transports import MemoryTransport


async def main() -> None:
    transport = MemoryTransport()
    agent = VoiceAgent(
        instructions="You are the order desk of a shop, on the phone. Answer in one sentence.",
        greeting="Hello, this is the order desk.",
        stt="deepgram",
        llm="openai",
        tts="cartesia",
    )
    recorder = CallRecorder(transport, title="An order desk")
    caller = Caller(
        transport, [Say(text="what are your opening hours"), HangUp()], listeners=[recorder]
    )
    await simulate_call(caller, agent.worker(transport, observers=[*recorder.observers]))
    for line in transcript_lines(recorder.record()):
        print(line)


try:
    asyncio.run(main())
except (ValueError, ImportError) as error:
    # A missing key or package, in a line.
    sys.exit(str(error))
