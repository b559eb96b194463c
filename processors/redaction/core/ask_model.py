"""A small linear model of what a turn of the agent asks for, sentence by sentence.

Pure Python: a sentence has some sixty features, whose weights are looked up and added up, so that
a turn costs microseconds and needs no runtime. What the cue words say is told to it as features
beside the words themselves. `benchmarks/redaction/asks/train.py` makes the weights.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from antiphon.processors.redaction.core.cues import Cue
from antiphon.processors.redaction.core.view import View

__all__ = [
    "ACTS",
    "ASK",
    "MORE",
    "MOST_SENTENCES",
    "NUMBER",
    "OTHER",
    "QUANTITY",
    "AskModel",
    "Sentence",
    "features",
    "load_ask_model",
    "sentences",
]

WEIGHTS = os.path.join(os.path.dirname(__file__), "ask_weights.json")
LANGUAGES = ("en",)
# What a sentence does: it asks for something personal, to go on or to say it again, for a number
# that is nobody's secret, for an amount or a time, for anything else.
ASK, MORE, NUMBER, QUANTITY, OTHER = ACTS = ("ASK", "MORE", "NUMBER", "QUANTITY", "OTHER")
# Of a long turn the end is what a caller answers.
MOST_SENTENCES = 8
MOST_WORDS = 40
# The weights are kept as whole numbers of this part.
SCALE = 50
# Of a label, what some hundred weights of some hundred add up to has room in so many bits.
BITS = 24
HALF = 1 << BITS - 1
MASK = (1 << BITS) - 1
ENDS = frozenset(".!?;")
# Behind a comma a question of its own: "I've texted you a code, what does it say?".
ASKING = frozenset({"what", "which", "could", "can", "may"})
# What a turn may begin with; the question comes behind its comma.
OPENINGS = frozenset({"alright", "excellent", "great", "ok", "okay", "perfect", "thanks"})


class Sentence(NamedTuple):
    """One sentence of a turn.

    Parameters:
        words: Its words in lower case, digits as "#".
        shape: The same with "<TYPE>" for a cue of a type, "<>" for one of what is no secret.
        cues: The cues in it.
        question: Whether it ends in a question mark.
        start: Its first character.
    """

    words: list[str]
    shape: list[str]
    cues: list[Cue]
    question: bool
    start: int


def sentences(view: View) -> Iterator[Sentence]:
    """The sentences of a turn, as far as the model looks at them."""
    text, scan, cues = view.text, view.scan, view.cues
    words, shape, said = [], [], []
    start, index, cue, size = 0, 0, 0, len(scan.words)
    while index < size:
        word = scan.words[index]
        after = scan.ends[index]
        while cue < len(cues) and cues[cue].token < index:
            cue += 1
        if cue < len(cues) and cues[cue].token == index:
            found = cues[cue]
            said.append(found)
            shape.append(f"<{found.type}>")
            words += [_plain(w) for w in scan.words[index : found.last] if w[0].isalnum()]
            index = max(index + 1, found.last)
            continue
        index += 1
        if word[0].isalnum():
            words.append(_plain(word))
            shape.append(words[-1])
        elif (word in ENDS and (after == len(text) or text[after].isspace())) or (
            word == "," and len(words) > 2 and index < size and scan.words[index] in ASKING
        ):
            if words:
                yield Sentence(words, shape, said, word == "?", start)
            words, shape, said = [], [], []
            start = after
        elif word == "," and len(words) == 1 and words[0] in OPENINGS:
            words, shape, start = [], [], after
    if words:
        yield Sentence(words, shape, said, False, start)


def _plain(word: str) -> str:
    return "#" if word[0].isdecimal() else word


def features(sentence: Sentence) -> list[str]:
    """The names of the features that hold for a sentence: its words, and what its cues stand in."""
    end = "?" if sentence.question else "."
    words = ["^", *sentence.words[-MOST_WORDS:], end]
    shape = ["^", "^", "^", *sentence.shape[-MOST_WORDS:], end, end]
    found = [f"n{min(len(words) - 2, 9)}", end, f"c{min(len(sentence.cues), 3)}", *words[1:-1]]
    found += map(" ".join, pairwise(words))
    first = f"{_any(shape[3])} {_any(shape[4])}"
    found += [f"^{first}", f"^{first} {_any(shape[5]) if len(shape) > 6 else end}"]
    for at, kind in enumerate(shape[:-2] if sentence.cues else ()):
        if kind[0] != "<":
            continue
        mark = _any(kind)
        left, left2, left3 = (_any(shape[at - n]) for n in (1, 2, 3))
        right, right2 = _any(shape[at + 1]), _any(shape[at + 2])
        found += [
            kind,
            f"{left} {kind}",
            f"{kind} {right}",
            f"{left} {mark}",
            f"{left2} {left} {mark}",
            f"{left3} {left2} {left} {mark}",
            f"{mark} {right}",
            f"{mark} {right} {right2}",
            f"{left} {mark} {right}",
            f"^{first} {mark}",
        ]
    return found


def _any(word: str) -> str:
    """Cues of all types look alike from outside."""
    return word if word[0] != "<" else "<>" if word == "<>" else "<X>"


class AskModel:
    """Weights by feature name.

    Parameters:
        labels: The types and `ACTS`, in the order of the weights.
        bias: One weight a label.
        weights: By feature: the number of a label and its weight, in turns.
    """

    def __init__(
        self,
        labels: Sequence[str],
        bias: Sequence[int],
        weights: Mapping[str, Sequence[int]],
    ) -> None:
        self.labels = tuple(labels)
        self.bias = list(bias)
        self.weights = weights
        # All weights of a feature in one whole number, so that to add them up is one sum.
        self._packed = {
            name: sum(p[at + 1] << p[at] * BITS for at in range(0, len(p), 2))
            for name, p in weights.items()
        }
        self._start = sum(b + HALF << k * BITS for k, b in enumerate(bias))

    def acts(self, found: Sequence[str]) -> dict[str, float]:
        """How likely it is that a sentence does what an act is: 0 is even, 2 is 88 %.

        Args:
            found: What `features` returned.
        """
        return self._added(found, len(self.labels) - len(ACTS), len(self.labels))

    def types(self, found: Sequence[str]) -> dict[str, float]:
        """How likely it is, if a sentence asks for something personal, that it is of each type.

        How one asks is the same for all of them, and learnt from all.

        Args:
            found: What `features` returned.
        """
        return self._added(found, 0, len(self.labels) - len(ACTS))

    def _added(self, found: Sequence[str], first: int, last: int) -> dict[str, float]:
        total = sum(filter(None, map(self._packed.get, found)), self._start) >> first * BITS
        odds = {}
        for label in self.labels[first:last]:
            odds[label] = ((total & MASK) - HALF) / SCALE
            total >>= BITS
        return odds


@cache
def load_ask_model(language: str) -> AskModel | None:
    """The model of a language, loaded once per process; None if there is none.

    Args:
        language: An ISO 639-1 code.
    """
    if language not in LANGUAGES:
        return None
    with open(WEIGHTS, encoding="utf-8") as file:
        table = json.load(file)
    return AskModel(table["labels"], table["bias"], table["weights"])
