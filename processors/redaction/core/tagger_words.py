"""What kinds of words a text has, for the tagger of names and addresses.

Looks up what kind each word is (known to a dictionary, a given name, a surname, a place; how it is
written), which of them may be part of a name or an address, and names the features that tell.
Words that are plainly neither cost a look-up.
"""

import json
import os
import unicodedata
from array import array
from base64 import b64decode
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32, decompress

if TYPE_CHECKING:
    from antiphon.processors.redaction.core.language import Language

__all__ = ["CORNER", "Prepared", "Words", "features", "fold", "prepare"]

# What the bits of a word's entry say: in a dictionary; how common as a given name and as a surname
# (0 to 3); a place or another proper noun.
IN_DICTIONARY, GIVEN, SURNAME, PROPER = 0x01, 0x06, 0x18, 0x20
# Tokens that an address may reach on from what tells of one, and back to its number.
ADDRESS_REACH = 12
MOST_BEFORE = 7
# Tokens before what tells of an address in which its number is, if it is not right after.
NUMBER_BEFORE = 8
NUMBERS = frozenset({"digit", "teen", "tens", "zero", "multiplier", "ordinal", "number"})
with open(os.path.join(os.path.dirname(__file__), "tagger.json"), encoding="utf-8") as _file:
    _TABLE: dict[str, list[str]] = {k: v.split() for k, v in json.load(_file).items()}
UNITS = frozenset(_TABLE["units"])
CORNER = frozenset(_TABLE["corner"])
# As street names end in languages that write them as one word, and begin in those that do not.
ENDINGS = tuple(_TABLE["endings"])
STREET_OPENERS = frozenset(_TABLE["openers"])
# Words after which a name is of something to hear, see or go to, and of asking for it.
TOPICS = frozenset(_TABLE["topics"])
REQUESTS = frozenset(_TABLE["requests"])
# What a list may be of, what begins one, and what of a sentence may stand in a title.
WORKS = frozenset(_TABLE["works"])
LISTING = frozenset(_TABLE["listing"])
OF_TITLES = frozenset(_TABLE["of_titles"])
CONTRACTED = frozenset({"s", "t", "m", "d", "ll", "re", "ve", "’"})
TOPIC_REACH = 8
REQUEST_REACH = 14
LETTERS = str.maketrans({"ø": "o", "ł": "l", "ß": "ss", "đ": "d", "æ": "ae", "þ": "th", "ð": "d",
                         "ı": "i", "œ": "oe"})  # fmt: skip
PUNCTUATION = frozenset(".,?!:;'-\"()/")
STOPS = frozenset('.?!:;\n">')


def fold(word: str) -> str:
    """A word without accents."""
    if word.isascii():
        return word
    plain = unicodedata.normalize("NFKD", word.translate(LETTERS))
    return "".join(c for c in plain if not unicodedata.combining(c))


class Prepared(NamedTuple):
    """A text made ready for the model, one entry a token.

    Parameters:
        codes: What kind of token it is, closely.
        kinds: The same, coarsely.
        keys: The word, or its kind where it may be a name.
        words: The words.
        active: Whether it may be a name (1), part of an address (2) or either (3).
    """

    codes: list[str]
    kinds: list[str]
    keys: list[str]
    words: Sequence[str]
    active: list[int]


class Words:
    """The dictionary and the lists of names: by a word's checksum, what is known of it.

    Args:
        table: The tagger's.
        language: Whose other words they stand beside.
    """

    def __init__(self, table: Mapping[str, Any], language: "Language") -> None:
        self._sums = array("I", b64decode(table["sums"]))
        self._bits = decompress(b64decode(table["bits"]))
        self._ordinary: dict[str, int] = {}
        self.language = language
        ordinary = {w for w in language.common if w not in language.lexicon}
        frequent = frozenset(table["frequent"].split())
        self.plain = (frequent | ordinary | PUNCTUATION | CORNER) - language.titles
        self.kinds = {w: w if w in PUNCTUATION else "f" for w in self.plain}
        self.kinds |= dict.fromkeys(self.plain & language.street_words, "S")
        self.kinds |= dict.fromkeys(CORNER, "C")
        lexicon = language.lexicon.items()
        self.numbers = frozenset(w for w, entry in lexicon if entry.kind in NUMBERS)
        # Words that say nothing of names: what has no other is not looked at. Words of the
        # dictionary come to them as they are met.
        self.idle = set(self.plain | self.numbers | language.titles | CONTRACTED)
        self.idle -= language.street_words | CORNER

    def __getitem__(self, word: str) -> int:
        bits = self._ordinary.get(word)
        if bits is None:
            found = crc32((word if word.isascii() else fold(word)).encode())
            index = bisect_left(self._sums, found)
            at = index < len(self._sums) and self._sums[index] == found
            bits = self._bits[index] if at else 0
            if bits & IN_DICTIONARY:
                # What is in the dictionary is nobody's secret; no other word stays here.
                self._ordinary[word] = bits
        return bits


