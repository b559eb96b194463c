"""The order desk as a flow of Pipecat's: one node that answers, one in which an order is open."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from pipecat.flows import FlowManager, NodeConfig, flows_tool_options
from pipecat.processors.aggregators.llm_context import LLMContext

from antiphon.pipeline import VoiceAgent
from antiphon.services import Script, ScriptedLLMService
from antiphon.services.scripted.llm import messages_of
from antiphon.services.scripted.script import Answer, ToolCall

__all__ = ["flow_desk", "without_tasks"]


class NodesUnread(ScriptedLLMService):
    """Follows its script, which knows what to do at each node."""

    def __init__(self) -> None:
        self._of_the_desk = Script.order_status()
        super().__init__(script=self._of_the_desk)

    def decide(self, context: LLMContext) -> Answer | ToolCall:
        """Return what the script says or calls next.

        Args:
            context: The conversation.
        """
        return self._of_the_desk.respond(without_tasks(messages_of(context)))


def without_tasks(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A conversation as it would be without nodes.

    Args:
        messages: The conversation, in OpenAI's format.
    """
    return [message for message in messages if message.get("role") != "developer"]


def flow_desk(greeting: str, *, look_up_secs: float, **services: Any) -> VoiceAgent:
    """Return the agent, which says and does what the order desk without a flow does.

    Args:
        greeting: What it says first.
        look_up_secs: How long its function takes.
        **services: `stt`, `llm` and `tts`, or what else `VoiceAgent` takes.
    """

    # Pipecat's flows cancel no function unless told to; who corrects themselves wants it.
    @flows_tool_options(cancel_on_interruption=True)
    async def get_order_status(flow_manager: FlowManager, order_number: str) -> Any:
        """Look up where an order is.

        Args:
            flow_manager: Pipecat's.
            order_number: The number on the order, in digits.
        """
        await asyncio.sleep(look_up_secs)
        flow_manager.state["order"] = order_number
        status = {"status": "on its way", "delivery": "tomorrow afternoon"}
        return status, node("order", "Tell where the order is, and what else is asked.")

    def node(name: str, told: str, **more: Any) -> NodeConfig:
        given: Any = {
            "name": name,
            "task_messages": [{"role": "developer", "content": told}],
            "functions": [get_order_status],
            **more,
        }
        return given  # type: ignore[no-any-return]

    first = node("desk", "Answer what is asked about orders.", respond_immediately=False)
    llm = services.pop("llm", NodesUnread)
    return VoiceAgent(greeting=greeting, flow=first, llm=llm, **services)
