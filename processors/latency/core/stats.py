"""Percentiles per stage, provider, model and transport: of a call, of the last minutes, of all.

Bounded in memory, and mergeable: calls into a process, processes into a fleet.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from antiphon.processors.latency.core.conversation import ConversationMeasures
from antiphon.processors.latency.core.histogram import Histogram, SlidingHistogram
from antiphon.processors.latency.core.turn import BargeIn
from antiphon.processors.latency.core.turn_latency import TurnLatency

__all__ = [
    "BARGE_IN",
    "FIRST_SOUND",
    "PROCESS",
    "TTFA",
    "Count",
    "LatencyStats",
    "Percentiles",
    "Series",
]

TTFA = "ttfa"
"""The series of whole waits: from the caller's silence to the answer's first audio."""

FIRST_SOUND = "first_sound"
"""The series of waits to the first sound of any kind, fillers included."""

BARGE_IN = "barge_in"
"""The series of barge-ins: from the caller's voice to the agent's silence."""

WINDOWS_SECS = (300.0, 3600.0)
"""What burn rates are watched over: five minutes finds a fire, an hour confirms it."""

MAX_NODES = 50
"""Nodes of flows kept apart; later ones, whose names may be made in the call, are `other`."""

MAX_SERIES = 500
"""Series kept apart; later ones are counted under `other`, so that labels cannot fill memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """What a histogram is about.

    Parameters:
        stage: A stage's name, `TTFA`, `FIRST_SOUND`, `BARGE_IN`, or a probe's name and kind.
        provider: The provider behind the stage, if it is a service.
        model: Its model.
        transport: The kind of transport.
        node: Of whole waits, the node of a flow in which the caller spoke.
    """

    stage: str
    provider: str = ""
    model: str = ""
    transport: str = ""
    node: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """What a counter is about, such as the turns of one kind, or one service's stalls.

    Parameters:
        what: `turns`, `stalls`, `breaches` or another plural.
        kind: Of which kind.
        owner: Whose.
    """

    what: str
    kind: str = ""
    owner: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Percentiles:
    """A histogram in four numbers.

    Parameters:
        count: How many durations were counted.
        p50: The median in seconds; None, as the others, where nothing was counted.
        p95: What 95 % do not exceed.
        p99: What 99 % do not exceed.
    """

    count: int
    p50: float | None
    p95: float | None
    p99: float | None

    @classmethod
    def of(cls, histogram: Histogram) -> "Percentiles":
        """Read them off a histogram."""
        return cls(
            count=histogram.count,
            p50=histogram.percentile(50),
            p95=histogram.percentile(95),
            p99=histogram.percentile(99),
        )


