"""A whole call with no key and no network: a simulated caller phones an order desk.

Run it with `python examples/embedded_call.py`; needs `pip install 'antiphon[simulation]'`.
"""

import asyncio

from pipecat.services.llm_service import FunctionCallParams

from antiphon.pipeline import VoiceAgent
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.recording import CallRecorder, transcript_lines
from antiphon.transports import MemoryTransport


async def get_order_status(params: FunctionCallParams, order_number: str) -> None:
    """Look up where an order is.

    Args:
        params: Pipecat's.
        order_number: The number on the order, in digits.
    """
    await params.result_callback({"status": "on its way", "delivery": "tomorrow"})


async def main() -> None:
    transport = MemoryTransport()
    agent = VoiceAgent(greeting="Hello, this is the order desk.", tools=[get_order_status])
    recorder = CallRecorder(transport, title="An order desk")
    caller = Caller(
        transport,
        [
            Say(text="what are your opening hours"),
            Say(text="my order number is four two one seven"),
            Say(text="yes that is right"),
            HangUp(),
        ],
        listeners=[recorder],
    )
    await simulate_call(caller, agent.worker(transport, observers=[*recorder.observers]))
    for line in transcript_lines(recorder.record()):
        print(line)


asyncio.run(main())
