"""Which words of a text are somebody's name or address: a small linear-chain model.

Looks up what kind of word each is (known to a dictionary, a given name, a surname, a place; how it is
written), adds weights for the words beside it, and takes the best sequence of labels. Words that
are plainly neither cost a look-up. `benchmarks/redaction/train.py` makes the tables; a language
without one has no tagger.
"""

import json
import os
import unicodedata
from array import array
from base64 import b64decode
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32, decompress

if TYPE_CHECKING:
    from antiphon.processors.redaction.core.language import Language

__all__ = ["ADDRESS", "NAME", "NEITHER", "Tagger", "features", "load_tagger", "prepare"]

NEITHER, NAME, ADDRESS = range(3)
# What the bits of a word's entry say: in a dictionary; how common as a given name and as a surname
# (0 to 3); a place or another proper noun.
IN_DICTIONARY, GIVEN, SURNAME, PROPER = 0x01, 0x06, 0x18, 0x20
# Tokens that an address may reach to either side of what tells of one.
ADDRESS_REACH = 12
NUMBERS = frozenset({"digit", "teen", "tens", "zero", "multiplier", "ordinal", "number"})
UNITS = frozenset(
    "apt apartment suite ste unit flat floor room box po psc apo fpo dpo lot bldg building".split()
)
CONTRACTED = frozenset({"s", "t", "m", "d", "ll", "re", "ve", "’"})
CORNER = frozenset({"corner", "intersection"})
# As street names end in languages that write them as one word.
ENDINGS = (
    "strasse", "straße", "stræde", "strade", "gasse", "gatan", "gata", "gate", "gaten", "vagen",
    "vägen", "vej", "veien", "vegen", "katu", "tie", "straat", "laan", "plein", "weg", "utca",
    "ulica", "brautin", "braut",
)  # fmt: skip
STREET_OPENERS = frozenset(
    "rua avenida calle via viale corso piazza rue allee ulica ul ulitsa utca strada plaza paseo "
    "carrera boulevard chemin impasse quai".split()
)
# Words after which a name is of something to hear, see or go to.
TOPICS = frozenset(
    "play playing song songs music album albums listen listening artist band track playlist movie "
    "movies film films watch watching show shows starring directed ticket tickets concert event "
    "directions navigate flight flights fly weather restaurant restaurants hotel hotels translate "
    "say spell mean cuisine food theater theatre cinema recipe".split()
)
REQUESTS = frozenset(
    "i me us we my play find want like please get search recommend show give suggest put".split()
)
TOPIC_REACH = 8
REQUEST_REACH = 14
LETTERS = str.maketrans({"ø": "o", "ł": "l", "ß": "ss", "đ": "d", "æ": "ae", "þ": "th", "ð": "d",
                         "ı": "i", "œ": "oe"})  # fmt: skip
PUNCTUATION = frozenset(".,?!:;'-\"()/")
STOPS = frozenset(".?!:;\n\">")


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
        topics: Whether content was spoken of a few words before, music, a film, the way somewhere
            (1), and asked for (2).
        active: Whether it may be a name (1), part of an address (2) or either (3).
    """

    codes: list[str]
    kinds: list[str]
    keys: list[str]
    words: Sequence[str]
    topics: list[int]
    active: list[int]


class Words:
    """The dictionary and the lists of names: by a word's checksum, what is known of it."""

    def __init__(self, sums: "array[int]", bits: bytes) -> None:
        self._sums = sums
        self._bits = bits
        self._ordinary: dict[str, int] = {}

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


