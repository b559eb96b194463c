"""Whether a call went as a scenario expects: each difference is told in one sentence."""

import re
from collections.abc import Sequence
from typing import Any

from antiphon.simulation.recording import CallRecord
from antiphon.simulation.recording.record import Turn
from antiphon.simulation.scenarios.schema import Expectations, Line, Scenario

__all__ = ["differences"]


def differences(scenario: Scenario, record: CallRecord) -> list[str]:
    """Return how a call differed from what its scenario expects, one sentence each.

    Args:
        scenario: What was to happen.
        record: What happened.
    """
    found = _greeting(scenario.expect, record)
    lines = [line for line in scenario.lines if not line.hang_up]
    for number, line in enumerate(lines, start=1):
        if number >= len(record.turns):
            found.append(f"the call ended before line {number}, {line.told!r}")
            break
        found += [f"turn {number}: {text}" for text in _of_turn(line, record.turns[number])]
    if scenario.recording or scenario.replay:
        # Of a recorded caller no words are known, only that each line wants an answer.
        found += [
            f'turn {turn.index}: the agent did not answer "{turn.caller.recognised}"'
            for turn in record.caller_turns
            if turn.caller and turn.ttfa_secs is None
        ]
    return found + _of_call(scenario.expect, record)


def _greeting(expect: Expectations, record: CallRecord) -> list[str]:
    greeted = bool(record.turns) and record.turns[0].ttfa_secs is not None
    if expect.greeted is None or greeted == expect.greeted:
        return []
    return [f"the agent {'greeted' if greeted else 'did not greet'} the caller"]


def _of_turn(line: Line, turn: Turn) -> list[str]:
    found: list[str] = []
    caller, heard = turn.caller, turn.agent.heard if turn.agent else ""
    errors = caller.errors if caller else None
    if caller and errors and line.max_wer is not None and errors.rate > line.max_wer:
        found.append(f'the agent understood "{caller.recognised}" for "{line.told}"')
    if turn.ttfa_secs is None:
        if line.answered:
            found.append(f'the agent did not answer "{line.told}"')
    elif line.answered is False:
        found.append(f'the agent answered "{heard}", and should not have')
    elif line.answer and not _contains(heard, line.answer):
        found.append(f'the agent answered "{heard}", without "{line.answer}"')
    waited_secs = turn.ttfa_secs or 0.0
    if line.within_secs is not None and waited_secs > line.within_secs:
        found.append(
            f"the answer took {waited_secs * 1000:.0f} ms, "
            f"more than {line.within_secs * 1000:.0f} ms"
        )
    calls = [(call.name, dict(call.arguments), call.outcome) for call in turn.tool_calls]
    expected = [(line.tool, line.arguments, line.tool_outcome)] if line.tool else []
    if [call[:2] for call in calls] != [call[:2] for call in expected]:
        found.append(f"the agent called {_calls(calls)} instead of {_calls(expected)}")
    elif calls != expected:
        found.append(f"{_calls(calls)} {calls[0][2]}, expected: {line.tool_outcome}")
    return found + _of_barge_in(line, turn)


def _of_barge_in(line: Line, turn: Turn) -> list[str]:
    if line.interrupted is None:
        return []
    if turn.barge_in is None:
        return ["the agent was not speaking when the caller meant to talk over it"]
    if not line.interrupted:
        return ["the agent stopped when the caller spoke"] if turn.barge_in.interrupted else []
    if not turn.barge_in.interrupted:
        return ["the agent did not stop when the caller talked over it"]
    if turn.barge_in.stop_secs > line.max_stop_secs:
        return [
            f"the agent spoke on for {turn.barge_in.stop_secs:.2f} s over the caller, "
            f"more than {line.max_stop_secs:g} s"
        ]
    return []


def _of_call(expect: Expectations, record: CallRecord) -> list[str]:
    agents = [turn.agent for turn in record.turns if turn.agent]
    heard = " ".join(agent.heard for agent in agents)
    said = " ".join(f"{agent.heard} {agent.unheard}" for agent in agents)
    found = [f'the agent never said "{text}"' for text in expect.said if not _contains(said, text)]
    found += [
        f'the caller never heard "{text}"' for text in expect.heard if not _contains(heard, text)
    ]
    found += [f'the agent said "{text}"' for text in expect.never_said if _contains(said, text)]
    understood = [turn.caller.recognised for turn in record.turns if turn.caller]
    passed_on = [repr(dict(call.arguments)) for call in record.tool_calls]
    exposed = " ".join((*understood, *passed_on, said))
    found += [
        f"text {number} of 'redacted' was not redacted"
        for number, text in enumerate(expect.redacted, start=1)
        if _contains(exposed, text)
    ]
    if expect.max_secs is not None and record.duration_secs > expect.max_secs:
        found.append(
            f"the call lasted {record.duration_secs:.1f} s, more than {expect.max_secs:g} s"
        )
    return found


def _contains(text: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE) is not None


def _calls(calls: Sequence[tuple[str, dict[str, Any], str]]) -> str:
    texts = [
        f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
        for name, arguments, _ in calls
    ]
    return ", ".join(texts) or "nothing"
