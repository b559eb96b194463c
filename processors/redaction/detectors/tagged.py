"""Names and addresses as a trained tagger sees them, by the words themselves and those around."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.tagger import ADDRESS, NAME
from antiphon.processors.redaction.core.tagger_words import (
    CORNER,
    IN_DICTIONARY,
    LISTING,
    OF_TITLES,
    STOPS,
    WORKS,
)
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

PERSON = "PERSON"
STREET = "STREET_ADDRESS"
# Tokens between two parts of one address: a comma, "and", "no wait".
MOST_BETWEEN = 3
# Signs inside a name: O'Neil, Anne-Marie, J. R. Smith.
INSIDE = frozenset("-'’.")
# A list of films or books is read so many tokens back, which bounds the cost of a name.
LONGEST_LIST = 80


def detect(view: View) -> Iterator[Entity]:
    """What the language's tagger labels, if it has one."""
    tagger = view.language.tagger
    if tagger is None or view.keys:
        return
    scan = view.scan
    labels = tagger.labels(view.text, scan.words, scan.starts, view.expected)
    index, count = 0, len(labels) if any(labels) else 0
    while index < count:
        label = labels[index]
        if label == NAME:
            last = _name_end(view, labels, index)
            name = _entity(view, _initials(view, index), last, PERSON, 0.5)
            spelled = any(r.start <= name.start and name.end <= r.end for r in view.runs)
            if not spelled and not _listed(view, index, last):
                yield name
        elif label == ADDRESS:
            last = _address_end(view, labels, index)
            if last > index and _placed(view, index, last):
                yield _entity(view, _corner(view, index), last, STREET, 0.45)
        else:
            last = index
        index = last + 1


def _name_end(view: View, labels: list[int], index: int) -> int:
    words, starts, ends = view.scan.words, view.scan.starts, view.scan.ends
    last = index
    while last + 1 < len(labels):
        if labels[last + 1] == NAME and "\n" not in view.text[ends[last] : starts[last + 1]]:
            last += 1
        elif (
            words[last + 1] in INSIDE
            and ends[last] == starts[last + 1]
            and labels[last + 2 : last + 3] == [NAME]
            and (words[last + 1] != "." or len(words[last]) == 1)
        ):
            last += 2
        elif labels[last + 3 : last + 4] == [NAME] and _elided(view, last + 3):
            last += 3
        else:
            break
    return last


def _listed(view: View, first: int, last: int) -> bool:
    """Whether a name is what a film, a song or a book is called, in a list of such."""
    words = view.scan.words
    back = max(0, first - LONGEST_LIST)
    begin = next((i + 1 for i in range(first - 1, back - 1, -1) if words[i] in STOPS), back)
    works = next((i for i in range(begin, first) if words[i] in WORKS), first)
    listing = next((i for i in range(first - 1, works, -1) if words[i] in LISTING), None)
    if listing is not None:
        said = view.language.common.intersection(words[listing + 1 : first])
        return all(word in OF_TITLES or word in view.language.lexicon for word in said)
    return first == last and PERSON not in view.expected and _among_titles(view, first)


def _among_titles(view: View, index: int) -> bool:
    """Whether a word is all of an item in a list of which one before is written as titles are."""
    words = view.scan.words
    if words[index - 1 : index] != [","] or words[index + 1 : index + 2] not in ([","], []):
        return False
    back = max(0, index - LONGEST_LIST)
    ends = [i for i in range(back, index) if words[i] == ","]
    begins = [back, *(i + 1 for i in ends)]
    return any(_titled(view, begin, end) for begin, end in zip(begins, ends, strict=False))


def _titled(view: View, begin: int, end: int) -> bool:
    """Whether ordinary words have a capital beside one for grammar: "The Next Level"."""
    tagger, scan = view.language.tagger, view.scan
    inside = range(begin + 1, end)
    return (
        tagger is not None
        and any(scan.words[i] in OF_TITLES for i in range(begin, end))
        and any(
            view.text[scan.starts[i]].isupper() and tagger.words[scan.words[i]] == IN_DICTIONARY
            for i in inside
        )
    )


def _elided(view: View, index: int) -> bool:
    """Whether a letter and an apostrophe stand before a word: O'Neil."""
    scan = view.scan
    return (
        scan.words[index - 1] in "'’"
        and len(scan.words[index - 2]) == 1
        and scan.starts[index - 2] + 2 == scan.starts[index]
    )


def _initials(view: View, first: int) -> int:
    """From the initials on that stand before a name: J. R. Smith."""
    words = view.scan.words
    if first > 1 and _elided(view, first):
        first -= 2
    while first:
        initial = first - 2 if words[first - 1] == "." else first - 1
        if initial < 0 or len(words[initial]) > 1 or not words[initial].isalpha():
            break
        if words[initial] in view.language.common or words[initial - 1 : initial] in (["'"], ["’"]):
            break
        first = initial
    return first


def _address_end(view: View, labels: list[int], index: int) -> int:
    last = index
    corner = _corner(view, index) < index
    for following in range(index + 1, len(labels)):
        if corner and labels[following] and view.scan.words[following - 1] == "and":
            # The other street of a corner may be taken for a name.
            last, corner = _name_end(view, labels, following), False
        elif following <= last:
            continue
        elif labels[following] == ADDRESS:
            last = following
        elif labels[following] == NAME or following - last > MOST_BETWEEN:
            break
    return last


def _placed(view: View, first: int, last: int) -> bool:
    """Whether there is a number in it, or two streets at a corner."""
    inside, tagger = view.scan.words[first : last + 1], view.language.tagger
    numbered = any(w[0].isdecimal() or (tagger and w in tagger.words.numbers) for w in inside)
    return numbered or _corner(view, first) < first


def _corner(view: View, first: int) -> int:
    """From "the corner of" on, if that comes before."""
    words = view.scan.words
    if first > 1 and words[first - 1] == "of" and words[first - 2] in CORNER:
        return first - 3 if first > 2 and words[first - 3] == "the" else first - 2
    return first


def _entity(view: View, first: int, last: int, kind: str, score: float) -> Entity:
    start, end = view.scan.starts[first], view.scan.ends[last]
    return Entity(start, end, kind, score, "tagged", view.text[start:end])
