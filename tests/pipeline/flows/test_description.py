"""A flow that would fail in a call is refused as the agent is described, in one line."""

from dataclasses import replace
from typing import Any

import pytest
from pipecat.flows import (
    TRANSITION_IN_YAML,
    Flow,
    FlowArgs,
    FlowConfig,
    FlowManager,
    FlowsFunctionSchema,
    NodeConfig,
)
from pipecat.services.llm_service import FunctionCallParams

from antiphon.pipeline import VoiceAgent
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS

YAML = """
initial_node: party
nodes:
  party:
    task_messages: [{role: developer, content: Ask how many.}]
    functions: [{name: note, transition_to: terms}]
  terms:
    task_messages: [{role: developer, content: "Tell {{ people }} people the terms."}]
    pre_actions: [{type: uninterruptible}]
"""


async def note(flow_manager: FlowManager, people: int) -> Any:
    """Note how many come.

    Args:
        people: How many.
    """
    return {"people": people}, TRANSITION_IN_YAML


async def noted(args: FlowArgs, flow_manager: FlowManager) -> Any:
    """Note it."""


async def get_hours(params: FunctionCallParams) -> None:
    """Tell when we are open."""


def flow(yaml: str = YAML) -> Flow:
    return Flow(FlowConfig.from_yaml(yaml), handlers={"note": note})


def node(**more: Any) -> NodeConfig:
    given: Any = {"name": "party", "task_messages": [], **more}
    return given  # type: ignore[no-any-return]


async def late() -> NodeConfig:
    return node()


def fails() -> NodeConfig:
    raise LookupError("no menu")


def agent(flow: Any, **options: Any) -> VoiceAgent:
    services: dict[str, Any] = {
        "stt": FakeSTT(script=[]),
        "llm": FakeLLM(script=[]),
        "tts": FakeTTS(),
        **options,
    }
    return VoiceAgent(flow=flow, **services)


SCHEMA = FlowsFunctionSchema(
    name="note", description="Note", properties={}, required=[], handler=noted
)


@pytest.mark.parametrize("given", [flow(), node(functions=[note]), node, None])
def test_what_a_flows_user_has_is_taken(given: Any) -> None:
    assert agent(given, tools=[get_hours]).flow is given


@pytest.mark.parametrize(
    ("given", "options", "told"),
    [
        ("flow.yaml", {}, r"^flow='flow.yaml': give a Flow\(config, handlers=…\)"),
        (FlowConfig.from_yaml(YAML), {}, r"^flow=FlowConfig\(…\) has no code: give Flow"),
        (late, {}, r"^flow=late is an async function: give"),
        (fails, {}, r"^flow=fails, called without arguments, raised LookupError: no menu"),
        (lambda: "party", {}, r"^flow=<lambda> returned 'party', which is no node"),
        (lambda name: node(), {}, r"^flow=<lambda>, called without arguments, raised TypeError"),
        ({"name": "party"}, {}, r"^flow: node 'party' has no list of task_messages"),
        (node(functions=[get_hours]), {}, r"^flow: node 'party': function get_hours: "),
        (node(functions=["note"]), {}, r"^flow: node 'party': function 'note'"),
        (node(functions=[note]), {"tools": [note]}, r"'party' has 'note', .* every node already"),
        (node(), {"tools": [note, SCHEMA]}, r"^flow: 'note' is there twice at every node"),
        (node(pre_actions=[{"type": "ring"}]), {}, r"type 'ring' without a handler.*tts_say"),
        (node(pre_actions=[{}]), {}, r"action of type None without a handler"),
        (
            node(post_actions=[{"type": "uninterruptible"}]),
            {},
            r"'party': uninterruptible belongs among its pre_actions",
        ),
        (flow(), {"interruption": None}, r"^flow: node 'terms' is uninterruptible, which needs"),
        (node(task_messages=["Ask."]), {}, r"'party': 'Ask.' among its task_messages is no dict"),
        (node(functions=None), {}, r"^flow: node 'party' has no list of functions"),
        (node(pre_actions={"type": "tts_say"}), {}, r"'party' has no list of pre_actions"),
        (node(post_actions=["ring"]), {}, r"'party': 'ring' among its post_actions is no dict"),
        (node(pre_actions=[{"type": "function"}]), {}, r"type 'function' without a handler"),
        (node(pre_actions=[{"type": "tts_say"}]), {}, r"'party' has a tts_say without a text"),
        (node(name=5), {}, r"name=5 is no text"),
        (node(role_message=[]), {}, r"'party': role_message=\[\] is no text"),
        (node(context_strategy="reset"), {}, r"context_strategy='reset': give ContextStrategyC"),
        (
            node(post_actions=[{"type": "end_conversation", "text": "Bye, {{ name }}."}]),
            {},
            r"'party' ends with 'Bye, {{ name }}.', which is said as it is written",
        ),
        (
            node(functions=[replace(SCHEMA, handler=None)]),  # type: ignore[arg-type]
            {},
            r"'party': function note: handler=None is no function",
        ),
        (node(), {"tools": [lambda flow_manager: None]}, r"^flow: tools: function <lambda>: "),
        (flow(), {"llm": "embedded"}, r"^flow needs an LLM that calls .* name another llm"),
        (None, {"tools": [note]}, r"^tools: <function not.*first"),
    ],
)
def test_a_flow_that_would_fail_in_a_call_is_refused(
    given: Any, options: dict[str, Any], told: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=told) as refused:
        agent(given, **options)
    assert "\n" not in str(refused.value)


def test_a_flow_with_a_speech_to_speech_model_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^flow with realtime: .*: use llm$"):
        VoiceAgent(flow=flow(), realtime=lambda: FakeLLM(script=[]))
