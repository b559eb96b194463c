"""What a composed agent does about waiting: it measures, fills, and apologises."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from antiphon.processors.latency import (
    Apology,
    Budgets,
    Filler,
    LatencyObserver,
    WatchdogLimits,
)

__all__ = ["LatencySettings", "what_fills_waits"]

# A recording, because the voice may be what is stuck. Spoken by flite's voice rms.
APOLOGY = Path(__file__).with_name("apology.wav")

# By then a filler has been heard, so a slow answer is given longer than an observer alone gives it.
FIRST_TOKEN_LIMIT_SECS = 4.0


@dataclass(frozen=True, kw_only=True)
class LatencySettings:
    """What a wait for the agent may cost, and what the caller hears meanwhile.

    Parameters:
        budgets: What a wait may cost; each is measured.
        limits: After how long a service counts as stuck. Its request is then ended and the caller
            hears the apology. A model that thinks for long needs another `no_first_token`.
        fillers: What the agent says in turn when a tool or the model keeps the caller waiting.
        apology: A WAV file, 16-bit and mono, that asks the caller to say it again, if any.
    """

    budgets: Budgets = field(default_factory=Budgets)
    limits: WatchdogLimits = field(
        default_factory=lambda: WatchdogLimits(no_first_token=FIRST_TOKEN_LIMIT_SECS)
    )
    fillers: Sequence[str] = ("One moment…",)
    apology: str | Path | None = APOLOGY

    def __post_init__(self) -> None:
        """Refuse what would fail only in a call."""
        if not isinstance(self.budgets, Budgets):
            raise TypeError(f"budgets={self.budgets!r}: give Budgets(…)")
        if not isinstance(self.limits, WatchdogLimits):
            raise TypeError(f"limits={self.limits!r}: give WatchdogLimits(…)")
        if not isinstance(self.fillers, list | tuple) or not all(
            isinstance(text, str) for text in self.fillers
        ):
            raise TypeError(f"fillers={self.fillers!r}: give a list of texts")
        if not isinstance(self.apology, str | Path | None):
            raise TypeError(f"apology={self.apology!r}: give the path of a WAV file, or None")

    def observer(self, call_id: str) -> LatencyObserver:
        """Make what measures a call.

        Args:
            call_id: What the call is reported under.
        """
        return LatencyObserver(
            call_id=call_id, budgets=self.budgets, limits=self.limits, end_stuck=True
        )


def what_fills_waits(
    settings: LatencySettings | None, observer: LatencyObserver | None
) -> tuple[list[Filler], list[Apology]]:
    """Make what the caller hears while a service keeps them waiting, each if it is wanted.

    Args:
        settings: The agent's.
        observer: Knows of a stuck service.

    Returns:
        What stands before the voice, and what stands after it.
    """
    if settings is None:
        return [], []
    fillers = [Filler(texts=settings.fillers)] if settings.fillers else []
    apologies = [Apology(recording=settings.apology, observer=observer)] if settings.apology else []
    for filler in fillers:
        for apology in apologies:
            apology.add_event_handler("on_apology", filler.give_up)
    return fillers, apologies
