"""How the agent sounds when the caller speaks over it, and how callers interrupt."""

from dataclasses import dataclass, field

from antiphon.core.road import Place
from antiphon.processors.interruption.decision import DecisionSettings

__all__ = ["PLACE", "InterruptionSettings", "PlaybackSettings"]

PLACE = Place(
    behind="TTSService",
    before="BaseOutputTransport",
    otherwise="there the voice passes it by, and is not ducked, held or resumed",
    also=Place(
        before="LLMAssistantAggregator",
        otherwise="there the conversation keeps words that nobody heard",
    ),
)


@dataclass(frozen=True, kw_only=True)
class PlaybackSettings:
    """How the agent sounds when the caller speaks over it.

    Parameters:
        duck_gain: The agent's loudness, 0 to 1, while it is not yet clear what the caller wants.
        ramp_secs: How long the loudness takes to change; at least a few thousandths, or it clicks.
        clause_after_secs: After a silence longer than this the agent begins again at the start of
            the clause; after a shorter one, at the word it had reached.
        cut_mark: What the context shows after the last heard word of a reply that was cut; "" for
            nothing.
        piece_secs: How much audio is handed to the transport at a time. Not less than its chunks
            (Pipecat's `audio_out_10ms_chunks`, 40 ms unless set), or the voice starts late.
        max_buffer_secs: How much audio may wait in the gate; beyond it the TTS service waits.
    """

    duck_gain: float = 0.25
    ramp_secs: float = 0.02
    clause_after_secs: float = 1.0
    cut_mark: str = "—"
    piece_secs: float = 0.04
    max_buffer_secs: float = 120.0

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        if not 0 <= self.duck_gain <= 1:
            raise ValueError(f"duck_gain is {self.duck_gain!r}: give a number from 0 to 1")
        for name in ("ramp_secs", "clause_after_secs", "piece_secs", "max_buffer_secs"):
            if not (value := getattr(self, name)) > 0:
                raise ValueError(f"{name} is {value!r}: give a number above 0")


@dataclass(frozen=True, kw_only=True)
class InterruptionSettings:
    """How callers interrupt.

    Parameters:
        decision: How to decide about what was said.
        playback: How the agent sounds meanwhile.
        enable_interruptions: Whether a turn interrupts the agent, as in Pipecat.
        late_transcript_secs: Where a transcript comes without a voice having been noticed: how long
            before it the caller began.
        decider_limit_secs: How long another decider may take before ours decides.
        side_effect_tools: Functions that must not be cut short: while one runs, the agent falls
            silent for an interruption, but the turn begins when the function is done.
        silent_hold_limit_secs: How long the agent stays silent for a voice without a word (a
            television). Up to 5 s where a word cannot be expected so soon: of a service that tells
            none before its final ones, or of an answer.
    """

    decision: DecisionSettings = field(default_factory=DecisionSettings)
    playback: PlaybackSettings = field(default_factory=PlaybackSettings)
    enable_interruptions: bool = True
    late_transcript_secs: float = 1.0
    decider_limit_secs: float = 0.2
    side_effect_tools: frozenset[str] = frozenset()
    silent_hold_limit_secs: float = 0.8

    def __post_init__(self) -> None:
        """Refuse what would fail only in a call, or be taken for something else."""
        for name, kind in (("decision", DecisionSettings), ("playback", PlaybackSettings)):
            if not isinstance(value := getattr(self, name), kind):
                raise TypeError(f"{name} is {value!r}: give {kind.__name__}(…)")
        if not isinstance(self.enable_interruptions, bool):
            raise TypeError(
                f"enable_interruptions is {self.enable_interruptions!r}: give True or False"
            )
        tools = self.side_effect_tools
        # A text would be searched for the name.
        if not isinstance(tools, frozenset | set | list | tuple) or not all(
            isinstance(tool, str) for tool in tools
        ):
            raise TypeError(f"side_effect_tools is {tools!r}: give the names of functions")
        for name in ("late_transcript_secs", "decider_limit_secs", "silent_hold_limit_secs"):
            if not (value := getattr(self, name)) > 0:
                raise ValueError(f"{name} is {value!r}: give a number of seconds above 0")
