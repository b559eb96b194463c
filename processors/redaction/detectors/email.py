"""E-mail addresses, written ("jo@example.org") or said ("jo dot doe at example dot org")."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.units import Unit, UnitKind
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "EMAIL_ADDRESS"
CONNECTORS = frozenset("._-+")
SPELLED = frozenset({UnitKind.LETTERS, UnitKind.DIGITS})
# What may stand before an "@" with a space between.
NAMED = frozenset({UnitKind.WORD, UnitKind.LETTERS, UnitKind.DIGITS})
MOST_LABELS = 24
MOST_LOCAL = 24
MOST_NAMES = 3
# Where a spoken address may end without more letters following: the usual top-level domains.
TOP_LEVEL = frozenset({
    "com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "io", "ai", "co", "uk", "us",
    "ca", "au", "nz", "ie", "de", "fr", "es", "it", "nl", "be", "at", "ch", "se", "no", "dk",
    "fi", "pl", "pt", "eu", "hu", "cz", "sk", "ro", "bg", "gr", "hr", "si", "ru", "jp", "cn",
    "in", "br", "mx", "ar", "za", "dev", "app", "me", "tv", "xyz", "online", "store",
})  # fmt: skip


# After a dot between two spaces, as a recogniser writes it, these are no words of a sentence.
SPACED = TOP_LEVEL - {"int", "in", "us", "ie", "it", "be", "at", "me", "no", "is", "app", "store"}


# Recognisers leave out a dot that was said: "at Gmail Com". The first are no words of a sentence;
# behind a name of where mail is kept the others are none either.
DOTLESS = frozenset({"com", "org", "edu"})
PROVIDERS = frozenset({
    "aol", "gmail", "gmx", "googlemail", "hotmail", "icloud", "mail", "msn", "outlook", "proton",
    "protonmail", "web", "yahoo",
})  # fmt: skip


def detect(view: View) -> Iterator[Entity]:
    """Every "@", and every "at" that a domain follows."""
    units = view.scan.units
    asked = TYPE in view.expected
    for index, unit in enumerate(units):
        if unit.kind is UnitKind.SYMBOL and unit.value == "@":
            found = _around(view, units, index, asked)
            if found:
                yield found
    if asked and view.bare is False:
        yield from _fragment(view, units)


def _around(view: View, units: list[Unit], index: int, asked: bool) -> Entity | None:
    sign = units[index]
    last = _domain(view, units, index + 1)
    if last is None:
        # An address cut off by the end of the turn, if one was asked for or the sign is written.
        if sign.spoken and not (asked and index + 2 >= len(units)):
            return None
        last = min(index + 1, len(units) - 1)
        if not sign.spoken and not _touches(units, index):
            return None
    first = _local(view, units, index)
    if first == index and not asked:
        return None
    text = view.text[units[first].start : units[last].end]
    score = 0.95 if not sign.spoken else 0.85
    value = text if not sign.spoken else _canonical(units[first : last + 1])
    return Entity(units[first].start, units[last].end, TYPE, score, "format", value)


def _touches(units: list[Unit], index: int) -> bool:
    """Whether a written sign has characters on both sides."""
    return (
        index < len(units) - 1
        and units[index - 1].end == units[index].start
        and units[index + 1].start == units[index].end
        and units[index - 1].kind is not UnitKind.SYMBOL
        and units[index + 1].kind is not UnitKind.SYMBOL
    )


def _domain(view: View, units: list[Unit], index: int) -> int | None:
    """The last unit of the domain that starts at `index`, if one does."""
    if units[index - 1].spoken and (last := _dotless(view, units, index)):
        return last
    labels = 0
    first, last = index, index - 1
    while labels < MOST_LABELS:
        begin = index
        while index < len(units) and _labelled(units[index]):
            unit = units[index]
            spelled = unit.kind in SPELLED or (unit.kind is UnitKind.SYMBOL and unit.spoken)
            spells_on = spelled or (units[index - 1].kind in SPELLED and _dot(units, index + 1))
            if index > begin and not spells_on and not _glued(units, index):
                break
            index += 1
            if labels and unit.value in TOP_LEVEL and not _dot(units, index):
                return index - 1
        if index == begin:
            break
        labels += 1
        last = index - 1
        if not _dot(units, index):
            break
        index += 1
    if labels < 2 or (units[last].kind is UnitKind.DIGITS and units[last].sure):
        return None
    # "at the dot on the map"
    words = [u.value for u in units[first : last + 1] if u.kind is UnitKind.WORD]
    prose = units[first - 1].spoken and any(word in view.language.common for word in words)
    return None if prose and units[last].value not in TOP_LEVEL else last


def _dotless(view: View, units: list[Unit], index: int) -> int | None:
    """The last unit of a domain that was written without its dot, if one is at `index`."""
    if index + 1 >= len(units) or units[index].kind is not UnitKind.WORD:
        return None
    if TYPE not in view.expected and units[max(index - 2, 0)].value in view.language.common:
        return None  # "I looked at Gmail com"
    name, top = units[index].value, units[index + 1].value
    if view.text[units[index].end : units[index + 1].start] != " ":
        return None
    if name in PROVIDERS:
        known = top in SPACED
    else:
        known = top in DOTLESS and name not in view.language.common
    if not known or _dot(units, index + 2):
        return None
    british = top == "co" and index + 2 < len(units) and units[index + 2].value == "uk"
    return index + 2 if british else index + 1


def _labelled(unit: Unit) -> bool:
    return (
        unit.kind is UnitKind.WORD
        or unit.kind in (UnitKind.LETTERS, UnitKind.DIGITS, UnitKind.MONTH)
        or (unit.kind is UnitKind.SYMBOL and unit.value in "-_")
    )


def _glued(units: list[Unit], index: int) -> bool:
    return units[index].start == units[index - 1].end or units[index - 1].value in "-_"


def _dot(units: list[Unit], index: int) -> bool:
    """Whether a dot that something follows is at `index`."""
    if index + 1 >= len(units) or units[index].value != ".":
        return False
    unit, following = units[index], units[index + 1]
    spaced = unit.start > units[index - 1].end and following.value in SPACED
    return unit.spoken or following.start == unit.end or spaced


def _local(view: View, units: list[Unit], index: int) -> int:
    """The first unit of the local part that ends before `index`."""
    common = view.language.common
    first = index
    words = 0
    connected = True
    written = not units[index].spoken
    while first > 0 and index - first < MOST_LOCAL:
        unit = units[first - 1]
        glued = unit.end == units[first].start
        if written and not glued and not (first == index and unit.kind in NAMED):
            break
        if unit.kind is UnitKind.SYMBOL:
            if unit.value not in CONNECTORS or (not unit.spoken and not glued):
                break
            connected = True
        elif unit.kind is UnitKind.FILLER or unit.kind is UnitKind.CORRECTION:
            if first == index or connected or unit.value in common:
                break
        elif unit.kind in (UnitKind.LETTERS, UnitKind.DIGITS, UnitKind.MONTH):
            if (
                unit.kind is UnitKind.LETTERS
                and not unit.sure
                and not _spells_on(units, first, index)
            ):
                break
            connected = False
        elif unit.kind is UnitKind.WORD:
            if not (connected or glued) and not _near_digits(units, first):
                break
            if not glued and unit.value in common and words:
                break
            words += 1
            connected = False
        else:
            break
        first -= 1
    while first < index and units[first].kind in (UnitKind.SYMBOL, UnitKind.FILLER):
        first += 1
    return first if written else _named(view, units, first)


def _named(view: View, units: list[Unit], first: int) -> int:
    """Back to the cue, over the words an address begins with: "my email is jo smith at".

    Where no cue is, over the names that are written as such: "John Smith at Gmail dot com".
    """
    after = [view.unit_index(view.scan.ends[c.last - 1]) for c in view.cues if c.type == TYPE]
    nearest = max((index for index in after if index <= first), default=first)
    reach = first
    while reach > max(nearest, first - MOST_NAMES):
        unit = units[reach - 1]
        if unit.kind is not UnitKind.WORD or unit.value in view.language.lead_ins:
            break
        reach -= 1
    while first == reach > max(0, nearest - MOST_NAMES) and _is_name(view, units, reach):
        first = reach = reach - 1
    return reach


def _is_name(view: View, units: list[Unit], first: int) -> bool:
    """Whether the word before is a name, as the one at `first` is."""
    before, word = units[first - 1], units[first]
    return (
        before.kind is word.kind is UnitKind.WORD
        and view.text[before.end : word.start] == " "
        and view.text[before.start].isupper()
        and view.text[word.start].isupper()
        and before.value not in view.language.lead_ins
        and before.value not in view.language.common
    )


def _near_digits(units: list[Unit], first: int) -> bool:
    """A word before spelled digits or letters belongs to them: "john one at"."""
    return units[first].kind is UnitKind.DIGITS


def _spells_on(units: list[Unit], first: int, index: int) -> bool:
    """Whether a letter that may be a word ("a", "mike") stands beside other spelling."""
    return first == index or units[first].kind in (
        UnitKind.LETTERS,
        UnitKind.DIGITS,
        UnitKind.SYMBOL,
    )


def _fragment(view: View, units: list[Unit]) -> Iterator[Entity]:
    """Part of an address that was asked for: what is said with a dot, or a lone odd word."""
    lead_ins, common = view.language.lead_ins, view.language.common
    spans = [
        u
        for u in units
        if u.kind in (UnitKind.LETTERS, UnitKind.DIGITS)
        or (u.kind is UnitKind.WORD and u.value not in lead_ins and u.value not in common)
    ]
    first = next((u.value for u in units if u.kind is UnitKind.WORD), "")
    if first in view.language.requests and first not in lead_ins:
        return  # "what is the total"
    dotted = any(u.kind is UnitKind.SYMBOL and u.value == "." and u.spoken for u in units)
    if spans and (dotted or len(spans) <= 2):
        yield Entity(spans[0].start, spans[-1].end, TYPE, 0.5, "asked", "")


def _canonical(units: list[Unit]) -> str:
    skipped = (UnitKind.FILLER, UnitKind.CORRECTION)
    return "".join(
        # A spelled "o" was taken for a zero.
        "o" if u.kind is UnitKind.DIGITS and not u.sure and u.end - u.start == 1 else u.value
        for u in units
        if u.kind not in skipped
    )
