"""What a call adds to the frames by which Pipecat's `FlowManager` enters a node.

A manager changes a call by frames alone: messages, tools, a system instruction, speech and actions.
So what `VoiceAgent` has for a call without a flow is added to them here, on their way.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, cast

from loguru import logger
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.flows import FlowManager
from pipecat.flows.actions import ActionFinishedFrame, FunctionActionFrame
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EndFrame,
    Frame,
    FunctionCallResultProperties,
    LLMMessagesAppendFrame,
    LLMMessagesUpdateFrame,
    LLMRunFrame,
    LLMSetToolsFrame,
    LLMUpdateSettingsFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregator,
    LLMUserAggregator,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.base_transport import BaseTransport

from antiphon.core.authored import Authored
from antiphon.core.frames import NodeEnteredFrame
from antiphon.pipeline.flows.description import (
    UNINTERRUPTIBLE,
    first_node,
    functions_of,
    texts_of,
)
from antiphon.pipeline.providers.kinds import NamedService
from antiphon.pipeline.tools import settled
from antiphon.processors.latency import WatchdogLimits
from antiphon.processors.safe_processor import SafeProcessor

if TYPE_CHECKING:
    from antiphon.pipeline.composition import CallParts

__all__ = ["Aggregators", "FlowProcessor"]

Tool = Callable[..., Awaitable[Any]]

MOST_OF_A_NAME = 64

_NAMED = (str, NamedService)


@dataclass(frozen=True, kw_only=True)
class Aggregators:
    """The aggregators of a call as `FlowManager` asks for them.

    Parameters:
        of_user: The caller's.
        of_assistant: The agent's.
    """

    of_user: LLMUserAggregator
    of_assistant: LLMAssistantAggregator

    def user(self) -> LLMUserAggregator:
        """The caller's."""
        return self.of_user

    def assistant(self) -> LLMAssistantAggregator:
        """The agent's."""
        return self.of_assistant


