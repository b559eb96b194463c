"""Which agent answers a call: one for all, or one of a function's choice for each.

Whoever calls is answered: a function that fails, takes too long or returns no agent costs a line in
the log, and the default agent answers.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from reprlib import repr as short
from typing import Any, Protocol, TypeAlias, cast

from loguru import logger
from pipecat.transports.base_transport import BaseTransport

from antiphon.pipeline.agent import VoiceAgent
from antiphon.pipeline.default_agent import apologist
from antiphon.pipeline.error_fields import why
from antiphon.pipeline.worker import CallWorker

__all__ = [
    "Agent",
    "Agents",
    "ChooseAgent",
    "IncomingCall",
    "agents_of",
]

# A caller who hears nothing for longer says "hello?".
CHOOSE_SECS = 1.0

# Functions that are not async and never return; with all of them lost, the default agent answers.
THREADS = 4


class Agent(Protocol):
    """What a server needs of an agent; `VoiceAgent` is one."""

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        """Make the worker of one call; `outbound=True` comes along if the agent made the call."""
        ...


@dataclass(frozen=True, kw_only=True)
class IncomingCall:
    """A call that wants an agent, as far as it is known before it has one.

    Parameters:
        id: The provider's id of the call.
        door: By which it came: `twilio`, `websocket`, `webrtc` or `daily`.
        caller: The number that calls, if the door tells one.
        called: The number that was dialled, if the door tells one.
        outbound: Whether the agent makes the call; `called` is then the person.
        parameters: What the start of the call carried along, by name.
        context: What was kept of an earlier part of the call: of a caller whom nobody took after a
            transfer, the handoff with its summary and transcript.
    """

    id: str
    door: str
    caller: str | None = None
    called: str | None = None
    outbound: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)


ChooseAgent: TypeAlias = Callable[[IncomingCall], Agent | Awaitable[Agent]]


class Agents:
    """Says which agent answers a call: the same one, or one that a function makes for it.

    Parameters:
        default: Answers every call, or those to which the function gives no agent.
    """

    def __init__(self, default: Agent, *, function: ChooseAgent | None = None) -> None:
        """Create the choice.

        Args:
            default: Answers if there is no function, or it does not return an agent in a second.
            function: Is given a call and returns its agent; a coroutine function, or one that is
                called on a thread.
        """
        self.default = default
        self.function = function
        self._is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004 - of an object, which is one as well
        )
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="choose-agent")
        self._asked: set[asyncio.Task[Agent]] = set()

    async def choose(self, call: IncomingCall) -> Agent:
        """Choose the agent of a call; a function is waited for for a second at most.

        Args:
            call: What is known of the call.

        Returns:
            Its agent, or the default one after a line in the log.
        """
        if self.function is None:
            return self.default
        asked = asyncio.create_task(self._ask(self.function, call))
        # One that does not even stop is waited for no longer.
        self._asked.add(asked)
        asked.add_done_callback(self._forget)
        try:
            await asyncio.wait([asked], timeout=CHOOSE_SECS)
        finally:
            asked.cancel()
        if not asked.done():
            return self._default(f"it took longer than {CHOOSE_SECS:g} s")
        if asked.cancelled():
            return self._default("it was cancelled")
        if error := asked.exception():
            return self._default(why(error))
        chosen = asked.result()
        if not hasattr(chosen, "worker") or isinstance(chosen, type):
            return self._default(f"it returned {short(type(chosen))}, and not a VoiceAgent")
        return chosen

    def _forget(self, asked: "asyncio.Task[Agent]") -> None:
        self._asked.discard(asked)
        # What comes too late is nobody's to look at.
        if not asked.cancelled():
            asked.exception()

    async def _ask(self, function: ChooseAgent, call: IncomingCall) -> Agent:
        if self._is_async:
            return await cast("Awaitable[Agent]", function(call))
        loop = asyncio.get_running_loop()
        made = await loop.run_in_executor(self._threads, function, call)
        return await made if inspect.isawaitable(made) else made

    def _default(self, reason: str) -> Agent:
        logger.error(f"no agent of its own for this call, the default answers: {reason}")
        return self.default


def agents_of(given: Any, default: Agent | None = None) -> Agents:
    """Say which agents answer.

    Args:
        given: An agent, a class of one, or a function that chooses one for each call.
        default: The agent if a function does not choose one; by default one that is sorry.

    Returns:
        The agents.

    Raises:
        ValueError: If it is none of these, or an agent can answer only one call because a service
            was given to it as an object.
    """
    given = given() if isinstance(given, type) and hasattr(given, "worker") else given
    for agent in (given, default):
        if isinstance(agent, VoiceAgent):
            agent.require_many_calls()
    if hasattr(given, "worker"):
        return Agents(cast("Agent", given))
    if not callable(given) or isinstance(given, type):
        raise ValueError(f"{short(given)} is no VoiceAgent, and no function that makes one")
    if not _takes_a_call(given):
        name = getattr(given, "__qualname__", short(given))
        raise ValueError(f"{name} is given each call, and takes none: write {name}(call)")
    return Agents(default or apologist(), function=cast("ChooseAgent", given))


def _takes_a_call(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(object())
    except TypeError:
        return False
    except ValueError:
        # Some that are written in C do not say.
        return True
    return True
