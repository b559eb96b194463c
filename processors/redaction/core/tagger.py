"""Which words of a text are somebody's name or address: a small linear-chain model.

Adds weights for what kind of word each is and for the words beside it, and takes the best sequence
of labels. `benchmarks/redaction/names/train.py` makes the tables; a language without one has no
tagger.
"""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from antiphon.processors.redaction.core.tagger_words import Prepared, Words, features, prepare

if TYPE_CHECKING:
    from antiphon.processors.redaction.core.language import Language

__all__ = ["ADDRESS", "NAME", "NEITHER", "Tagger", "load_tagger"]

NEITHER, NAME, ADDRESS = range(3)
# Tokens that are nothing to the model after which a name (1) or an address (2) does not go on.
QUIET = (0, 2, 3, 3)


class Tagger:
    """Labels the tokens of texts in one language.

    Args:
        table: Its words and weights, as `benchmarks/redaction/names/train.py` writes them.
        language: The language.
    """

    def __init__(self, table: Mapping[str, Any], language: "Language") -> None:
        self.words = Words(table, language)
        # Both weights of a feature, a name's and an address's, in one number, which is one place in
        # memory to look at and one sum.
        self._weights = {feature: complex(*pair) for feature, pair in table["weights"].items()}
        steps: list[list[float]] = table["transitions"]
        # By what was asked for, and has not to be that sure to be found.
        self._steps = {
            question: _cautious(
                steps, 0.0 if question == "P" else name, 0.0 if question == "A" else address
            )
            for name, address in [table["caution"]]
            for question in ("", "P", "A")
        }

    def labels(
        self,
        text: str,
        words: Sequence[str],
        starts: Sequence[int],
        asked: Collection[str] = (),
    ) -> list[int]:
        """NEITHER, NAME or ADDRESS for each token.

        Args:
            text: The text.
            words: Its tokens in lower case.
            starts: Where they start.
            asked: The types that the other side has asked for.
        """
        labels = [NEITHER] * len(words)
        if len(words) < 2 and not asked:
            # A lone word says nothing of itself: the name of a field, a command.
            return labels
        seen = prepare(text, words, starts, self.words, "STREET_ADDRESS" in asked)
        if seen is None:
            return labels
        active = seen.active
        index, count = 0, len(words)
        question = "P" if "PERSON" in asked else "A" if "STREET_ADDRESS" in asked else ""
        while index < count:
            if not active[index]:
                index += 1
                continue
            begin = index
            while index < count and active[index]:
                index += 1
            labels[begin:index] = self._decode(seen, begin, index, question)
        return labels

    def open_from(self, text: str, words: Sequence[str], starts: Sequence[int]) -> int:
        """The character from which on more text may change what is a name or an address.

        Args:
            text: The text so far.
            words: Its tokens in lower case.
            starts: Where they start.
        """
        seen = prepare(text, words, starts, self.words)
        active = seen.active if seen else [0] * len(words)
        held, quiet = len(words), 0
        for index in range(len(words) - 1, -1, -1):
            if not active[index]:
                quiet += 1
            elif quiet < QUIET[active[index]]:
                held, quiet = index, 0
            else:
                break
        return starts[held] if held < len(words) else len(text)

    def _decode(self, seen: Prepared, begin: int, end: int, question: str) -> list[int]:
        """The best labels for tokens in a row; what is beside them is neither."""
        weight_of, steps = self._weights.get, self._steps[question]
        (oo, on, oa), (no, nn, na), (ao, an, aa) = steps
        best_o, best_n, best_a = 0.0, -1e9, -1e9
        back: list[tuple[int, int, int]] = []
        for index in range(begin, end):
            weights = filter(None, map(weight_of, features(seen, index, question)))
            both = sum(weights, 0j)
            may = seen.active[index]
            to_o, from_o = best_o + oo, NEITHER
            if best_n + no > to_o:
                to_o, from_o = best_n + no, NAME
            if best_a + ao > to_o:
                to_o, from_o = best_a + ao, ADDRESS
            to_n, from_n = best_o + on, NEITHER
            if best_n + nn > to_n:
                to_n, from_n = best_n + nn, NAME
            if best_a + an > to_n:
                to_n, from_n = best_a + an, ADDRESS
            to_a, from_a = best_o + oa, NEITHER
            if best_n + na > to_a:
                to_a, from_a = best_n + na, NAME
            if best_a + aa > to_a:
                to_a, from_a = best_a + aa, ADDRESS
            back.append((from_o, from_n, from_a))
            best_o = to_o
            best_n = to_n + both.real if may & 1 else -1e9
            best_a = to_a + both.imag if may & 2 else -1e9
        ends = (best_o, best_n + no, best_a + ao)
        label = max(range(3), key=ends.__getitem__)
        labels = [label]
        for froms in reversed(back[1:]):
            label = froms[label]
            labels.append(label)
        labels.reverse()
        return labels


def _cautious(steps: list[list[float]], name: float, address: float) -> list[list[float]]:
    """Transitions that make it harder to begin a name or an address."""
    (oo, on, oa), (no, nn, na), (ao, an, aa) = steps
    return [
        [oo, on - name, oa - address],
        [no, nn, na - address],
        [ao, an - name, aa],
    ]


def load_tagger(language: "Language") -> Tagger | None:
    """Read the tagger of a language; None if there is none.

    Args:
        language: The language, whose other words it leans on.
    """
    path = os.path.join(os.path.dirname(__file__), "languages", f"{language.code}.names.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as table:
        return Tagger(json.load(table), language)
