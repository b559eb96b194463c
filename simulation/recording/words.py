"""Word error rate: what was recognised against what was said."""

import re
from dataclasses import dataclass

from antiphon.services.phrases import DIGIT_WORDS

__all__ = ["Errors", "word_errors"]


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Counts that add up over lines.

    Parameters:
        words: How many words were said.
        wrong: The fewest substitutions, insertions and deletions that make one the other.
    """

    words: int = 0
    wrong: int = 0

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(words=self.words + other.words, wrong=self.wrong + other.wrong)

    @property
    def rate(self) -> float:
        """The word error rate; can be above 1 where words were added."""
        return self.wrong / self.words if self.words else float(self.wrong > 0)


def word_errors(said: str, recognised: str) -> Errors:
    """Compare two texts word by word; case, punctuation and how digits are written do not count.

    Args:
        said: What was said.
        recognised: What was understood.
    """
    reference, hypothesis = _words(said), _words(recognised)
    # Levenshtein's distance, row by row.
    row = list(range(len(hypothesis) + 1))
    for index, word in enumerate(reference, start=1):
        diagonal, row[0] = row[0], index
        for column, other in enumerate(hypothesis, start=1):
            best = min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
            diagonal, row[column] = row[column], best
    return Errors(words=len(reference), wrong=row[-1])


def _words(text: str) -> list[str]:
    # What is read out digit by digit one recogniser writes in words, another as a number.
    spelt = re.sub(r"\d", lambda digit: f" {DIGIT_WORDS[int(digit.group())]} ", text.lower())
    return re.findall(r"[\w']+", spelt)
