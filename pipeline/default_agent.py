"""Agents that stand in where none is given: an order desk with one tool, and one that is sorry."""

import asyncio
from typing import Any

from pipecat.services.llm_service import FunctionCallParams

from antiphon.pipeline.agent import VoiceAgent
from antiphon.services import Script, ScriptedLLMService

__all__ = ["LOOK_UP_SECS", "apologist", "order_desk"]

SORRY = "I am sorry, we cannot take your call just now. Please call again a little later."

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


def apologist() -> VoiceAgent:
    """Return the agent that answers whom no other can, and knows nothing else to say.

    Raises:
        ValueError: If the embedded services are not installed, so that another is needed.
    """
    script = Script(greeting=SORRY, fallback=SORRY)
    try:
        return VoiceAgent(greeting=SORRY, llm=lambda: ScriptedLLMService(script=script))
    except ImportError as error:
        raise ValueError(
            f"a function that makes agents needs a default agent beside it, since {error}"
        ) from error