class Tagger:
    """Labels the tokens of texts in one language.

    Args:
        table: Its words and weights, as `benchmarks/redaction/train.py` writes them.
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        sums = array("I", b64decode(table["sums"]))
        self.words = Words(sums, decompress(b64decode(table["bits"])))
        self.frequent = frozenset(table["frequent"].split())
        self.plain: frozenset[str] = frozenset()
        # Words that say nothing of names: what has no other is not looked at. Words of the
        # dictionary come to them as they are met.
        self.idle: set[str] = set()
        self._weights: dict[str, list[float]] = table["weights"]
        steps: list[list[float]] = table["transitions"]
        # By what was asked for, and has not to be that sure to be found.
        self._steps = {
            question: _cautious(steps, 0.0 if question == "P" else name, 0.0 if question == "A" else address)
            for name, address in [table["caution"]]
            for question in ("", "P", "A")
        }

    def learn(self, language: "Language") -> None:
        """Take note of the words that are no name by themselves in a language, once."""
        ordinary = {w for w in language.common if w not in language.lexicon}
        self.plain = frozenset(self.frequent | ordinary | PUNCTUATION) - language.titles
        numbers = {w for w, entry in language.lexicon.items() if entry.kind in NUMBERS}
        self.idle |= (self.plain | numbers | language.titles | CONTRACTED) - language.street_words - CORNER

    def labels(
        self,
        text: str,
        words: Sequence[str],
        starts: Sequence[int],
        language: "Language",
        asked: Collection[str] = (),
    ) -> list[int]:
        """NEITHER, NAME or ADDRESS for each token.

        Args:
            text: The text.
            words: Its tokens in lower case.
            starts: Where they start.
            language: Its language.
            asked: The types that the other side has asked for.
        """
        labels = [NEITHER] * len(words)
        if len(words) < 2 and not asked:
            # A lone word says nothing of itself: the name of a field, a command.
            return labels
        seen = prepare(text, words, starts, language, self, "STREET_ADDRESS" in asked)
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

    def _decode(self, seen: Prepared, begin: int, end: int, question: str) -> list[int]:
        """The best labels for tokens in a row; what is beside them is neither."""
        weights, steps = self._weights, self._steps[question]
        (oo, on, oa), (no, nn, na), (ao, an, aa) = steps
        best_o, best_n, best_a = 0.0, -1e9, -1e9
        back: list[tuple[int, int, int]] = []
        for index in range(begin, end):
            name = address = 0.0
            for feature in features(seen, index, question):
                weight = weights.get(feature)
                if weight is not None:
                    name += weight[0]
                    address += weight[1]
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
            best_n = to_n + name if may & 1 else -1e9
            best_a = to_a + address if may & 2 else -1e9
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


def prepare(
    text: str,
    words: Sequence[str],
    starts: Sequence[int],
    language: "Language",
    tagger: "Tagger",
    asked: bool = False,
) -> Prepared | None:
    """Tell the kinds of a text's tokens; None if none of them may be a name or an address.

    Args:
        text: The text.
        words: Its tokens in lower case.
        starts: Where they start.
        language: Its language.
        tagger: Whose words are looked up.
        asked: Whether an address was asked for.
    """
    lexicon, streets, titles = language.lexicon, language.street_words, language.titles
    if not tagger.plain:
        tagger.learn(language)
    plain, known, idle = tagger.plain, tagger.words, tagger.idle
    if not asked and all(w.isdecimal() for w in words if w not in idle):
        return None
    cased = text != text.lower()
    lines = "\n" in text
    codes: list[str] = []
    kinds: list[str] = []
    keys: list[str] = []
    topics: list[int] = []
    active: list[int] = []
    anchors: list[int] = []
    candidate = False
    before, last, end = "\n", -2, -1
    topic = request = -REQUEST_REACH - 1
    for index, word in enumerate(words):
        start = starts[index]
        if lines and index and "\n" in text[end:start]:
            before = "\n"
        may = 0
        if word in plain:
            kind = code = "f"
            key = word
            if word in PUNCTUATION:
                kind = code = word
            elif word in streets or word in CORNER:
                kind = code = "S"
                anchors.append(index)
            if word in REQUESTS:
                request = index
            if word in TOPICS:
                topic = index
        elif not word[0].isalpha():
            if word[0].isdecimal():
                glued = start == end and kinds[-1][0].isalpha() and len(words[index - 1]) > 1
                kind, code, key = ("x", "x", "x") if glued else ("#", f"#{min(len(word), 6)}", "#")
                if last == index - 1 and not glued:
                    anchors.append(index)
            else:
                kind = key = code = "*"
        elif start == end and before != "\n" and (
            (before == "'" and len(word) <= 2) or before[0].isdecimal()
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
        elif word in lexicon and lexicon[word].kind in NUMBERS:
            kind, code, key = "#", "#w", "#"
            if last == index - 1:
                anchors.append(index)
        else:
            if word in TOPICS:
                topic = index
            bits = known[word]
            if not cased:
                shape = "l"
            elif not text[start].isupper():
                shape = "a"
            elif len(word) > 1 and text[start + 1].isupper():
                shape = "X"
            else:
                shape = "I" if before in STOPS else "A"
            if len(word) == 1:
                kind, code, key = "i", "i" + shape, "i"
                may = 1
            elif bits & IN_DICTIONARY:
                code = f"{bits:02x}{shape}"
                key = word
                if bits & GIVEN or (
                    (bits & SURNAME or shape in "AX") and (active and active[-1])
                ) or (bits & SURNAME and shape in "AX"):
                    kind, may = ("n" if bits & (GIVEN | SURNAME) else "d") + shape, 1
                else:
                    kind = "d" + shape
                    if not bits & SURNAME:
                        idle.add(word)
            else:
                may = 1
                if index and kinds[-1][0].isalpha() and known[f"{before} {word}"]:
                    # A town of two words.
                    kinds[-1], codes[-1] = "p" + shape, "town" + shape
                    keys[-1] = "p"
                    kind, code, key = "p" + shape, "town" + shape, "p"
                else:
                    code = f"{bits:02x}{shape}"
                    key = "g" if bits & GIVEN else "s" if bits & SURNAME else "p" if bits else "u"
                    kind = key + shape
                    if key in "us" and word.endswith(ENDINGS):
                        code += "E"
                        anchors.append(index)
                if index and kinds[-1] == "#":
                    anchors.append(index)
                last = index
            candidate = candidate or may == 1
        if index - topic > TOPIC_REACH:
            topics.append(0)
        else:
            topics.append(2 if index - request <= REQUEST_REACH else 1)
        codes.append(code)
        kinds.append(kind)
        keys.append(key)
        active.append(may)
        before = "'" if word == "’" else word
        end = start + len(word)
    if anchors or asked:
        _open_addresses(kinds, active, anchors, asked)
        candidate = True
    return Prepared(codes, kinds, keys, words, topics, active) if candidate else None


def _open_addresses(kinds: list[str], active: list[int], anchors: list[int], asked: bool) -> None:
    """Let the words around what tells of an address be part of one."""
    reach = -1
    following = 0
    for index, kind in enumerate(kinds):
        while following < len(anchors) and anchors[following] < index:
            reach = anchors[following] + ADDRESS_REACH
            following += 1
        near = following < len(anchors) and anchors[following] - ADDRESS_REACH <= index
        if (near or index <= reach or asked) and kind not in "fx" and kind[0] not in PUNCTUATION:
            active[index] |= 2


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
        f"b{question}{kind}{min(count, 6)}",
    ]
    if kind[0] in "ugsp":
        word = seen.words[index]
        found += (f"c{word[-3:]}", f"d{seen.topics[index]}{kind}")
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


@cache
def load_tagger(code: str) -> Tagger | None:
    """The tagger of a language, read once per process; None if there is none.

    Args:
        code: The language's code, as tables are named.
    """
    path = os.path.join(os.path.dirname(__file__), "languages", f"{code}.names.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as table:
        return Tagger(json.load(table))
