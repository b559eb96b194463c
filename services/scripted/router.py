"""What a caller wants, by its likeness to examples: a linear model of words and their parts.

Pure: no Pipecat, no clock, no network, the same answer each time. It is trained when it is made,
in closed form, and each example is judged by a model that did not see it; from that it knows how
much its own scores are worth.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from math import log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["IntentRouter", "Route", "everyday_lines"]

ASK = 0.3
"""A confidence from which an intent is worth asking about."""

MAX_EXAMPLES = 4_000
"""More take more than some seconds to learn, and the square of their number in memory."""

MAX_CHARS = 500
"""Of a longer text the beginning counts."""

_MAX_FEATURES = 6_000
_RIDGE = 0.3
# What is not in any example takes part of a text's length, so that nobody acts on the rest alone.
_UNKNOWN_WEIGHT = 3.0
_PART_WEIGHT = 0.5
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|#")

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Route:
    """What a text was taken for.

    Parameters:
        intent: What to act on; None for what is out of scope and what is not sure.
        confidence: How likely the likeliest intent is meant, from 0 to 1.
        alternatives: Where nothing is sure, what is worth asking about, with its confidence, the
            likeliest first.
    """

    intent: str | None
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()

    @property
    def sure(self) -> bool:
        """Whether there is an intent to act on."""
        return self.intent is not None


class IntentRouter:
    """Finds the intent of a text.

    Args:
        examples: Things that callers say, for each intent; ten are a beginning, fifty are good.
        out_of_scope: What callers also say and none of the intents means; by default ordinary
            questions that come with it.
        sure_from: The confidence from which an intent may be acted on.

    Raises:
        ValueError: If there is no intent, one without an example, or more than 4,000 lines; or if
            the confidence is not between that from which one asks back, 0.3, and 1.
    """

    def __init__(
        self,
        *,
        examples: Mapping[str, Iterable[str]],
        out_of_scope: Iterable[str] = (),
        sure_from: float = 0.65,
    ) -> None:
        if not ASK <= sure_from <= 1:
            raise ValueError(f"sure_from={sure_from!r} must be between {ASK} and 1")
        self._sure_from = sure_from
        self._names = tuple(examples)
        said = [[*examples[name]] for name in self._names]
        if not said or not all(said):
            raise ValueError(f"each intent needs an example, and there has to be one: {said!r:.80}")
        said.append([*out_of_scope] or everyday_lines())
        texts = [text for group in said for text in group]
        if len(texts) > MAX_EXAMPLES:
            raise ValueError(f"{len(texts)} examples are more than {MAX_EXAMPLES}")
        meant: dict[tuple[str, ...], set[int]] = {}
        for place, group in enumerate(said):
            for text in group:
                meant.setdefault(tuple(_words(text)), set()).add(place)
        # Not even an example is sure by its likeness to the others, such as "yep".
        self._examples = {
            words: self._names[min(places)]
            for words, places in meant.items()
            if len(places) == 1 and max(places) < len(self._names)
        }
        labels = np.repeat(np.arange(len(said)), [len(group) for group in said])
        self._learn(texts, labels)

    @property
    def intents(self) -> tuple[str, ...]:
        """The names of the intents."""
        return self._names

    def route(self, text: str) -> Route:
        """Find the intent of a text.

        Args:
            text: What was said, as any recogniser writes it.
        """
        words = _words(text)
        if name := self._examples.get(tuple(words)):
            return Route(name, 1.0)
        if not any(word in self._columns for word in words):
            return Route(None, 0.0)
        counts = _features(text)
        known = [(self._columns[name], n) for name, n in counts.items() if name in self._columns]
        columns = [column for column, _ in known]
        values = np.array([n for _, n in known], np.float32) * self._rarity[columns]
        length = _length(values, (n for name, n in counts.items() if name not in self._columns))
        scores = (values / length) @ self._weights[columns]
        chances = self._confidence(_clearance(scores[None])[0])[:-1]
        best = int(chances.argmax())
        confidence = float(chances[best])
        if confidence >= self._sure_from:
            return Route(self._names[best], confidence)
        worth = [(self._names[i], float(chances[i])) for i in np.argsort(-chances, kind="stable")]
        return Route(None, confidence, tuple(pair for pair in worth if pair[1] >= ASK))

    def _learn(self, texts: list[str], labels: NDArray[np.intp]) -> None:
        counts = [_features(text) for text in texts]
        spread = Counter(name for each in counts for name in each)
        kept = sorted(spread, key=lambda name: (-spread[name], name))[:_MAX_FEATURES]
        self._columns = {name: column for column, name in enumerate(kept)}
        self._rarity = np.array(
            [log((len(texts) + 1) / (spread[name] + 1)) + 1 for name in kept], np.float32
        )
        rows = np.zeros((len(texts), len(kept)), np.float32)
        for row, each in zip(rows, counts, strict=True):
            for name, n in each.items():
                if name in self._columns:
                    row[self._columns[name]] = n
            row *= self._rarity
            row /= _length(row, (n for name, n in each.items() if name not in self._columns))
        wanted = np.eye(labels[-1] + 1, dtype=np.float32)[labels]
        # Ridge regression by the examples' likenesses, of which there are fewer than features. An
        # inverse's diagonal gives each example's score by a model that is trained without it.
        inverse = np.linalg.inv(rows @ rows.T + _RIDGE * np.eye(len(texts), dtype=np.float32))
        duals = inverse @ wanted
        unseen = wanted - duals / np.diag(inverse)[:, None]
        self._weights: Floats = rows.T @ duals
        self._slope, self._offset = _calibrate(_clearance(unseen), labels)

    def _confidence(self, clearance: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(-(self._slope * clearance + self._offset))))


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:MAX_CHARS].lower().replace("’", "'"))


def _features(text: str) -> dict[str, float]:
    """Words, pairs of them, and the parts of each that survive a mishearing or an ending."""
    words = _words(text)
    found = dict.fromkeys(words, 1.0)
    bounded = ["", *words, ""]
    found |= dict.fromkeys(map(" ".join, pairwise(bounded)), 1.0)
    for word in words:
        marked = f"<{word}>"
        for size in (3, 4):
            for at in range(len(marked) - size + 1):
                found[f"_{marked[at : at + size]}"] = _PART_WEIGHT
    return found


def _length(known: Floats, unknown: Iterable[float]) -> float:
    squares = float(known @ known) + sum((n * _UNKNOWN_WEIGHT) ** 2 for n in unknown)
    return sqrt(squares) or 1.0


def _clearance(scores: Floats) -> Floats:
    """How high each class scores, and how far above the best of the others."""
    order = np.sort(scores, axis=1)
    best, second = order[:, -1:], order[:, -2:-1]
    others = np.where(scores == best, second, best)
    return 2 * scores - others


def _calibrate(clearance: Floats, labels: NDArray[np.intp]) -> tuple[float, float]:
    """Fit how likely an intent with some clearance is the one that was meant.

    What is out of scope counts as much as all that is not, however few its examples are. And a
    text of words that are in no example, which clears nothing, is none of them.
    """
    best = clearance[:, :-1].argmax(axis=1)
    outside = labels == labels[-1]
    half = len(labels) / 2
    x = np.append(clearance[np.arange(len(labels)), best].astype(np.float64), 0.0)
    right = np.append(best == labels, 0.0)
    weights = np.append(np.where(outside, half / outside.sum(), half / (~outside).sum()), half / 4)
    slope, offset = 1.0, 0.0
    for _ in range(25):  # Newton's method, held back by a little of the prior: slope 5, offset 0
        chance = 1 / (1 + np.exp(-(slope * x + offset)))
        spread = weights * chance * (1 - chance)
        pull = weights * (right - chance)
        gradient = np.array([pull @ x - 0.1 * (slope - 5), pull.sum() - 0.1 * offset])
        bend = np.array([[spread @ (x * x) + 0.1, spread @ x], [spread @ x, spread.sum() + 0.1]])
        slope, offset = np.array([slope, offset]) + np.linalg.solve(bend, gradient)
    return float(slope), float(offset)


def everyday_lines() -> list[str]:
    """Return ordinary questions and remarks, which few agents are for."""
    lines = files("antiphon.services.scripted").joinpath("everyday.txt").read_text("utf-8")
    return lines.splitlines()
