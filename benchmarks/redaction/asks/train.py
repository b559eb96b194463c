"""Train the model of what an agent's turn asks for.

    python benchmarks/redaction/asks/train.py TRAINING [--ordinary FILE] [--out WEIGHTS]

TRAINING is a folder with `clinc150_train_val.json` and `taskmaster4.jsonl`: sentences that ask for
nothing personal. All that ask for something are made from `phrases.toml`. Prints how well a model
does on phrases of which it has seen none, and on the turns of FILE (dialogues in which people have
written down what each turn asks for); with --out, trains on everything and writes the weights.
One logistic regression a label, by Adam with numpy.
"""

import argparse
import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
from grammar import Grammar, Made

from antiphon.processors.redaction.core.ask_model import (
    ACTS,
    ASK,
    OTHER,
    SCALE,
    AskModel,
    Sentence,
    features,
    sentences,
)
from antiphon.processors.redaction.core.language import load_language
from antiphon.processors.redaction.core.units import scan
from antiphon.processors.redaction.core.view import View

MADE = 75_000
MIN_COUNT = 5
EPOCHS = 14
# The share of features that a step does not see, so that none is relied on alone.
DROPPED = 0.1
BATCH = 512
RATE = 0.03
# What a weight costs: it leaves most features with none.
L1 = 1e-5
# Less says nothing, in parts of SCALE.
SMALLEST = 6
FOLDS = 5
PROVENANCE = (
    "Logistic regressions by benchmarks/redaction/asks/train.py on {count} sentences, made from "
    "its phrases or taken from CLINC150 (CC BY 3.0) and Taskmaster-4 (CC BY 4.0). Feature names "
    "are those of ask_model.py; by feature, labels and their weights in turns."
)

Example = tuple[list[str], frozenset[str], bool]


def read(text: str) -> Sentence | None:
    language = load_language("en")
    found = list(sentences(View(scan(text, language), language)))
    return max(found, key=lambda s: len(s.words), default=None)


def made(number: int, seed: int) -> list[Made]:
    grammar = Grammar(seed)
    return list({m.text: m for m in (grammar.sentence() for _ in range(number))}.values())


def examples(sentences_made: list[Made]) -> list[Example]:
    found = ((read(m.text), m.labels) for m in sentences_made)
    return [
        (features(s), labels if labels & {*ACTS} else labels | ({ASK} if labels else set()), True)
        for s, labels in found
        if s is not None
    ]


def nothing_personal(folder: Path) -> list[Example]:
    """Sentences of which only that is known: their acts are not looked at."""
    clinc = json.loads((folder / "clinc150_train_val.json").read_text(encoding="utf-8"))
    texts = [text for text, intent in clinc["train"] if hash_of(text) % 4 == 0]
    for line in (folder / "taskmaster4.jsonl").read_text(encoding="utf-8").splitlines():
        texts += [t["text"] for t in json.loads(line)["turns"] if t["role"] == "agent"]
    found = []
    for text in sorted(set(texts)):
        sentence = read(text)
        if sentence and not any(c.type for c in sentence.cues) and "name" not in sentence.words:
            found.append((features(sentence), frozenset(), False))
    return found


def hash_of(text: str) -> int:
    return hashlib.sha1(text.encode()).digest()[0]


