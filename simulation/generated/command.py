"""`antiphon simulate --seed`: generated calls, and what was broken in them."""

import sys
from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from antiphon.simulation.generated.drawing import plan_call
from antiphon.simulation.generated.judge import Broken, judge
from antiphon.simulation.generated.play import play_call
from antiphon.simulation.generated.ranges import CallRanges
from antiphon.simulation.generated.timeline import timeline

__all__ = ["read_ranges", "replay_command", "simulate_seeds"]


def replay_command(seed: int, *, wider: float = 1.0, changes: Sequence[str] = ()) -> str:
    """Return what a developer types to have one call again, and to see all of it.

    Args:
        seed: The call's.
        wider: By how much the ranges are wider.
        changes: Ranges that are others, each as `name=value`.
    """
    told = [f"--wider {wider:g}"] if wider != 1 else []
    return " ".join([f"antiphon simulate --seed {seed}", *told, *(f"--range {c}" for c in changes)])


def read_ranges(changes: Sequence[str] = (), *, wider: float = 1.0) -> CallRanges:
    """Make the ranges of calls from what was typed.

    Args:
        changes: Each as `name=0.2`, a rate, or `name=0.5..3`, the least and the most.
        wider: By how much they are wider.

    Raises:
        ValueError: If there is no such range, or it is none.
    """
    changed: dict[str, float | tuple[float, float]] = {}
    for change in changes:
        name, _, told = change.partition("=")
        if name not in CallRanges.__dataclass_fields__:
            raise ValueError(f"there is no range {name!r}: CallRanges has them all")
        least, dots, most = told.partition("..")
        try:
            changed[name] = (float(least), float(most)) if dots else float(told)
        except ValueError:
            raise ValueError(f"{change!r}: give name=0.2, or name=0.5..3") from None
        if bool(dots) is name.endswith("_rate"):
            raise ValueError(f"{change!r}: a rate is one number, and all else two, as 0.5..3")
    return CallRanges(**changed).wider(wider)  # type: ignore[arg-type]


def simulate_seeds(
    seeds: Sequence[int], *, wider: float = 1.0, changes: Sequence[str] = ()
) -> bool:
    """Have generated calls and tell what was broken; of one alone, all that was heard.

    Args:
        seeds: Of the calls.
        wider: By how much their ranges are wider.
        changes: Ranges that are others.

    Returns:
        Whether nothing was broken.
    """
    console = Console(highlight=False, soft_wrap=True)
    ranges = read_ranges(changes, wider=wider)
    calls, kinds = 0, Counter[str]()
    for seed in seeds:
        events = play_call(plan_call(seed, ranges), ranges=ranges)
        broken = judge(events)
        if len(seeds) == 1:
            console.print("\n".join(timeline(events)), markup=False)
        if not broken:
            continue
        calls += 1
        kinds.update(each.invariant for each in broken)
        again = replay_command(seed, wider=wider, changes=changes)
        console.print(told(broken, again), markup=False, style="red")
        sys.stdout.flush()
    found = ", ".join(f"{kind} {number}" for kind, number in kinds.most_common())
    console.print(f"{len(seeds) - calls} of {len(seeds)} calls without a broken invariant", end="")
    console.print(f" ({found})" if found else "")
    return not calls


def told(broken: Sequence[Broken], again: str) -> str:
    """Tell what was broken in a call, and how to have it again.

    Args:
        broken: What was.
        again: The command.
    """
    return "\n".join([again, *(f"  {each}" for each in broken)])
