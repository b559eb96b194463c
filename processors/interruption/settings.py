"""How the agent sounds when the caller speaks over it, and how callers interrupt."""

from dataclasses import dataclass, field

from antiphon.processors.interruption.decision import DecisionSettings

__all__ = ["InterruptionSettings", "PlaybackSettings"]


@dataclass(frozen=True, kw_only=True)
class PlaybackSettings:
    """How the agent sounds when the caller speaks over it.

    Attributes:
        duck_gain: The agent's loudness, 0 to 1, while it is not yet clear what the caller wants.
        ramp_ms: How long the loudness takes to change; at least a few ms, or it clicks.
        clause_after_ms: After a silence longer than this the agent begins again at the start of
            the clause; after a shorter one, at the word it had reached.
        cut_mark: What the context shows after the last heard word of a reply that was cut; "" for
            nothing.
        piece_ms: How much audio is handed to the transport at a time. Not less than its own chunks
            (Pipecat's `audio_out_10ms_chunks`, 40 ms unless set), or the voice starts late.
        max_buffer_ms: How much audio may wait in the gate; beyond it the TTS service waits.
    """

    duck_gain: float = 0.25
    ramp_ms: float = 20
    clause_after_ms: float = 1000
    cut_mark: str = "—"
    piece_ms: float = 40
    max_buffer_ms: float = 120_000

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        if not 0 <= self.duck_gain <= 1:
            raise ValueError(f"duck_gain is {self.duck_gain!r}: give a number from 0 to 1")
        for name in ("ramp_ms", "clause_after_ms", "piece_ms", "max_buffer_ms"):
            if not (value := getattr(self, name)) > 0:
                raise ValueError(f"{name} is {value!r}: give a number above 0")


@dataclass(frozen=True, kw_only=True)
class InterruptionSettings:
    """How callers interrupt.

    Attributes:
        decision: How to decide about what was said.
        late_transcript_ms: Where a transcript comes without a voice having been noticed: how long
            before it the caller began.
        decider_limit_ms: How long another decider may take before ours decides.
        side_effect_tools: Functions that must not be cut short: while one runs, the agent falls
            silent for an interruption, but the turn begins when the function is done.
        silent_hold_limit_ms: How long the agent stays silent for a voice of which no word arrives.
    """

    decision: DecisionSettings = field(default_factory=DecisionSettings)
    late_transcript_ms: float = 1000
    decider_limit_ms: float = 200
    side_effect_tools: frozenset[str] = frozenset()
    silent_hold_limit_ms: float = 5000

    def __post_init__(self) -> None:
        """Refuse limits that are none."""
        for name in ("late_transcript_ms", "decider_limit_ms", "silent_hold_limit_ms"):
            if not (value := getattr(self, name)) > 0:
                raise ValueError(f"{name} is {value!r}: give a number of milliseconds above 0")
