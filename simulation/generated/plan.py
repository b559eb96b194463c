"""A generated call before it happens: what the caller does, and how the services are meanwhile."""

from dataclasses import dataclass, field
from typing import Literal

from antiphon.simulation.caller.script import Moment

__all__ = ["CallPlan", "Ending", "Fault", "Hearing", "Line", "LineKind", "Reply"]

LineKind = Literal["turn", "barge_in", "keys", "backchannel", "noise"]
Ending = Literal["hung up", "hung up early", "idle", "agent"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """How a service fails at one request.

    Parameters:
        after: How much of it still comes: words of the model, tenths of a second of the voice.
        error: What it reports; without it, it hangs.
    """

    after: int = 0
    error: bool = False


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """What the recogniser makes of a line.

    Parameters:
        final_secs: From the last sound to the final transcript; None if none comes.
        again_secs: How long after it the same comes again, if it does.
    """

    final_secs: float | None
    again_secs: float | None = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """How the model answers a line, the first time that it is asked.

    Parameters:
        words: How many.
        first_token_secs: From the request to the first token.
        tool: Which tool is used first: one that "works", "raises", "forgets" or "hangs", or one
            that "ends" the call.
        tool_secs: How long that takes.
        fault: How it fails, if it does.
    """

    words: int
    first_token_secs: float
    tool: Literal["works", "raises", "forgets", "hangs", "ends"] | None = None
    tool_secs: float = 0.0
    fault: Fault | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that the caller does.

    Parameters:
        kind: What it is; only "turn", "barge_in" and "keys" want an answer.
        text: The words, or the keys; nothing of a noise.
        secs: How long it sounds.
        after: The moment that it waits for.
        after_secs: How long after that moment.
        hearing: What the recogniser makes of it.
        reply: How it is answered.
    """

    kind: LineKind
    text: str
    secs: float
    after: Moment
    after_secs: float
    hearing: Hearing
    reply: Reply

    @property
    def wants_answer(self) -> bool:
        """Whether the caller takes the turn with it."""
        return self.kind in ("turn", "barge_in", "keys")


@dataclass(frozen=True, kw_only=True)
class CallPlan:
    """A call.

    Parameters:
        seed: What it was drawn from.
        lines: What the caller does, in order.
        ending: How the call is to end.
        hang_up_after: The moment that the caller waits for to hang up.
        hang_up_secs: How long after it.
        greeting: Whether the agent speaks first.
        silence_secs: The silence that ends a turn.
        interims: Whether words are told before they are final.
        marks_finals: Whether the recogniser says that nothing follows a final.
        word_times: Whether the voice tells when each word sounds.
        words_per_sec: The voice's pace.
        audio_pace: Seconds that a second of the voice takes to arrive.
        tokens_per_sec: The model's pace.
        first_audio_secs: For each sentence in turn, from it to its first sound.
        voice_faults: At which sentences the voice fails, and how.
    """

    seed: int
    lines: tuple[Line, ...]
    ending: Ending
    hang_up_after: Moment
    hang_up_secs: float
    greeting: bool
    silence_secs: float
    interims: bool
    marks_finals: bool
    word_times: bool
    words_per_sec: float
    audio_pace: float
    tokens_per_sec: float
    first_audio_secs: tuple[float, ...]
    voice_faults: dict[int, Fault] = field(default_factory=dict)
