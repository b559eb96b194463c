"""A `VoiceAgent` as a bot file of Pipecat's, for its runner and for Pipecat Cloud.

Run it with `python examples/bot.py -t webrtc`, or `-t daily` or `-t twilio`; what it needs is in
docs/pipecat/runner.md.
"""

from pipecat.runner.types import (
    DailyRunnerArguments,
    RunnerArguments,
    SmallWebRTCRunnerArguments,
    WebSocketRunnerArguments,
)
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.base_transport import BaseTransport
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import VoiceAgent
from antiphon.transports import create_transport
from antiphon.transports.telephony.twilio import read_twilio_start


async def get_order_status(params: FunctionCallParams, order_number: str) -> None:
    """Look up where an order is.

    Args:
        params: Pipecat's.
        order_number: The number on the order, in digits.
    """
    await params.result_callback({"status": "on its way", "delivery": "tomorrow"})


agent = VoiceAgent(
    greeting="Hello, this is the order desk.",
    tools=[get_order_status],
    # With keys in the environment: stt="deepgram", llm="openai", tts="cartesia".
)


async def transport_for(runner_args: RunnerArguments) -> BaseTransport:
    match runner_args:
        case SmallWebRTCRunnerArguments(webrtc_connection=connection):
            return create_transport("webrtc", connection=connection)
        case DailyRunnerArguments(room_url=room_url, token=token):
            return create_transport("daily", room_url=room_url, token=token)
        case WebSocketRunnerArguments(websocket=websocket):
            start = await read_twilio_start(websocket)
            return create_transport("twilio", websocket=websocket, start=start)
    raise ValueError(f"no transport for {type(runner_args).__name__}")


async def bot(runner_args: RunnerArguments) -> None:
    """Answer one call; Pipecat's runner and Pipecat Cloud look for this name."""
    worker = agent.worker(
        await transport_for(runner_args),
        idle_timeout_secs=runner_args.pipeline_idle_timeout_secs,
    )
    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
