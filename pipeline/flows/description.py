"""A flow as an agent has it, and what of it would fail only in a call."""

import inspect
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from loguru import logger
from pipecat.adapters.llm.schemas.direct_function import DirectFunction
from pipecat.flows import (
    ContextStrategyConfig,
    Flow,
    FlowConfig,
    FlowsDirectFunction,
    FlowsFunctionSchema,
    NodeConfig,
)
from pipecat.flows.types import FlowsDirectFunctionWrapper

if TYPE_CHECKING:
    from antiphon.pipeline.agent import VoiceAgent

__all__ = [
    "UNINTERRUPTIBLE",
    "FlowFunction",
    "FlowSetting",
    "check_flow",
    "first_node",
    "functions_of",
    "plain_tools",
    "texts_of",
]

FlowSetting = Flow | NodeConfig | Callable[[], NodeConfig] | None

FlowFunction = FlowsFunctionSchema | FlowsDirectFunction

UNINTERRUPTIBLE = "uninterruptible"
"""The type of a pre-action by which a node is heard to its end."""

# What a manager of Flows does without a handler, and what we tell it.
ACTIONS = ("tts_say", "end_conversation", UNINTERRUPTIBLE)

LISTS = ("task_messages", "functions", "pre_actions", "post_actions")

# As Pipecat has it, with a backslash before one that is meant literally.
PLACEHOLDER = re.compile(r"(?<!\\)\{\{\s*([A-Za-z_][\w.]*)\s*\}\}")

GIVE = (
    "give a Flow(config, handlers=…) of pipecat.flows, a node, or a function without arguments "
    "that makes the first node"
)


def check_flow(agent: "VoiceAgent") -> None:
    """Refuse a flow that would fail only in a call, in one line.

    Args:
        agent: Whose flow it is.

    Raises:
        TypeError: If it is none.
        ValueError: If it cannot be followed.
    """
    flow: object = agent.flow
    if flow is None:
        return
    if isinstance(flow, FlowConfig):
        raise TypeError("flow=FlowConfig(…) has no code: give Flow(config, handlers=…)")
    if not (isinstance(flow, Flow | dict) or callable(flow)):
        raise TypeError(f"flow={reprlib.repr(flow)}: {GIVE}")
    if agent.realtime is not None:
        raise ValueError(
            "flow with realtime: a speech-to-speech service in Pipecat 1.14 takes no new "
            "instructions before it answers, so a node would be entered a turn late: use llm"
        )
    if agent.llm == "embedded":
        raise ValueError(
            "flow needs an LLM that calls the functions of its nodes, and the embedded one follows "
            "a script of its own: name another llm"
        )
    if inspect.iscoroutinefunction(flow):
        raise TypeError(f"flow={_told(flow)} is an async function: {GIVE}")
    node = first_node(cast(Any, flow))
    common = functions_of(agent.flow, agent.tools)
    _check_functions(common, "flow: tools")
    taken = _names(plain_tools(agent.tools)) + _names(common)
    if twice := next((name for name in taken if taken.count(name) > 1), None):
        raise ValueError(f"flow: {twice!r} is there twice at every node")
    is_interruptible = agent.interruption is not None
    if isinstance(flow, Flow):
        for name in flow.config.nodes:
            _check_node(flow.node(name), name, taken, is_interruptible=is_interruptible)
    else:
        _check_node(node, node.get("name", "first"), taken, is_interruptible=is_interruptible)
    said = [str(action.get("text")) for action in node.get("pre_actions", [])]
    for text in (*_texts(node), *said):
        if found := PLACEHOLDER.search(text):
            logger.warning(
                f"flow: the first node uses {{{{ {found[1]} }}}}, without which no call begins: "
                "store it before the caller connects, as in agent.worker(transport).flow.state"
            )


def first_node(flow: Flow | NodeConfig | Callable[[], NodeConfig]) -> NodeConfig:
    """The node in which a call begins.

    Args:
        flow: The flow.

    Raises:
        TypeError: If a function makes none.
    """
    if isinstance(flow, Flow):
        return flow.initial_node
    try:
        node: object = flow if isinstance(flow, dict) else cast(Any, flow)()
    except Exception as error:
        told = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        raise TypeError(f"flow={_told(flow)}, called without arguments, raised {told}") from (error)
    if not isinstance(node, dict):
        raise TypeError(f"flow={_told(flow)} returned {reprlib.repr(node)}, which is no node")
    return cast(NodeConfig, node)


def functions_of(flow: FlowSetting, tools: Sequence[object]) -> list[FlowFunction]:
    """The functions of a flow that are there at every node.

    Args:
        flow: The flow.
        tools: The agent's tools, which may be such functions.
    """
    own = flow.global_functions if isinstance(flow, Flow) else []
    return [*own, *(cast(Any, tool) for tool in tools if _is_flow_function(tool))]


