"""The words of a text that say what a number, a name or an address near them is."""

from collections.abc import Iterator
from typing import NamedTuple

from antiphon.processors.redaction.core.language import Language
from antiphon.processors.redaction.core.units import Scan

__all__ = ["Cue", "find_cues"]

# What things may have of their own as well, a parcel, a voucher, a remote.
OF_THINGS = frozenset({"PIN", "CVV", "ROUTING_NUMBER", "BANK_ACCOUNT"})
WORDS_OF_A_THING = 3


class Cue(NamedTuple):
    """A word or phrase that says what a number near it is; type "" says it is nothing to hide."""

    token: int
    last: int
    type: str


def find_cues(scan: Scan, language: Language) -> Iterator[Cue]:
    """The cues of a text; apostrophes and hyphens count as spaces in them."""
    words = scan.words
    if "'" in scan.text or "’" in scan.text or "-" in scan.text:
        kept = [i for i, w in enumerate(words) if w not in "'’-"]
        words = [words[i] for i in kept]
    else:
        kept = None
    index, previous, first_words = 0, -1, language.cues.by_first
    while index < len(words):
        if words[index] in first_words and (found := language.cues.at(words, index)):
            size, kind = found
            last = index + size - 1
            # "driver's license" + "number is": the first says what kind of number.
            if kind != "PHONE_NUMBER" or index != previous:
                token, end = (kept[index], kept[last]) if kept else (index, last)
                yield _of_a_thing(Cue(token, end + 1, kind), scan, language)
            index += size
            previous = index
        else:
            index += 1


def _of_a_thing(cue: Cue, scan: Scan, language: Language) -> Cue:
    """A cue, of no secret if it is of a thing's number: "parcel PIN", "the back of the remote"."""
    if cue.type not in OF_THINGS or not language.things:
        return cue
    words, after = scan.words, cue.last
    before = words[max(0, cue.token - 1) : cue.token]
    if not language.things.isdisjoint(before):
        return cue._replace(type="")
    if after < len(words) and words[after] in language.things_of:
        # Of "the back of your new remote" the thing is the third word.
        of = words[after + 1 : after + 1 + WORDS_OF_A_THING]
        ends = next((i for i, w in enumerate(of) if not w[0].isalpha()), len(of))
        if not language.things.isdisjoint(of[:ends]):
            return cue._replace(type="")
    return cue