def prepare(
    text: str,
    words: Sequence[str],
    starts: Sequence[int],
    known: Words,
    asked: bool = False,
) -> Prepared | None:
    """Tell the kinds of a text's tokens; None if none of them may be a name or an address.

    Args:
        text: The text.
        words: Its tokens in lower case.
        starts: Where they start.
        known: What is known of words.
        asked: Whether an address was asked for.
    """
    if not asked and (
        known.idle.issuperset(words) or all(w.isdecimal() for w in words if w not in known.idle)
    ):
        return None
    language, numbers = known.language, known.numbers
    streets, titles = language.street_words, language.titles
    cased = text != text.lower()
    lines = "\n" in text
    # Most words are plain: only the others are looked at one by one.
    kinds = list(map(known.kinds.get, words, repeat("")))
    codes, keys, active = kinds[:], list(words), [0] * len(words)
    anchors: list[int] = []
    candidate, last = False, -2
    for index, kind in enumerate(kinds):
        if kind and kind not in "SC":
            continue
        if kind:
            anchors.append(index)
            continue
        word, start = words[index], starts[index]
        before, end = (words[index - 1], starts[index - 1]) if index else ("\n", -1)
        if index:
            end += len(before)
            if lines and "\n" in text[end:start]:
                before = "\n"
            elif before == "’":
                before = "'"
        code = key = ""
        if not word[0].isalpha():
            if word[0].isdecimal():
                glued = start == end and kinds[index - 1][0].isalpha() and len(words[index - 1]) > 1
                kind, code, key = ("x", "x", "x") if glued else ("#", f"#{min(len(word), 6)}", "#")
                if last == index - 1 and not glued:
                    anchors.append(index)
            else:
                kind = key = code = "*"
        elif (
            start == end
            and before != "\n"
            and ((before == "'" and len(word) <= 2) or before[0].isdecimal())
        ):
            # The end of "it's" and "5th", the letters of a code; a lone letter is part of "4b".
            kind = code = "f" if before == "'" else "x"
            key = word
            if kind == "x" and (len(word) == 1 or word in language.ordinal_suffixes):
                kind, code, key = "#", "#x", "#"
        elif word in streets or word in STREET_OPENERS:
            kind, code, key = "S", "S", word
            anchors.append(index)
        elif word in UNITS:
            kind, code, key = "U", "U", word
            anchors.append(index)
        elif word in titles:
            kind, code, key = "t", "t", word
        elif word in numbers:
            kind, code, key = "#", "#w", "#"
            if last == index - 1:
                anchors.append(index)
        else:
            bits = known[word]
            if not cased:
                shape = "l"
            elif not text[start].isupper():
                shape = "a"
            elif len(word) > 1 and text[start + 1].isupper():
                shape = "X"
            else:
                shape = "I" if before in STOPS else "A"
            beside = index > 0 and active[index - 1] > 0
            may = 0
            if len(word) == 1:
                kind, code, key = "i", "i" + shape, "i"
                may = int(beside or (before == "." and any(active[max(0, index - 2) : index])))
            elif bits & IN_DICTIONARY:
                code = f"{bits:02x}{shape}"
                key = word
                capital = shape in "AX"
                if (
                    bits & GIVEN
                    or (bits & SURNAME and capital)
                    or (beside and (bits & SURNAME or capital))
                ):
                    kind, may = ("n" if bits & (GIVEN | SURNAME) else "d") + shape, 1
                else:
                    kind = "d" + shape
                    if not bits & SURNAME:
                        known.idle.add(word)
            elif before == "@" or words[index + 1 : index + 2] in (["@"], ["_"]):
                # Part of an e-mail address or of an identifier.
                kind, code, key = "x", "x", "x"
            else:
                may = 1
                if index and kinds[index - 1][0].isalpha() and known[f"{before} {word}"]:
                    # A town of two words.
                    kinds[index - 1], codes[index - 1] = "p" + shape, "town" + shape
                    keys[index - 1] = "p"
                    kind, code, key = "p" + shape, "town" + shape, "p"
                else:
                    code = f"{bits:02x}{shape}"
                    key = "g" if bits & GIVEN else "s" if bits & SURNAME else "p" if bits else "u"
                    kind = key + shape
                    if key in "us" and word.endswith(ENDINGS):
                        code += "E"
                        anchors.append(index)
                if index and kinds[index - 1] == "#":
                    anchors.append(index)
                last = index
            candidate = candidate or may == 1
            active[index] = may
        kinds[index], codes[index], keys[index] = kind, code, key
    if anchors or asked:
        candidate = _open_addresses(kinds, active, anchors, asked) or candidate
    return Prepared(codes, kinds, keys, words, active) if candidate else None


