"""An agent to talk about anything with, where there is a language model."""

import asyncio
from dataclasses import replace
from typing import Any

from pipecat.frames.frames import EndWorkerFrame, FunctionCallResultProperties
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams

from antiphon.pipeline.agent import VoiceAgent
from antiphon.pipeline.cli.ttfb_check import ServiceFailed, time_to_first_byte
from antiphon.pipeline.latency import LatencySettings
from antiphon.pipeline.providers.create import check_service, create_service
from antiphon.pipeline.providers.embedded import hears_phrases
from antiphon.pipeline.providers.environment import read_environment
from antiphon.pipeline.providers.kinds import NamedService, ServiceKind
from antiphon.pipeline.providers.registry import find_provider
from antiphon.processors.latency import WatchdogLimits
from antiphon.services import PocketSphinxSTTService

__all__ = ["NoAnswer", "ask_once", "conversationalist", "with_services"]

INSTRUCTIONS = """\
You are in a conversation about whatever the caller likes, and curious about it. Answer in one or \
two sentences. When the caller takes their leave, say goodbye in one sentence and call hang_up."""

EMBEDDED = NamedService(name="embedded")

# A model on this computer loads when it is first asked, and its own first word takes seconds.
LOADING_SECS = 120.0
FIRST_TOKEN_SECS = 20.0


class NoAnswer(ValueError):
    """A language model does not answer; the message is one line and says which and why."""


async def hang_up(params: FunctionCallParams) -> None:
    """End the call, once you have said goodbye.

    Args:
        params: Pipecat's.
    """
    await params.result_callback("", properties=FunctionCallResultProperties(run_llm=False))
    await params.llm.push_frame(EndWorkerFrame(), FrameDirection.UPSTREAM)


def conversationalist(**services: Any) -> VoiceAgent:
    """Return an agent that talks about anything and hangs up when it is said goodbye to.

    Args:
        **services: `llm`, and what else `VoiceAgent` takes.
    """
    if "stt" not in services:
        check_service(ServiceKind.STT, EMBEDDED, read_environment())
    usual = {
        "instructions": INSTRUCTIONS,
        "greeting": "Hello! What would you like to talk about?",
        "tools": [hang_up],
        "latency": LatencySettings(limits=WatchdogLimits(no_first_token=FIRST_TOKEN_SECS)),
        "stt": open_ears,
    }
    return VoiceAgent(**{**usual, **services})


def open_ears() -> FrameProcessor:
    """Make the embedded speech-to-text for any words, where it knows the order desk's alone."""
    if hears_phrases(EMBEDDED):
        return PocketSphinxSTTService()
    return create_service(ServiceKind.STT, EMBEDDED, environment=read_environment())


def with_services(agent: Any, services: dict[str, Any]) -> Any:
    """Return an agent with other services.

    Args:
        agent: The agent.
        services: By `stt`, `llm` or `tts`, the name of a provider.

    Raises:
        ValueError: If there are some, and the agent is not one that could be given them.
    """
    if services and not isinstance(agent, VoiceAgent):
        options = " and ".join(f"--{kind}" for kind in services)
        raise ValueError(f"{options} is for a VoiceAgent: the agent chooses its services itself")
    if not services:
        return agent
    if agent.stt == "embedded" and "llm" in services:
        services = {"stt": open_ears, **services}
    return replace(agent, **services)


def ask_once(llm: str) -> None:
    """Ask a language model something, so that one that does not answer is told of before a call.

    Args:
        llm: The name of its provider, with the model.

    Raises:
        NoAnswer: If it does not.
        ValueError: If it cannot be made.
    """

    async def ask() -> float:
        # Here, because some make what belongs to an event loop.
        made = create_service(
            ServiceKind.LLM, NamedService(name=llm), environment=read_environment()
        )
        return await time_to_first_byte(ServiceKind.LLM, made, timeout_secs=LOADING_SECS)

    try:
        asyncio.run(ask())
    except ServiceFailed as error:
        told = f"{llm} does not answer: {error}"
        prefix = find_provider(ServiceKind.LLM, llm.partition("/")[0]).address_prefix
        if prefix and "connect" in told.lower():
            told += f" Does its server run? {prefix}_BASE_URL says where"
        raise NoAnswer(told) from None
