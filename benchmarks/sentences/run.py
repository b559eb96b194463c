"""Compare sentence aggregators for voice, ours and the peers, on the same texts in the same run.

    python benchmarks/sentences/run.py CASES [--half dev|check] [--only NAME] [--suites] [--growth]

CASES is a folder of suites, one JSON file each: `{"suite": "voice", "cases": [{"id": "1",
"lang": "en", "text": "...", "sentences": ["...", "..."]}]}`. Without it only growth is measured,
which needs no cases. Peers that are not installed are named and left out; to have them all:
`pip install livekit-agents stream2sentence pysbd`.
"""

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import peers
from loguru import logger
from measure import (
    GROWTH,
    UD_MACRO,
    Case,
    Tally,
    growth,
    load_cases,
    run_case,
)

# Too slow to be streamed three times more, and for long replies.
SLOW = ("pysbd", "stream2sentence")
COLUMNS = (
    "aggregator",
    "UD-en F1",
    "UD macro F1",
    "golden en exact",
    "golden other F1",
    "voice exact",
    "delay all",
    "delay @hit",
    "first chunk UD-en",
    "first chunk voice",
    "hard /1k",
    "unspeakable",
    "lossy",
    "spaces changed",
    "chunking variant",
    "last before flush",
    "us/char",
    "longest",
    "errors",
)


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def row(name: str, suites: dict[str, Tally]) -> list[str]:
    """One line of the table. Suites that are not in the folder count as nothing."""
    total = Tally()
    for tally in suites.values():
        total.add(tally)
    english, voice = suites.get("ud_en", Tally()), suites.get("voice", Tally())
    golden = suites.get("pysbd_en", Tally())
    return [
        name,
        f"{english.f1:.3f}",
        f"{mean([suites[s].f1 for s in UD_MACRO if s in suites]):.3f}",
        f"{golden.exact / max(1, golden.cases):.2f}",
        f"{suites.get('pysbd_multi', Tally()).f1:.3f}",
        f"{voice.exact / max(1, voice.cases):.2f}",
        f"{mean(total.delays):.2f}",
        f"{mean(total.hit_delays):.2f}",
        f"{mean(english.first_chunk):.1f}",
        f"{mean(voice.first_chunk):.1f}",
        f"{1000 * sum(total.hard.values()) / max(1, total.sentences):.1f}",
        str(total.unspeakable),
        str(total.lossy),
        str(total.spaces_changed),
        "not run" if name.startswith(SLOW) else str(total.variant),
        f"{total.last_before_flush / max(1, total.cases):.2f}",
        f"{1e6 * total.seconds / max(1, total.characters):.2f}",
        str(total.longest),
        str(total.errors),
    ]


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    print("|" + "|".join(head) + "|")
    print("|" + "---|" * len(head))
    for line in lines:
        print("|" + "|".join(line) + "|", flush=True)


def factories(only: str | None) -> dict[str, peers.Factory]:
    """All that can be measured here."""
    found: dict[str, peers.Factory] = {}
    sources: tuple[Callable[[], dict[str, peers.Factory]], ...] = (
        peers.ours,
        peers.tutorials,
        peers.pipecat,
        peers.livekit,
        peers.stream2sentence,
        peers.sentencex,
        peers.pysbd,
    )
    for source in sources:
        try:
            found |= source()
        except ImportError as missing:
            print(f"{source.__name__}: not installed, left out ({missing.name})")
    return {name: make for name, make in found.items() if not only or only in name}


def measure(name: str, make: peers.Factory, cases: list[Case]) -> dict[str, Tally]:
    suites: dict[str, Tally] = defaultdict(Tally)
    for case in cases:
        suites[case.suite].add(run_case(case, make, check_chunkings=not name.startswith(SLOW)))
    return suites


def show_growth(found: dict[str, peers.Factory]) -> None:
    """CPU time for long replies, and the exponent of its growth from half the length to all."""
    lines = []
    for name, make in found.items():
        # Quadratic peers would take minutes at full length.
        sizes = (8000, 16000) if name.startswith(("antiphon", "tutorial")) else (2000, 4000)
        if name.startswith(SLOW):
            sizes = (300, 600)
        line = [name]
        for unit in GROWTH.values():
            short, long = growth(make, unit, sizes)
            exponent = math.log2(long / short) if short > 0 else float("nan")
            line.append(f"{1e6 * long / sizes[1]:.2f} ({exponent:.2f})")
        lines.append([*line, str(sizes[1])])
    print("\nCPU us per character (exponent of growth), for one reply of the given length")
    table(("aggregator", *GROWTH, "characters"), lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="?", type=Path, help="folder of the suites")
    parser.add_argument("--half", choices=("dev", "check"), help="only this half, by hash")
    parser.add_argument("--only", help="only aggregators with this in their name")
    parser.add_argument("--growth", action="store_true", help="measure growth as well")
    parser.add_argument("--suites", action="store_true", help="show F1 for each suite as well")
    arguments = parser.parse_args()
    logger.remove()
    found = factories(arguments.only)
    if arguments.cases is None:
        print("no folder of cases given: only growth is measured")
        show_growth(found)
        return
    cases = [
        case
        for case in load_cases(arguments.cases)
        if arguments.half is None or case.half == arguments.half
    ]
    sentences = sum(len(case.sentences) for case in cases)
    print(f"{len(cases)} cases, {sentences} sentences")
    results = {}
    for name, make in found.items():
        print(f"... {name}", file=sys.stderr, flush=True)
        results[name] = measure(name, make, cases)
    table(COLUMNS, [row(name, suites) for name, suites in results.items()])
    if arguments.suites:
        names = sorted({case.suite for case in cases})
        print("\nBoundary F1 of each suite")
        table(
            ("aggregator", *names),
            [[n, *(f"{suites[s].f1:.3f}" for s in names)] for n, suites in results.items()],
        )
        print("\nHard splits by kind")
        for name, suites in results.items():
            kinds: dict[str, int] = defaultdict(int)
            for tally in suites.values():
                for kind, count in tally.hard.items():
                    kinds[kind] += count
            print(f"{name}: {dict(kinds)}")
    if arguments.growth:
        show_growth(found)


if __name__ == "__main__":
    main()
