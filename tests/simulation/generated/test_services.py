"""The services of a generated call do as its plan says."""

from dataclasses import replace

from pipecat.processors.aggregators.llm_context import LLMContext

from antiphon.simulation.generated.drawing import plan_call
from antiphon.simulation.generated.events import CallEvents, SpokenLine
from antiphon.simulation.generated.services import last_line


def test_a_line_in_whose_words_another_stands_is_answered_itself() -> None:
    plan = plan_call(1)
    question = replace(plan.lines[0], text="where is my order right now")
    aside = replace(plan.lines[0], text="right", kind="backchannel")
    lines = [SpokenLine(line=each, start_secs=1.0, end_secs=2.0) for each in (question, aside)]
    context = LLMContext([{"role": "user", "content": question.text}])
    assert last_line(context, CallEvents(plan=plan, lines=lines)) is question


def test_keys_are_answered_though_a_redactor_hides_which_they_were() -> None:
    plan = plan_call(1)
    keys = replace(plan.lines[0], text="4711#", kind="keys")
    lines = [SpokenLine(line=keys, start_secs=1.0, end_secs=2.0)]
    context = LLMContext([{"role": "user", "content": "DTMF: <CREDIT_CARD>#"}])
    assert last_line(context, CallEvents(plan=plan, lines=lines)) is keys