class LatencyStats:
    """Histograms and counters of one call, or of many."""

    def __init__(
        self, *, windows_secs: Iterable[float] = WINDOWS_SECS, max_series: int = MAX_SERIES
    ) -> None:
        """Start with nothing counted.

        Args:
            windows_secs: The sliding windows to keep beside "since start"; none for one call.
            max_series: How many series, and how many counters, are kept apart.
        """
        self._windows_secs = tuple(windows_secs)
        self._max_series = max_series
        self._whole: dict[Series, Histogram] = {}
        self._windows: dict[Series, tuple[SlidingHistogram, ...]] = {}
        self._counts: Counter[Count] = Counter()
        self._nodes: set[str] = set()

    def add(self, series: Series, secs: float, *, at: float) -> None:
        """Count a duration.

        Args:
            series: What it is about.
            secs: The duration in seconds.
            at: The present time in seconds, on a clock that all users of this object share.
        """
        series = self._kept(series)
        self._whole[series].add(secs)
        for window in self._windows[series]:
            window.add(secs, at=at)

    def count(self, count: Count, number: float = 1) -> None:
        """Add to a counter."""
        if count not in self._counts and len(self._counts) >= self._max_series:
            count = Count(what=count.what, kind="other")
        self._counts[count] += number  # type: ignore[assignment]  # seconds are counted, too

    def add_turn(self, turn: TurnLatency, *, at: float) -> None:
        """Count a turn by its kind, and, if it was answered, its stages."""
        self.count(Count(what="turns", kind=turn.kind))
        for flag in turn.flags:
            self.count(Count(what="flagged_turns", kind=flag))
        if not turn.counts:
            return
        for series, secs in _durations(turn):
            self.add(series, secs, at=at)

    def add_barge_in(self, barge_in: BargeIn, *, transport: str, at: float) -> None:
        """Count a barge-in, and how long the caller spoke against the agent."""
        self.count(Count(what="barge_ins"))
        if barge_in.total_secs is not None:
            self.add(Series(stage=BARGE_IN, transport=transport), barge_in.total_secs, at=at)

    def add_call(self, measures: ConversationMeasures) -> None:
        """Count how a call that is over has gone."""
        for what in _OF_A_CALL:
            self.count(Count(what=what), getattr(measures, what))
        for provider, dollars in measures.dollars.items():
            self.count(Count(what="dollars", kind=provider), dollars)

    def series(self) -> Iterator[tuple[Series, Histogram]]:
        """Return every series with what it has counted since the start."""
        yield from self._whole.items()

    def counts(self) -> Mapping[Count, float]:
        """Return every counter."""
        return self._counts

    def histogram(
        self,
        stage: str,
        *,
        window_secs: float | None = None,
        at: float = 0.0,
        node: str | None = None,
    ) -> Histogram:
        """Return what was counted of a stage, over all providers, models and transports.

        Args:
            stage: The stage.
            window_secs: One of the windows; by default since the start.
            at: The present time, for a window.
            node: Of whole waits, only those of one node of a flow.

        Returns:
            A histogram of its own, empty if nothing was counted.

        Raises:
            ValueError: If there is no such window.
        """
        if window_secs is not None and window_secs not in self._windows_secs:
            raise ValueError(
                f"no window of {window_secs} s: choose one of {self._windows_secs}, or None"
            )
        of_stage = [
            series
            for series in self._whole
            if series.stage == stage and node in (None, series.node)
        ]
        if window_secs is None:
            return Histogram.of(self._whole[series] for series in of_stage)
        index = self._windows_secs.index(window_secs)
        return Histogram.of(self._windows[series][index].merged(at=at) for series in of_stage)

    def percentiles(
        self,
        stage: str = TTFA,
        *,
        window_secs: float | None = None,
        at: float = 0.0,
        node: str | None = None,
    ) -> Percentiles:
        """Return P50, P95 and P99 of a stage; the arguments are those of `histogram`."""
        return Percentiles.of(self.histogram(stage, window_secs=window_secs, at=at, node=node))

    def nodes(self) -> list[str]:
        """Return the nodes of flows in which callers waited, by name."""
        return sorted({series.node for series in self._whole if series.node})

    def stages(self) -> list[str]:
        """Return the stages that something was counted of, the costliest first."""
        totals: Counter[str] = Counter()
        for series, histogram in self._whole.items():
            totals[series.stage] += histogram.sum  # type: ignore[assignment]
        return [stage for stage, _ in totals.most_common()]

    def merge(self, other: "LatencyStats") -> None:
        """Add what another has counted since its start; its windows are its own."""
        for series, histogram in other._whole.items():
            self._whole[self._kept(series)].merge(histogram)
        for count, number in other._counts.items():
            self.count(count, number)

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads, fit for JSON, without the windows."""
        return {
            "series": [
                {**asdict(series), "histogram": histogram.to_dict()}
                for series, histogram in self._whole.items()
            ],
            "counts": [
                {**asdict(count), "number": number} for count, number in self._counts.items()
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "LatencyStats":
        """Return the statistics that `to_dict` wrote."""
        stats = cls()
        for row in data["series"]:
            labels = {key: row[key] for key in ("stage", "provider", "model", "transport")}
            # A process of another version may tell none.
            labels["node"] = row.get("node", "")
            stats._whole[stats._kept(Series(**labels))].merge(Histogram.from_dict(row["histogram"]))
        for row in data["counts"]:
            stats.count(
                Count(what=row["what"], kind=row["kind"], owner=row["owner"]), row["number"]
            )
        return stats

    def _kept(self, series: Series) -> Series:
        if series.node and series.node not in self._nodes:
            if len(self._nodes) >= MAX_NODES:
                series = replace(series, node="other")
            self._nodes.add(series.node)
        if series not in self._whole:
            if len(self._whole) >= self._max_series:
                series = Series(stage="other")
            if series not in self._whole:
                self._whole[series] = Histogram()
                self._windows[series] = tuple(
                    SlidingHistogram(window_secs=secs) for secs in self._windows_secs
                )
        return series


_OF_A_CALL = (
    *("seconds", "dead_air_secs", "agent_utterances", "false_barge_ins", "repeat_requests"),
    *("caller_words", "agent_words"),
)


def _durations(turn: TurnLatency) -> Iterator[tuple[Series, float]]:
    assert turn.total_secs is not None
    yield Series(stage=TTFA, transport=turn.transport, node=turn.node), turn.total_secs
    if turn.first_sound_secs is not None:
        yield Series(stage=FIRST_SOUND, transport=turn.transport), turn.first_sound_secs
    whole: dict[Series, float] = {}
    for stage in turn.stages:
        series = Series(
            stage=stage.name,
            provider=stage.provider,
            model=stage.model,
            transport=turn.transport,
        )
        whole[series] = whole.get(series, 0.0) + stage.secs
    yield from whole.items()


PROCESS = LatencyStats()
"""What all calls of this process share unless told otherwise; read by the exporters."""
