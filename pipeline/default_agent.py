"""The agent that stands in where none is given: an order desk with one tool, embedded."""

import asyncio
from typing import Any

from pipecat.services.llm_service import FunctionCallParams

from antiphon.pipeline.agent import VoiceAgent

__all__ = ["LOOK_UP_SECS", "order_desk"]

LOOK_UP_SECS = 0.15
"""What an order system takes to answer."""


def order_desk(
    greeting: str = "Hello, this is the order desk. How can I help you?",
    *,
    look_up_secs: float = LOOK_UP_SECS,
    **services: Any,
) -> VoiceAgent:
    """Return the agent, on the embedded services unless others are given.

    Args:
        greeting: What it says first.
        look_up_secs: How long its tool takes.
        **services: `stt`, `llm` and `tts`, or what else `VoiceAgent` takes.
    """

    async def get_order_status(params: FunctionCallParams, order_number: str) -> None:
        """Look up where an order is.

        Args:
            params: Pipecat's.
            order_number: The number on the order, in digits.
        """
        await asyncio.sleep(look_up_secs)
        await params.result_callback({"status": "on its way", "delivery": "tomorrow afternoon"})

    return VoiceAgent(greeting=greeting, tools=[get_order_status], **services)
