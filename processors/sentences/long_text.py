"""Where a text that has no end is cut: at a clause, or between two words, and in no number."""

from antiphon.processors.sentences.boundaries import BoundaryJudge
from antiphon.processors.sentences.events import SPACE
from antiphon.processors.sentences.marks import CLAUSE_END, SPEECH
from antiphon.processors.sentences.numbers import joins_numbers

__all__ = ["place_to_cut", "word_end"]

_LONGEST_NUMBER = 16  # groups or words: one may cut inside of a longer one
_NEAR = 40  # characters on either side that tell whether a place is inside of a number


def place_to_cut(judge: BoundaryJudge, start: int, limit: int) -> int:
    """The place behind the last clause between two places, or between two words."""
    text = judge.text
    # What comes next must have something to say too: cut before the last letter at the latest.
    last = max((found.start() for found in SPEECH.finditer(text, start, limit)), default=0)
    clauses = list(CLAUSE_END.finditer(text, start + (limit - start) // 3, last))
    for clause in reversed(clauses[-_LONGEST_NUMBER:]):
        if not _may_be_in_number(judge, start, clause.start(), limit):
            return clause.end()
    return word_end(judge, start, last) or last


def word_end(judge: BoundaryJudge, start: int, limit: int) -> int:
    """The last place between two words, not inside a number and not behind a title, or 0."""
    text = judge.text
    judge.start = start
    spaces = list(SPACE.finditer(text, max(start, limit - 80), limit))
    for space in reversed(spaces[-_LONGEST_NUMBER:]):
        end = space.start()
        left, right = text[end - 1 : end], text[space.end() : space.end() + 1]
        if end == start or (left.isdigit() and not right):
            continue
        if left == "." and judge.is_known(judge.words_before(end - 1)[0]):
            continue
        if not _may_be_in_number(judge, start, end, limit):
            return end
    return 0


def _may_be_in_number(judge: BoundaryJudge, start: int, place: int, limit: int) -> bool:
    begin = max(start, place - _NEAR)
    near = judge.text[begin : min(limit, place + _NEAR)]
    return joins_numbers(near, 0, place - begin, judge.table.numbers, final=False) is not False
