"""The agent that stands in where none is given: an order desk with one tool, embedded."""

import asyncio

from antiphon.pipeline.agent import VoiceAgent
from pipecat.services.llm_service import FunctionCallParams

__all__ = ["get_order_status", "order_desk"]

LOOK_UP_SECS = 0.15
"""What an order system takes to answer."""


def order_desk(greeting: str = "Hello, this is the order desk. How can I help you?") -> VoiceAgent:
    """Return the agent, on the embedded services.

    Args:
        greeting: What it says first.
    """
    return VoiceAgent(greeting=greeting, tools=[get_order_status])


async def get_order_status(params: FunctionCallParams, order_number: str) -> None:
    """Look up where an order is.

    Args:
        params: Pipecat's.
        order_number: The number on the order, in digits.
    """
    await asyncio.sleep(LOOK_UP_SECS)
    await params.result_callback({"status": "on its way", "delivery": "tomorrow afternoon"})
