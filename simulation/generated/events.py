"""What was seen of a generated call, for its judge; times are the event loop's, in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from antiphon.simulation.generated.marked_voice import Heard
from antiphon.simulation.generated.plan import CallPlan, Line

__all__ = ["Answer", "CallEvents", "Final", "Measured", "Outage", "SaidWord", "SpokenLine"]


@dataclass(frozen=True, kw_only=True)
class SpokenLine:
    """What the caller did, as it came about.

    Parameters:
        line: The line of the plan.
        start_secs: When its first sound was sent.
        end_secs: When its last sound had been.
    """

    line: Line
    start_secs: float
    end_secs: float


@dataclass(frozen=True, kw_only=True)
class Final:
    """A final transcript that left the recogniser.

    Parameters:
        at_secs: When.
        line: What was heard.
    """

    at_secs: float
    line: Line


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the model said when it was asked once.

    Parameters:
        at_secs: When it was asked.
        line: The last line of the caller's that it was told.
        words: What it said.
        broke_off: Whether more was to come.
    """

    at_secs: float
    line: Line | None
    words: tuple[str, ...] = ()
    broke_off: bool = False


@dataclass(frozen=True, kw_only=True)
class SaidWord:
    """A word that was given to the voice.

    Parameters:
        text: The word.
        request: In which of its sentences.
        secs: How long its sound is.
    """

    text: str
    request: int
    secs: float


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A service that does not do what is owed in its ordinary time.

    Parameters:
        at_secs: Since when.
        service: Which: "stt", "llm", "tts" or "tool".
    """

    at_secs: float
    service: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A turn as the call's own latency observer tells of it.

    Parameters:
        kind: How it ended.
        answered_secs: When the answer began to sound; None without one.
    """

    kind: str
    answered_secs: float | None


@dataclass(kw_only=True)
class CallEvents:
    """All that was seen of a call.

    Parameters:
        plan: What was to happen.
        lines: What the caller did.
        finals: The final transcripts.
        answers: What the model was asked and said.
        said: What was given to the voice, by the number that marks its sound.
        heard: What the caller heard.
        outages: When services were out.
        context: The conversation as it was kept: role and text.
        measured: The turns in the call's latency; None if nothing measures it.
        in_percentiles: How many turns the percentiles of the wait have.
        endings: The kinds of frames with which the call ended, each as often as it was told.
        hung_up_secs: When the caller hung up.
        agent_ends_secs: When the agent was told to end the call.
        ended_secs: When the call was over.
        failure: What went wrong, if the call broke.
    """

    plan: CallPlan
    lines: list[SpokenLine] = field(default_factory=list)
    finals: list[Final] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    said: dict[int, SaidWord] = field(default_factory=dict)
    heard: Heard = field(default_factory=lambda: Heard(words=(), recordings=(), audible=()))
    outages: list[Outage] = field(default_factory=list)
    context: Sequence[tuple[str, str]] = ()
    measured: list[Measured] | None = None
    in_percentiles: int = 0
    endings: list[str] = field(default_factory=list)
    hung_up_secs: float | None = None
    agent_ends_secs: float | None = None
    ended_secs: float | None = None
    failure: str | None = None
