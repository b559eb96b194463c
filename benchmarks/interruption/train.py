"""Train the text model of the interruption decision on case files.

    python benchmarks/interruption/train.py FOLDER [--out processors/interruption/weights.json]

FOLDER holds `cases.jsonl` and `train.jsonl`, made from MRDA and CLINC150. Prints what five-fold
cross-validation by conversation says about the whole decider on `cases.jsonl`, then trains on
everything and, with --out, writes the weights with their provenance. The fit is a logistic
regression in which both classes weigh the same, by gradient descent with numpy.
"""

import argparse
import hashlib
import json
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np
from cases import Case, read, views
from metrics import Outcome, rates, score_ours
from run import HEAD, row

from antiphon.processors.interruption import DecisionSettings
from antiphon.processors.interruption.decision import InterruptionDecider
from antiphon.processors.interruption.lexicon import lexicon, normalize
from antiphon.processors.interruption.model import LinearModel, features

FOLDS = 5
MIN_COUNT = 3
STEPS = 400
# Words may say less than kinds of words, which carry over to other callers and other topics.
L2 = 1e-3
WORD_L2 = 4e-3

Example = tuple[list[str], bool, float]
PROVENANCE = (
    "Logistic regression by benchmarks/interruption/train.py on {count} utterances over a speaking "
    "agent, made from the MRDA corpus (ICSI meetings) and CLINC150 (CC BY 3.0). "
    "Feature names are those of model.py; the bias is under the empty name."
)


def fold(case: Case) -> int:
    key = case.conversation if case.corpus == "mrda" else " ".join(case.words)
    return hashlib.sha1(key.encode()).digest()[0] % FOLDS


def examples(cases: list[Case], *, final: bool) -> list[Example]:
    cut = lexicon("en").cut
    found: list[Example] = []
    for case in cases:
        if case.agent_asked:
            continue
        said = {tuple(view.words) for view in views(case) if view.is_final is final and view.words}
        for words in said:
            if spans := cut(normalize(words)):
                found.append((features(spans, case.agent_text), case.interrupt, 1 / len(said)))
    return found


def fit(data: list[Example]) -> dict[str, float]:
    counts = Counter(name for names, _, _ in data for name in names)
    vocabulary = {
        name: i + 1 for i, name in enumerate(n for n, c in counts.items() if c >= MIN_COUNT)
    }
    rows = [[vocabulary[n] for n in names if n in vocabulary] for names, _, _ in data]
    width = max(map(len, rows))
    index = np.array([row + [len(vocabulary) + 1] * (width - len(row)) for row in rows])
    target = np.array([label for _, label, _ in data], dtype=float)
    weight = np.array([w for _, _, w in data])
    for label in (0.0, 1.0):
        weight[target == label] /= weight[target == label].sum()
    size = len(vocabulary) + 2
    penalties = [WORD_L2 if name[:1] in "wb" else L2 for name in vocabulary]
    strength = np.array([0.0, *penalties, 0.0])
    theta, velocity, square = np.zeros(size), np.zeros(size), np.zeros(size)
    for step in range(1, STEPS + 1):
        total = theta[index].sum(1) + theta[0]
        error = (1 / (1 + np.exp(-total)) - target) * weight
        gradient = (
            np.bincount(index.ravel(), weights=np.repeat(error, width), minlength=size)
            + strength * theta
        )
        gradient[0] = error.sum()
        gradient[-1] = 0
        velocity = 0.9 * velocity + 0.1 * gradient
        square = 0.99 * square + 0.01 * gradient**2
        rate = 0.05 * (1 - step / STEPS) + 0.001
        theta -= rate * (velocity / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)
    kept = {"": round(float(theta[0]), 3)}
    kept |= {n: round(float(theta[i]), 3) for n, i in vocabulary.items() if abs(theta[i]) >= 0.01}
    return kept


def train(cases: list[Case]) -> dict[str, dict[str, float]]:
    whole = examples(cases, final=True)
    return {"early": fit(examples(cases, final=False) + whole), "final": fit(whole)}


def cross_validate(cases: list[Case], judged: list[Case]) -> list[Outcome]:
    outcomes = []
    for held in range(FOLDS):
        model = LinearModel(**train([case for case in cases if fold(case) != held]))
        with mock.patch(
            "antiphon.processors.interruption.decision.turn_model", lambda model=model: model
        ):
            held_out = [case for case in judged if fold(case) == held]
            outcomes += score_ours(held_out, InterruptionDecider(settings=DecisionSettings()))
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the interruption decision's text model.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    judged = read([arguments.folder / "cases.jsonl"])
    cases = judged + read([arguments.folder / "train.jsonl"])
    outcomes = cross_validate(cases, judged)
    print(f"{'':<24} {HEAD}")
    print(row("all", rates(outcomes)))
    open_ = [o for o in outcomes if not o.case.agent_asked]
    print(row("not asked", rates(open_)))
    print(row("MRDA, not asked", rates([o for o in open_ if o.case.corpus == "mrda"])))
    print(row("<= 4 words, not asked", rates([o for o in open_ if len(o.case.words) <= 4])))
    if arguments.out:
        weights = {"provenance": PROVENANCE.format(count=len(cases)), **train(cases)}
        text = json.dumps(weights, indent=0, sort_keys=True, ensure_ascii=False)
        arguments.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