def fit(data: list[Example], labels: list[str]) -> AskModel:
    counts = Counter(name for names, _, _ in data for name in set(names))
    vocabulary = {n: i for i, n in enumerate((n for n, c in counts.items() if c >= MIN_COUNT), 1)}
    rows = [[vocabulary[n] for n in names if n in vocabulary] for names, _, _ in data]
    width = max(map(len, rows))
    index = np.array([row + [0] * (width - len(row)) for row in rows])
    target = np.array([[label in said for label in labels] for _, said, _ in data], dtype=float)
    acts = np.array([label in ACTS for label in labels])
    asks = np.array([label == ASK for label in labels])
    # Which type is learnt where something is asked for; of the corpora only that nothing is.
    known = np.array(
        [acts | (ASK in said) if whole else asks for _, said, whole in data], dtype=float
    )
    shape = (len(vocabulary) + 1, len(labels))
    theta, velocity, square = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    bias = np.full(len(labels), -3.0)
    random, step = np.random.default_rng(1), 0
    total = EPOCHS * (len(data) // BATCH)
    for _ in range(EPOCHS):
        order = random.permutation(len(data))
        for begin in range(0, len(data) - BATCH + 1, BATCH):
            step += 1
            batch = order[begin : begin + BATCH]
            at = np.where(random.random((BATCH, width)) < DROPPED, 0, index[batch])
            scores = theta[at].sum(1) / (1 - DROPPED) + bias
            error = (1 / (1 + np.exp(-np.clip(scores, -30, 30))) - target[batch]) * known[batch]
            flat = at.ravel()
            gradient = np.stack(
                [
                    np.bincount(flat, np.repeat(error[:, k], width), minlength=shape[0])
                    for k in range(len(labels))
                ],
                axis=1,
            )
            gradient = gradient / BATCH + L1 * np.sign(theta) * (abs(theta) > 1 / SCALE)
            gradient[0] = 0
            velocity = 0.9 * velocity + 0.1 * gradient
            square = 0.99 * square + 0.01 * gradient**2
            rate = RATE * (1 - step / total) + 1e-4
            theta -= (
                rate * (velocity / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-7)
            )
            bias -= rate * 10 * error.mean(0)
    weights = {}
    for name, i in vocabulary.items():
        values = np.rint(theta[i] * SCALE).astype(int)
        pairs = [int(x) for k in np.flatnonzero(abs(values) >= SMALLEST) for x in (k, values[k])]
        if pairs:
            weights[name] = pairs
    return AskModel(labels, [int(b) for b in np.rint(bias * SCALE)], weights)


def heard(model: AskModel, sentence: Sentence) -> set[str]:
    found = features(sentence)
    return {k for k, odds in model.types(found).items() if odds > 0 < model.acts(found)[ASK]}


def held_out(made_: list[Made], extra: list[Example], labels: list[str]) -> None:
    """Train on some phrases, test on sentences with others; the names of values are in both."""
    nouns = {n for names in Grammar(0).table["values"].values() for n in names}

    def fold(phrase: str) -> bool:
        return hash_of(phrase) % FOLDS == 0 and ("{" in phrase or phrase not in nouns)

    seen = [m for m in made_ if not any(map(fold, m.sources))]
    unseen = [m for m in made_ if any(map(fold, m.sources))]
    model = fit(examples(seen) + extra, labels)
    wrong: Counter[str] = Counter()
    number: Counter[str] = Counter()
    for m in unseen:
        sentence = read(m.text)
        if sentence is None:
            continue
        told = heard(model, sentence)
        meant = set(m.labels) - {*ACTS}
        kind = next(iter(sorted(m.labels)), "nothing")
        number[kind] += 1
        wrong[f"{kind} missed"] += bool(meant - told)
        wrong[f"{kind} too much"] += bool(told - meant)
    print(f"phrases held out: {len(seen)} sentences to train on, {len(unseen)} to test")
    asked = [k for k in number if k not in ACTS and k != "nothing"]

    def share(what: str, kinds: list[str]) -> float:
        return sum(wrong[f"{k} {what}"] for k in kinds) / sum(number[k] for k in kinds)

    print(
        f"  asks missed {share('missed', asked):.3f}, heard as more {share('too much', asked):.3f}"
    )
    print(f"  nothing asked, but heard {share('too much', [OTHER, 'nothing']):.3f}")
    for kind, count in sorted(number.items()):
        missed, more = wrong[f"{kind} missed"] / count, wrong[f"{kind} too much"] / count
        print(f"  {kind:16} {count:6}  missed {missed:.3f}  too much {more:.3f}")


def ordinary(file: Path, model: AskModel) -> None:
    """How many ordinary turns of an agent are taken to ask for something personal."""
    language = load_language("en")
    wrong: Counter[str] = Counter()
    turns = 0
    for line in file.read_text(encoding="utf-8").splitlines():
        for turn in json.loads(line)["turns"]:
            if turn["role"] != "agent":
                continue
            turns += 1
            told = set()
            for sentence in sentences(View(scan(turn["text"], language), language)):
                told |= heard(model, sentence)
            wrong.update(told)
            if told:
                print("   ", sorted(told), turn["asks"], turn["text"][:110])
    print(f"ordinary turns: {turns}; taken to ask for {dict(wrong)}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the model of what an agent asks for.")
    parser.add_argument("training", type=Path)
    parser.add_argument("--ordinary", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--no-held-out", action="store_true")
    arguments = parser.parse_args()
    sentences_made, extra = made(MADE, 1), nothing_personal(arguments.training)
    labels = [*sorted({k for m in sentences_made for k in m.labels} - {*ACTS}), *ACTS]
    if not arguments.no_held_out:
        held_out(sentences_made, extra, labels)
    data = examples(sentences_made) + extra
    model = fit(data, labels)
    if arguments.ordinary:
        ordinary(arguments.ordinary, model)
    if arguments.out:
        lines = [f'"provenance": {json.dumps(PROVENANCE.format(count=len(data)))}']
        lines.append(f'"labels": {json.dumps(model.labels)}')
        lines.append(f'"bias": {json.dumps(model.bias)}')
        rows = (
            f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(pairs, separators=(',', ':'))}"
            for name, pairs in sorted(model.weights.items())
        )
        lines.append('"weights": {\n' + ",\n".join(rows) + "\n}")
        arguments.out.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