def plain_tools(tools: Sequence[Any]) -> list[DirectFunction]:
    """The tools that are Pipecat's own direct functions, and none of Flows.

    Args:
        tools: The agent's.
    """
    return [tool for tool in tools if not _is_flow_function(tool)]


def texts_of(flow: FlowSetting, first: NodeConfig) -> frozenset[str]:
    """The texts of a flow that stand in it as they were written, without a value of a call.

    Args:
        flow: The flow.
        first: The node in which the call begins.
    """
    names = flow.config.nodes if isinstance(flow, Flow) else ()
    nodes = [first, *(cast(Flow, flow).node(name) for name in names)]
    return frozenset(
        text for node in nodes for text in _texts(node) if not PLACEHOLDER.search(text)
    )


def _is_flow_function(tool: object) -> bool:
    """Whether a tool is a function of Pipecat Flows, and none of Pipecat's own.

    Args:
        tool: A tool.
    """
    if isinstance(tool, FlowsFunctionSchema):
        return True
    if not callable(tool):
        return False
    try:
        return next(iter(inspect.signature(tool).parameters), "") == "flow_manager"
    except (TypeError, ValueError):
        return False


def _check_node(
    node: NodeConfig, name: str, taken: Sequence[str], *, is_interruptible: bool
) -> None:
    where = f"flow: node {name!r}"
    _check_shape(cast(dict[str, object], node), where)
    functions = node.get("functions", [])
    _check_functions(functions, where)
    for function_name in _names(functions):
        if function_name in taken:
            raise ValueError(f"{where} has {function_name!r}, which is at every node already")
    for action in (*node.get("pre_actions", []), *node.get("post_actions", [])):
        _check_action(cast(dict[str, object], action), where)
    if any(action["type"] == UNINTERRUPTIBLE for action in node.get("post_actions", [])):
        raise ValueError(f"{where}: {UNINTERRUPTIBLE} belongs among its pre_actions")
    if not is_interruptible and any(
        action["type"] == UNINTERRUPTIBLE for action in node.get("pre_actions", [])
    ):
        raise ValueError(f"{where} is {UNINTERRUPTIBLE}, which needs interruption=…, not None")


def _check_shape(node: dict[str, object], where: str) -> None:
    for key in LISTS:
        items = node.get(key, None if key == "task_messages" else [])
        if not isinstance(items, list):
            raise ValueError(f"{where} has no list of {key}")
        for item in cast(list[object], items):
            if key != "functions" and not isinstance(item, dict):
                raise TypeError(f"{where}: {reprlib.repr(item)} among its {key} is no dict")
    for key in ("name", "role_message"):
        if not isinstance(text := node.get(key), str | None):
            raise TypeError(f"{where}: {key}={reprlib.repr(text)} is no text")
    strategy = node.get("context_strategy")
    if not isinstance(strategy, ContextStrategyConfig | None):
        raise TypeError(
            f"{where}: context_strategy={reprlib.repr(strategy)}: give "
            "ContextStrategyConfig(strategy=ContextStrategy.…)"
        )


def _check_functions(functions: Iterable[object], where: str) -> None:
    for function in functions:
        try:
            if isinstance(function, FlowsFunctionSchema):
                if not callable(function.handler):
                    raise TypeError(f"handler={reprlib.repr(function.handler)} is no function")
            else:
                FlowsDirectFunctionWrapper.validate_function(cast(Any, function))
        except Exception as error:
            told = " ".join(str(error).split())
            name = getattr(function, "name", "") or _told(function)
            raise TypeError(f"{where}: function {name}: {told}") from None


def _check_action(action: dict[str, object], where: str) -> None:
    kind, text = action.get("type"), action.get("text")
    if kind not in ACTIONS and not callable(action.get("handler")):
        raise ValueError(
            f"{where} has an action of type {kind!r} without a handler: give it one, or one of "
            f"{', '.join(ACTIONS)}"
        )
    if kind == "tts_say" and not (text and isinstance(text, str)):
        raise ValueError(f"{where} has a tts_say without a text")
    if kind == "end_conversation" and PLACEHOLDER.search(str(text)):
        raise ValueError(
            f"{where} ends with {reprlib.repr(text)}, which is said as it is written: "
            "what is filled in belongs into a tts_say before it"
        )


def _texts(node: NodeConfig) -> Iterator[str]:
    for text in (node.get("role_message"), *(m.get("content") for m in node["task_messages"])):
        if isinstance(text, str):
            yield text


def _names(functions: Iterable[object]) -> list[str]:
    return [
        function.name
        if isinstance(function, FlowsFunctionSchema)
        else getattr(function, "__name__", "")
        for function in functions
    ]


def _told(thing: object) -> str:
    """The name of a function, which says more than the beginning of its representation."""
    return getattr(thing, "__name__", "") or reprlib.repr(thing)
