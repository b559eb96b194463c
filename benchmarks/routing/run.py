"""How often an intent is found, asked about or acted on wrongly, and how many requests that saves.

    python benchmarks/routing/run.py                 # what callers say to the order desk
    python benchmarks/routing/run.py FOLDER          # and CLINC150, from training/ in a folder

Of CLINC150's 150 intents ten are drawn at random, many times over. A router learns them from the
train split, with that split's out-of-scope queries beside them. It is asked the queries of the val
split: of the ten, those out of scope, and those of the other 140, which are harder, since they are
about the same things and no example of them was seen.

With a language model behind it (`IntentFirstLLMService`) what is sure is answered without a
request. The share of such turns and how many of them are right is told for the order desk, where
the model is to have all that is asked back about or not understood.
"""

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.services import IntentRouter, Script
from antiphon.services.scripted.script import Answer

LINES = Path(__file__).parents[2] / "tests" / "services" / "scripted" / "order_desk_lines.txt"
DRAWN = 10


def outcome(router: IntentRouter, text: str, meant: str | None) -> str:
    """Tell what comes of a query: right, wrong, asked or left."""
    route = router.route(text)
    if route.intent:
        return "right" if route.intent == meant else "wrong"
    if meant is None:
        return "right"
    return "asked" if route.alternatives else "left"


def shares(outcomes: Iterable[str]) -> dict[str, float]:
    count = Counter(outcomes)
    return {name: count[name] / count.total() for name in ("right", "wrong", "asked", "left")}


def clinc(folder: Path, draws: int) -> None:
    data: dict[str, Any] = json.loads((folder / "training" / "clinc150_train_val.json").read_text())
    train: dict[str, list[str]] = {}
    for text, name in data["train"]:
        train.setdefault(name, []).append(text)
    outside = {split: [text for text, _ in data[f"oos_{split}"]] for split in ("train", "val")}
    rng = np.random.default_rng(27)
    found: dict[str, list[dict[str, float]]] = {"the ten": [], "out of scope": [], "other 140": []}
    learned, asked = [], []
    for _ in range(draws):
        names = [str(name) for name in rng.choice(sorted(train), DRAWN, replace=False)]
        began = time.process_time()
        router = IntentRouter(
            examples={name: train[name] for name in names}, out_of_scope=outside["train"]
        )
        learned.append(time.process_time() - began)
        began = time.process_time()
        of_the_ten = [outcome(router, text, name) for text, name in data["val"] if name in names]
        asked.append((time.process_time() - began) / len(of_the_ten))
        others = [text for text, name in data["val"] if name not in names]
        found["the ten"].append(shares(of_the_ten))
        found["out of scope"].append(shares(outcome(router, q, None) for q in outside["val"]))
        found["other 140"].append(shares(outcome(router, q, None) for q in others))
    print(f"CLINC150, {DRAWN} of its intents, {draws} draws (the worst in brackets), % of queries")
    print("| | right | acted on wrongly | asked back | left |")
    print("|---|---|---|---|---|")
    for name, rows in found.items():
        right, wrong = ([100 * row[key] for row in rows] for key in ("right", "wrong"))
        rest = (f"{100 * statistics.mean(r[key] for r in rows):.1f}" for key in ("asked", "left"))
        print(
            f"| {name} | {statistics.mean(right):.1f} ({min(right):.1f}) "
            f"| {statistics.mean(wrong):.1f} ({max(wrong):.1f}) | {' | '.join(rest)} |"
        )
    print(
        f"learned in {statistics.median(learned):.2f} s of CPU, "
        f"{1000 * statistics.median(asked):.2f} ms a query\n"
    )


def order_desk() -> None:
    script = Script.order_status()
    said = [line.split(" | ") for line in LINES.read_text().splitlines() if line[0] != "#"]
    count: Counter[str] = Counter()
    for label, text in said:
        meant, _, number = label.partition(" ")
        found, guess = script.understand(text), script.guess(text)
        kind = "in" if meant != "-" else "out"
        if found:
            right = (found[0].name, found[1].get("order_number", "")) == (meant, number)
            count[f"{kind} {'right' if right else 'wrong'}"] += 1
        else:
            left = "right" if kind == "out" else "left"
            count[f"{kind} {'asked' if guess else left}"] += 1
    print(f"the order desk, {len(said)} lines")
    print("| | right | acted on wrongly | asked back | left |")
    print("|---|---|---|---|---|")
    for kind, name in (("in", "what it is for"), ("out", "what it is not for")):
        kinds = [count[f"{kind} {what}"] for what in ("right", "wrong", "asked", "left")]
        print(f"| {name} | {' | '.join(map(str, kinds))} |")
    sure = count["in right"] + count["in wrong"] + count["out wrong"]
    print(f"\nbefore a language model: {sure} of {len(said)} turns need no request, ", end="")
    print(f"{count['in wrong'] + count['out wrong']} of them answered wrongly")
    messages: list[dict[str, str]] = []
    spent = []
    for _, text in said:
        messages.append({"role": "user", "content": text})
        began = time.thread_time()
        script.respond_if_sure(messages)
        spent.append(time.thread_time() - began)
        answer = script.respond(messages)
        messages.append({"role": "assistant", "content": getattr(answer, "text", "")})
        assert isinstance(answer, Answer) or answer.name
    print(f"a turn is decided in {1000 * statistics.median(spent):.2f} ms, ", end="")
    print(f"the slowest in {1000 * max(spent):.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="has training/clinc150_train_val.json")
    parser.add_argument("--draws", type=int, default=20)
    given = parser.parse_args()
    if given.folder:
        clinc(given.folder, given.draws)
    order_desk()


if __name__ == "__main__":
    main()