class FlowProcessor(SafeProcessor):
    """Has a flow keep to what holds for the whole call.

    The functions of each node are wrapped as the agent's tools are, and those are there beside
    them; the rules of speech stand before a node's role, and the caller's language before its
    messages. A node whose speech is interrupted is entered all the same, and a node that cannot be
    entered leaves the call where it was.

    Attributes:
        task: The messages of the node that the call is in.
    """

    def __init__(
        self,
        parts: "CallParts",
        *,
        transport: BaseTransport,
        aggregators: Aggregators,
        note: Callable[[], list[Any]],
    ) -> None:
        """Create the processor of one call.

        Args:
            parts: What the processors of the call share.
            transport: Where the caller is.
            aggregators: Keep the conversation.
            note: Tells the language that the call is held in, at this moment.
        """
        super().__init__()
        agent, own = parts.agent, parts.context.tools
        self._parts, self._note = parts, note
        direct = own.direct_functions if isinstance(own, ToolsSchema) else []
        self._own_tools = [self._going_on(tool.function) for tool in direct]
        self._pair = aggregators
        limits = agent.latency.limits if agent.latency else WatchdogLimits()
        self._within_secs = limits.no_tool_result
        self._enter: Callable[[], Awaitable[None]] | None = None
        # A service that was given has its own, which a role replaces, as in Pipecat.
        told = (agent.voice_rules, agent.instructions) if isinstance(agent.llm, _NAMED) else ()
        self._rules = [text for text in told if text]
        self._written: frozenset[str] = frozenset()
        self._manager: FlowManager | None = None
        self._make_manager = partial(
            FlowManager,
            llm=cast(Any, parts.llm),
            context_aggregator=aggregators,
            transport=transport,
            global_functions=functions_of(agent.flow, agent.tools),
        )
        # What the node says is heard to its end; and what one that is being entered says.
        self._whole = self._next_whole = False
        self._agent_speaks = self._protected = False
        self._caller_speaks = False
        self._owed: LLMRunFrame | None = None
        self._told: list[Any] = []
        self.task: list[Any] = []
        self._unsaid: list[TTSSpeakFrame] = []

    def attach(self, worker: PipelineWorker) -> FlowManager:
        """Make the manager of the call, once.

        Args:
            worker: Runs the call.
        """
        if self._manager is None:
            self._manager = self._make_manager(worker=worker)
            self._manager.register_action(UNINTERRUPTIBLE, self._say_to_its_end)
        return self._manager

    async def begin(self, worker: PipelineWorker) -> None:
        """Enter the first node.

        Args:
            worker: Runs the call.
        """
        flow = self._parts.agent.flow
        assert flow is not None
        try:
            node = first_node(flow)
            self._written = texts_of(flow, node)
            await self.attach(worker).initialize(node)
        except Exception as error:
            await self.push_error(f"the flow could not begin: {type(error).__name__}")

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Add what holds for the whole call to a frame by which a node is entered."""
        match frame:
            case LLMSetToolsFrame() if direction is FrameDirection.DOWNSTREAM:
                frame.tools = self._with_own(frame.tools)
                await self._entered()
            case LLMMessagesAppendFrame() | LLMMessagesUpdateFrame():
                note = self._note() if isinstance(frame, LLMMessagesUpdateFrame) else []
                self._told = frame.messages
                frame.messages = [*note, *map(self._as_written, frame.messages)]
            case LLMUpdateSettingsFrame(delta=delta) if delta:
                if isinstance(role := delta.system_instruction, str):
                    frame.delta = replace(delta, system_instruction=self._role(role))
            case ActionFinishedFrame():
                # The manager waits for it without limit, and an interruption drops what it may.
                frame.interruptible = False
            case FunctionActionFrame():
                await self._run_owed()
                frame.interruptible = False
                frame.function = self._survived(frame.function)
            case LLMRunFrame() if self._caller_speaks:
                # Or the agent would begin to speak against them. The end of their turn runs it,
                # also if nothing was understood.
                self._owed = frame
                return
            case BotStartedSpeakingFrame() | BotStoppedSpeakingFrame():
                self._agent_speaks = isinstance(frame, BotStartedSpeakingFrame)
                self._protect()
            case UserStartedSpeakingFrame() | UserStoppedSpeakingFrame():
                self._caller_speaks = isinstance(frame, UserStartedSpeakingFrame)
                self._owed = None
                if not self._caller_speaks:
                    await self._say_unsaid()
            case TTSSpeakFrame() if self._caller_speaks and not self._owed:
                # Nor is this said against them. Their turn is answered in the node that says it,
                # which is entered meanwhile, and it comes behind the answer.
                self._unsaid.append(frame)
                return
            case TTSSpeakFrame():
                await self._run_owed()
            case _:
                pass
        await self.push_frame(frame, direction)

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Let a node that ends the call say goodbye."""
        if isinstance(frame, EndFrame):
            await self._say_unsaid()
            await self._run_owed()

    async def _run_owed(self) -> None:
        """Have the agent answer before what follows its answer."""
        if owed := self._owed:
            self._owed = None
            await self.push_frame(owed)

    async def _say_unsaid(self) -> None:
        unsaid, self._unsaid = self._unsaid, []
        for frame in unsaid:
            await self.push_frame(frame)

    def _as_written(self, message: Any) -> Any:
        """A message that is redacted, as results of tools are, unless it stands in the flow."""
        content = message.get("content") if isinstance(message, dict) else None
        if not (isinstance(content, str) and content in self._written):
            return message
        return {**message, "content": Authored(content)}

    def _role(self, role: str) -> Authored:
        if self._parts.redactors and role not in self._written:
            role = self._parts.redactors[1].for_the_model(role)
        return Authored("\n\n".join((*self._rules, role)))

    def _with_own(self, tools: Any) -> ToolsSchema:
        given = tools.standard_tools if isinstance(tools, ToolsSchema) else []
        return ToolsSchema([*(self._wrapped(tool) for tool in given), *self._own_tools])

    def _wrapped(self, tool: FunctionSchema) -> FunctionSchema:
        if tool.handler is None:
            return tool
        return FunctionSchema(
            name=tool.name,
            description=tool.description,
            properties=tool.properties,
            required=tool.required,
            handler=self._going_on(self._guarded(cast(Tool, tool.handler))),
        )

    def _guarded(self, handler: Tool) -> Tool:
        redactors = self._parts.redactors
        # Pipecat awaits no function of a flow, but the caller does.
        tool = settled(handler, within_secs=self._within_secs, awaited=True)
        return redactors[1].tool(tool) if redactors else tool

    def _going_on(self, handler: Tool) -> Tool:
        """A function after which the agent answers, also if the next node cannot be entered."""

        @wraps(handler)
        async def run(params: FunctionCallParams, **arguments: Any) -> None:
            async def take(result: Any, *, properties: Any = None) -> None:
                if properties and properties.on_context_updated:
                    self._enter = self._or_answered(properties.on_context_updated)
                    properties = replace(properties, on_context_updated=self._enter)
                elif self._enter and (properties is None or properties.is_final):
                    # The manager enters the next node when no function is at work any more, and
                    # looks only behind one that leads there.
                    properties = FunctionCallResultProperties(
                        run_llm=False, on_context_updated=self._enter
                    )
                await params.result_callback(result, properties=properties)

            await handler(replace(params, result_callback=take), **arguments)

        return run

    def _or_answered(self, enter: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def entered() -> None:
            if self._pair.assistant().has_function_calls_in_progress:
                return
            node, self._enter = self._node, None
            try:
                await enter()
            except Exception as error:
                await self.push_error(f"after node {node!r}: {type(error).__name__}")
                self._next_whole = False
                self._protect()
                if self._node == node:
                    await self.queue_frame(LLMRunFrame())

        return entered

    def _survived(self, function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """An action's function after which the manager goes on, whatever it does or does not."""

        async def run(*args: Any) -> None:
            try:
                # Or no node behind it that says or does something would ever be entered.
                async with asyncio.timeout(self._within_secs):
                    await function(*args)
            except Exception as error:
                await self.push_error(f"an action of node {self._node!r}: {type(error).__name__}")

        return run

    async def _say_to_its_end(self, action: dict[str, Any], flow_manager: FlowManager) -> None:
        if self._parts.interruption is None:
            logger.warning(f"{self}: {UNINTERRUPTIBLE} needs interruption=…, not None")
            return
        self._next_whole = True
        self._protect()

    @property
    def _node(self) -> str:
        # Whatever a function that made it in the call has called it.
        return str((self._manager.current_node if self._manager else None) or "")

    async def _entered(self) -> None:
        # By whatever way; a transition that waited for a function is overtaken.
        self._enter = None
        # The manager tells the messages of a node right before its tools.
        self.task = self._told
        await self.push_frame(NodeEnteredFrame(node=_label(self._node)))
        self._whole, self._next_whole = self._next_whole, False
        self._protect()

    def _protect(self) -> None:
        # Only meanwhile: a turn that has to wait begins once this is over.
        protected = (self._whole or self._next_whole) and self._agent_speaks
        if (interruption := self._parts.interruption) and protected is not self._protected:
            self._protected = protected
            interruption.strategy.interruptible = not protected


def _label(node: str) -> str:
    """What a node is called for a reader; Pipecat makes up a name for one that has none."""
    try:
        uuid.UUID(node)
    except ValueError:
        return node[:MOST_OF_A_NAME] or "unnamed"
    return "unnamed"
