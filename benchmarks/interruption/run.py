"""Interruption decisions on case files, next to the rules of other frameworks.

    python benchmarks/interruption/run.py [FILE.jsonl …] [--cost 1.5] [--language en]

Without a file it runs the 687 cases that come with the project: English, written by its authors,
so ours does better on them than it would on anyone else's. A case is a line of JSON: `corpus`,
`agent_text`, `agent_asked`, `words`, `word_end_ms`, `label` (ignore or interrupt), `category`.

An utterance is shown every 100 ms of speech, a word 300 ms after it ended, and the final
transcript 500 ms after the speech. The first interruption binds.
"""

import argparse
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from cases import Case, read
from metrics import Outcome, Rates, rates, score, score_ours
from peers import PEERS

from antiphon.processors.interruption import DecisionSettings
from antiphon.processors.interruption.decision import InterruptionDecider

HEAD = "acc %   F1  false %  missed %  balanced  p50 ms  p90 ms   µs"


def row(name: str, r: Rates) -> str:
    return (
        f"{name:<24} {r.accuracy:6.1f} {r.macro_f1:5.1f} {r.false_interruptions:8.1f} "
        f"{r.missed:9.1f} {r.balanced:9.1f} {r.p50_ms:7.0f} {r.p90_ms:7.0f} {r.decision_us:5.1f}"
    )


def table(title: str, scored: dict[str, list[Outcome]], keep: Callable[[Case], bool]) -> None:
    kept = {name: [o for o in found if keep(o.case)] for name, found in scored.items()}
    first = next(iter(kept.values()))
    ignores = sum(not o.case.interrupt for o in first)
    print(f"\n{title}: {len(first)} cases, {ignores} to ignore\n{'':<24} {HEAD}")
    for name, found in kept.items():
        print(row(name, rates(found)))


def by(title: str, found: list[Outcome], key: Callable[[Case], str]) -> None:
    print(f"\nOurs, errors by {title}")
    for name, group in groupby(sorted(found, key=lambda o: key(o.case)), key=lambda o: key(o.case)):
        outcomes = list(group)
        wrong = sum((o.at_ms is not None) != o.case.interrupt for o in outcomes)
        print(
            f"  {name:<24} {wrong:4d} of {len(outcomes):4d}   {100 * wrong / len(outcomes):5.1f} %"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure interruption decisions on case files.")
    parser.add_argument(
        "files", nargs="*", type=Path, default=[Path(__file__).parent / "own.jsonl"]
    )
    parser.add_argument("--cost", type=float, default=DecisionSettings.false_interruption_cost)
    parser.add_argument("--language", default="en")
    arguments = parser.parse_args()
    cases = read(arguments.files)
    settings = DecisionSettings(false_interruption_cost=arguments.cost, language=arguments.language)
    lists = DecisionSettings(
        false_interruption_cost=arguments.cost, language=arguments.language, text_model=False
    )
    scored = {
        "ours": score_ours(cases, InterruptionDecider(settings=settings)),
        "ours, lists only": score_ours(cases, InterruptionDecider(settings=lists)),
    }
    scored |= {name: score(cases, peer, reset=lambda: None) for name, peer in PEERS.items()}
    table("All", scored, lambda case: True)
    table("Not asked", scored, lambda case: not case.agent_asked)
    table("Asked", scored, lambda case: case.agent_asked)
    table("At most 4 words, not asked", scored, lambda c: not c.agent_asked and len(c.words) <= 4)
    by("corpus", scored["ours"], lambda case: case.corpus)
    by("category", scored["ours"], lambda case: case.category)
    by("word count", scored["ours"], lambda case: f"{min(len(case.words), 8)}")


if __name__ == "__main__":
    main()
