"""What the judge of boundaries looks for, and what it answers."""

import re
from enum import Enum
from typing import NamedTuple

from antiphon.processors.sentences.languages import LanguageTable
from antiphon.processors.sentences.marks import BULLETS, CLOSERS, LATIN, STRONG, TERMINATORS


class Answer(Enum):
    """What a judgement says."""

    YES = "yes"
    NO = "no"
    WAIT = "wait"


class Verdict(NamedTuple):
    """An answer, and the place where to cut (yes) or from where to look on (no)."""

    answer: Answer
    position: int = 0


STRONG_HERE = STRONG + ":;"  # the scanner asks for these two in Armenian and Greek only
# Of these, what is hardly ever doubled or followed by another mark.
FINAL = "。｡।॥۔።။។៕༎"
NOT_BEFORE_FINAL = TERMINATORS + CLOSERS
CERTAIN_OPENERS = '“‘«„"`([¿¡'
OPENERS_TOO = "“‘«"  # close a quote in German, open one elsewhere
CLOSERS_APART = ")]”»」』"
SPACES = " \u00a0\u202f\u2009"
EMOJI = re.compile(
    r"[\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]\S{0,8}?(?=\s|\w|$)"
)
REFERENCE = re.compile(r"\[\d{1,3}\]")
CLOSING_TAG = re.compile(r"</[A-Za-z][^<>]{0,30}>")
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
DOTTED = re.compile(r"(?:[^\W\d_]{1,3}\.)+[^\W\d_]{1,3}|[^\W\d_](?:\.\w)+")
ROMAN = re.compile(r"[IVXLCDM]{2,}")
ITEM_LINE = re.compile(rf"[-*+–—{BULLETS}#]|\(?(?:\d{{1,3}}|[a-zA-Z])[.)]")
MARKS_AROUND_WORD = "([{\"“”„«»‘’'—–-*_`~¿¡$€£¥#"
FIRST_WIDE = "\u2e80"  # from here on: scripts that put no space between sentences
FAR = 64  # characters of marks or spaces that are looked over before giving up


def over_spaced_marks(text: str, end: int) -> int:
    """Over the rest of `. . .` and of French `... !`."""
    n = len(text)
    first = end
    while end - first <= FAR:
        look = end
        while look < n and text[look] in SPACES and look - end < 3:
            look += 1
        if look in (end, n) or text[look] not in LATIN:
            return end
        tail = look + 1
        while tail < n and text[tail] in LATIN:
            tail += 1
        if tail < n and text[tail].isalnum():
            return end
        end = tail
    return end


def over_spaces(text: str, place: int) -> int:
    """Over white space, as far as one looks."""
    farthest = min(len(text), place + FAR)
    while place < farthest and text[place].isspace():
        place += 1
    return place


def next_word(text: str, proof: int, *, final: bool) -> str | None:
    """The whole next word in lower case, "" for an initial; None if it is not there yet."""
    n = len(text)
    found = WORD.match(text, proof)
    if found is None:
        return ""
    end = found.end()
    if end - proof > 30:
        return ""
    if (end == n or (text[end] in "'’" and end + 1 == n)) and not final:
        return None
    if end - proof == 1 and end < n and text[end] == ".":
        return ""
    return found.group().replace("’", "'").lower()


def ends_surely(words: list[str], marks: str, table: LanguageTable) -> bool:
    """Whether words and the marks after them end a sentence, whatever may follow."""
    last = words[-1]
    match marks:
        case ".":
            if len(words) < 3 or len(last) < 4 or not last.isalpha() or last != last.lower():
                return False
            # It may become the name of a file or a host: go to example.com.
            near = {word.strip(MARKS_AROUND_WORD + ",:").lower() for word in words[-4:-1]}
            return near.isdisjoint(table.pointers) and last not in table.numbers
        case "!":  # not yet: Yahoo! and the like
            return len(words) == 1 or last == last.lower()
        case "?":
            return "/" not in last  # example.com/a?b=1
        case "？" | "！" | "؟":
            return True
        case mark:
            return mark in STRONG


def words_before(text: str, start: int, at: int) -> tuple[str, str]:
    """The word that a mark ends, without marks around it, and the word before that."""
    words = text[max(start, at - 40) : at].split()
    if not words or text[at - 1].isspace():
        return "", ""
    left = words[-1].lstrip(MARKS_AROUND_WORD)
    for joint in "—–/(":
        left = left.rpartition(joint)[2]
    for apostrophe in "'’":  # l'Ing., but not Mary's.
        elided, _, word = left.rpartition(apostrophe)
        if len(elided) <= 4 and len(word) > 2:
            left = word
    return left, words[-2] if len(words) > 1 else ""
