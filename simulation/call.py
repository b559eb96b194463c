"""One simulated call: a caller on one end, an agent's worker on the other."""

import asyncio

from pipecat.pipeline.worker import PipelineWorker
from pipecat.workers.runner import WorkerRunner

from antiphon.simulation.caller import Caller

__all__ = ["simulate_call"]

LEAVE_SECS = 2.0
"""How long an agent may take to notice that the caller has hung up."""


async def simulate_call(caller: Caller, worker: PipelineWorker) -> None:
    """Run a call until one side ends it; cancelling it hangs up.

    Args:
        caller: Who calls.
        worker: The agent's worker on the same transport; it is cancelled if it does not end after
            the caller has hung up.
    """
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    agent = asyncio.create_task(runner.run(), name="agent")
    call = asyncio.create_task(caller.call(), name="caller")
    try:
        await asyncio.wait((agent, call), return_when=asyncio.FIRST_COMPLETED)
    finally:
        call.cancel()
        await asyncio.wait((call,))
        _, running = await asyncio.wait((agent,), timeout=LEAVE_SECS)
        if running:
            await runner.cancel(reason="the caller has hung up")
            await asyncio.wait((agent,))
    for task in (call, agent):
        if not task.cancelled():
            task.result()
