"""The demo's call as data: what the caller says, and what must come of it."""

import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from antiphon.simulation.caller import Say
from antiphon.simulation.recording import CallRecord, Turn
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CallScript", "Line"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(_Data):
    """A line and what is expected of its turn.

    Parameters:
        text: What the caller says.
        answer: Words that the answer must contain.
        tool: The function that must be called, with `arguments`; None expects no call.
        arguments: What it must be called with.
        over_agent_after_secs: Talk over the agent, so long after it began to speak.
        max_wer: The word error rate that is still good enough.
        max_stop_secs: How long the agent may go on speaking when it is talked over.
    """

    text: str
    answer: str
    tool: str | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    over_agent_after_secs: float | None = None
    max_wer: float = 0.25
    max_stop_secs: float = 1.0

    def step(self) -> Say:
        """Return the line as a caller's step."""
        if self.over_agent_after_secs is None:
            return Say(text=self.text)
        return Say(text=self.text, after="agent_starts", after_secs=self.over_agent_after_secs)

    def differences(self, turn: Turn) -> list[str]:
        """Return how a turn differed from what is expected, one sentence each."""
        found: list[str] = []
        caller, heard = turn.caller, turn.agent.heard if turn.agent else ""
        errors = caller.errors if caller else None
        if caller and errors and errors.rate > self.max_wer:
            found.append(f'the agent understood "{caller.recognised}" for "{self.text}"')
        if turn.ttfa_secs is None:
            found.append(f'the agent did not answer "{self.text}"')
        elif not re.search(rf"\b{re.escape(self.answer)}\b", heard, re.IGNORECASE):
            found.append(f'the agent answered "{heard}", without "{self.answer}"')
        calls = [(call.name, dict(call.arguments)) for call in turn.tool_calls]
        expected = [(self.tool, self.arguments)] if self.tool else []
        if calls != expected:
            found.append(f"the agent called {_calls(calls)} instead of {_calls(expected)}")
        found += self._barge_in_differences(turn)
        return found

    def _barge_in_differences(self, turn: Turn) -> list[str]:
        if self.over_agent_after_secs is None:
            return []
        if turn.barge_in is None:
            return ["the agent was not speaking when the caller meant to talk over it"]
        if not turn.barge_in.interrupted:
            return ["the agent did not stop when the caller talked over it"]
        if turn.barge_in.stop_secs > self.max_stop_secs:
            return [
                f"the agent spoke on for {turn.barge_in.stop_secs:.2f} s over the caller, "
                f"more than {self.max_stop_secs:g} s"
            ]
        return []


class CallScript(_Data):
    """A whole call.

    Parameters:
        title: What to call it.
        greeting: What the agent says first.
        lines: What the caller says.
    """

    title: str
    greeting: str
    lines: tuple[Line, ...] = Field(alias="line")

    @classmethod
    def demo(cls) -> "CallScript":
        """Return the demo's call."""
        data = files("antiphon.simulation.demo").joinpath("call.toml").read_text(encoding="utf-8")
        return cls.model_validate(tomllib.loads(data))

    def without_barge_in(self) -> "CallScript":
        """Return the same call with a caller who waits for every turn."""
        lines = [line.model_copy(update={"over_agent_after_secs": None}) for line in self.lines]
        return self.model_copy(update={"lines": tuple(lines)})

    def differences(self, record: CallRecord) -> list[str]:
        """Return how a call differed from this script, one sentence each."""
        found: list[str] = []
        if not record.turns or record.turns[0].ttfa_secs is None:
            found.append("the agent did not greet the caller")
        for number, line in enumerate(self.lines, start=1):
            if number >= len(record.turns):
                return [*found, f"the call ended before line {number}, {line.text!r}"]
            found += [f"turn {number}: {text}" for text in line.differences(record.turns[number])]
        return found


def _calls(calls: Sequence[tuple[str, dict[str, Any]]]) -> str:
    texts = [
        f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
        for name, arguments in calls
    ]
    return ", ".join(texts) or "nothing"