def _open_addresses(kinds: list[str], active: list[int], anchors: list[int], asked: bool) -> bool:
    """Let the words around what tells of an address be part of one; whether there are any."""
    count = len(kinds)
    numbers = [index for index, kind in enumerate(kinds) if kind in "#C"]
    anchors = [a for a in anchors if any(a - NUMBER_BEFORE <= n <= a + 2 for n in numbers)]
    if asked:
        anchors = list(range(0, count, ADDRESS_REACH))
    reach = 0
    for anchor in anchors:
        for index in range(max(anchor, reach), min(anchor + ADDRESS_REACH, count)):
            kind = kinds[index]
            if kind not in "fxC" and kind[0] not in PUNCTUATION:
                active[index] |= 2
        reach = max(reach, min(anchor + ADDRESS_REACH, count))
        for index in range(anchor - 1, max(-1, anchor - 1 - MOST_BEFORE), -1):
            if kinds[index] in "fx" or kinds[index][0] in PUNCTUATION:
                break
            active[index] |= 2
    return bool(anchors)


def features(seen: Prepared, index: int, question: str) -> list[str]:
    """The names of the features that hold for a token."""
    codes, kinds, keys = seen.codes, seen.kinds, seen.keys
    count = len(codes)
    code, kind = codes[index], kinds[index]
    if index:
        left, before = codes[index - 1], keys[index - 1]
    else:
        left = before = "^"
    left2, before2 = (codes[index - 2], keys[index - 2]) if index > 1 else ("^", "^")
    if index + 1 < count:
        right, after = codes[index + 1], keys[index + 1]
    else:
        right = after = "$"
    right2, after2 = (codes[index + 2], keys[index + 2]) if index + 2 < count else ("$", "$")
    found = [
        "0" + code,
        f"1{left} {code}",
        f"2{code} {right}",
        f"3{left2} {left} {kind}",
        f"4{kind} {right} {right2}",
        f"5{before} {kind}",
        f"6{before2} {before}",
        f"7{after} {kind}",
        f"8{after} {after2}",
        f"9{keys[index]}",
        f"a{before} {after}",
        f"b{question}{kind}{min(count, 6)}" if question else "b" + kind,
    ]
    if kind[0] in "ugsp":
        word = seen.words[index]
        # Whether content is spoken of, music, a film, the way somewhere, and asked for.
        topic = 0
        if not TOPICS.isdisjoint(seen.words[max(0, index - TOPIC_REACH) : index]):
            asking = seen.words[max(0, index - REQUEST_REACH) : index]
            topic = 1 if REQUESTS.isdisjoint(asking) else 2
        found += (f"c{word[-3:]}", f"d{topic}{kind}")
        if not word.isascii():
            found.append("f" + kind)
    if seen.active[index] & 2:
        near = kinds[max(0, index - 4) : index]
        following = kinds[index + 1 : index + 5]
        found.append(
            f"e{kind}{'#' in near:d}{'#' in following:d}{'S' in near:d}{'S' in following:d}"
            f"{'U' in near:d}{'U' in following:d}"
        )
    return found
