"""What a wait may cost, stage by stage, and whom to blame when it costs more."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from antiphon.processors.latency.core.stages import MIN_STAGE_SECS
from antiphon.processors.latency.core.stats import BARGE_IN, FIRST_SOUND, TTFA, LatencyStats
from antiphon.processors.latency.core.turn import BargeIn
from antiphon.processors.latency.core.turn_latency import TurnLatency

__all__ = ["DEFAULT_BUDGETS_SECS", "Breach", "Budgets"]

# Whole waits: Jefferson (1988) proposes about 1 s as the longest silence that conversation usually
# has; Berger (Pragmatics 21:3, 2011), whence the figure, shows that not all conversation keeps to
# it. An answer after 0.6 s is already heard as less willing than one at once, after 1.2 s still
# less (Roberts, Francis and Morgan 2006: "The interaction of inter-turn silence with prosodic cues
# in listener perceptions of 'trouble' in conversation"; no other pauses were tested). People leave
# each other about 0.2 s (Levinson and Torreira 2015, doi 10.3389/fpsyg.2015.00731).
# Barge-in: 0.1 s is felt as at once, by Miller's rule (1968), which he drew from experience and
# not from experiments; it comes after the 0.2 s that Pipecat's VAD listens.
# Playout: up to 0.15 s one way is acceptable to ITU-T G.114.
# The stages share the second of the whole wait; the shares are ours. A tool is outside it, and its
# second is ours as well.
DEFAULT_BUDGETS_SECS: Mapping[str, float] = {
    TTFA: 1.0,
    FIRST_SOUND: 1.0,
    BARGE_IN: 0.3,
    "endpointing_wait": 0.2,
    "transcription": 0.1,
    "turn_detection": 0.1,
    "context": 0.02,
    "llm_inference": 0.3,
    "sentence_aggregation": 0.06,
    "speech_synthesis": 0.15,
    # A model that hears and speaks itself has the share of all that it stands for.
    "speech_to_speech": 0.6,
    "output_transport": 0.04,
    "pipeline": 0.03,
    "function_handler": 1.0,
    "playout": 0.15,
}


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A budget that was exceeded.

    Parameters:
        budget: The budget: a stage, or `ttfa`, `first_sound` or `barge_in`.
        secs: What it took.
        limit_secs: What it may take.
        blame: The stage to blame: that whose excess over its own budget is greatest.
        owner: The processor, tool or setting behind that stage.
        turn: The number of the turn in its call; None for a barge-in.
    """

    budget: str
    secs: float
    limit_secs: float
    blame: str
    owner: str = ""
    turn: int | None = None


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """Limits in seconds, and how often they may be exceeded.

    Parameters:
        secs: The limits by stage; what has none is not watched. To change a few:
            `{**DEFAULT_BUDGETS_SECS, "llm_inference": 0.5}`.
        objective: The share of waits that should stay within: 0.95 leaves an error budget of 5 %.
    """

    secs: Mapping[str, float] = field(default_factory=lambda: DEFAULT_BUDGETS_SECS)
    objective: float = 0.95

    def __post_init__(self) -> None:
        """Refuse limits that cannot be kept or missed."""
        for stage, limit in self.secs.items():
            if not limit > 0:
                raise ValueError(f"the budget of {stage!r} must be above 0 seconds, not {limit!r}")
        if not 0 < self.objective < 1:
            raise ValueError(f"an objective is a share between 0 and 1, not {self.objective!r}")

    def check(self, turn: TurnLatency) -> list[Breach]:
        """Return the budgets that a turn exceeded; that of the whole wait first.

        Args:
            turn: The turn; one that is no answer exceeds nothing.
        """
        if not turn.counts:
            return []
        assert turn.total_secs is not None
        spent = {stage.name: turn.secs_of(stage.name) or 0.0 for stage in turn.stages}
        owners = {stage.name: stage.owner for stage in turn.stages}
        blame = max(
            spent,
            key=lambda name: (spent[name] - self.secs.get(name, 0.0), spent[name]),
            default="",
        )
        wholes = {TTFA: turn.total_secs, FIRST_SOUND: turn.first_sound_secs or 0.0}
        breaches: list[Breach] = []
        for name, secs in (*wholes.items(), *spent.items()):
            limit = self.secs.get(name)
            if limit is not None and secs > limit + MIN_STAGE_SECS:
                to_blame = blame if name in wholes else name
                breaches.append(
                    Breach(
                        budget=name,
                        secs=secs,
                        limit_secs=limit,
                        blame=to_blame,
                        owner=owners.get(to_blame, ""),
                        turn=turn.number,
                    )
                )
        return breaches

    def check_barge_in(self, barge_in: BargeIn) -> list[Breach]:
        """Return the breach of a barge-in that took too long, if it did."""
        secs, limit = barge_in.total_secs, self.secs.get(BARGE_IN)
        if secs is None or limit is None or secs <= limit + MIN_STAGE_SECS:
            return []
        steps = [
            ("vad", barge_in.vad_at),
            ("decision", barge_in.decided_at),
            ("silence", barge_in.silent_at),
        ]
        before = barge_in.onset_at or 0.0
        taken: dict[str, float] = {}
        for name, at in steps:
            if at is not None:
                taken[name], before = at - before, at
        return [
            Breach(
                budget=BARGE_IN,
                secs=secs,
                limit_secs=limit,
                blame=max(taken, key=lambda name: taken[name]),
            )
        ]

    def burn_rate(
        self, stats: LatencyStats, budget: str = TTFA, *, window_secs: float, at: float
    ) -> float | None:
        """Return how fast the error budget is being spent.

        Multi-window alerts follow chapter 5 of Google's SRE Workbook: page when both a short
        and a long window burn fast.

        Args:
            stats: What was counted.
            budget: Which of the budgets.
            window_secs: One of the windows of `stats`.
            at: The present time, as given to `stats`.

        Returns:
            1 if the budget is spent exactly as fast as the objective allows, 20 if every wait
            is too long at an objective of 95 %; None without a limit or without waits.
        """
        limit = self.secs.get(budget)
        histogram = stats.histogram(budget, window_secs=window_secs, at=at)
        if limit is None or not histogram.count:
            return None
        exceeded = 1 - histogram.count_up_to(limit) / histogram.count
        return exceeded / (1 - self.objective)
