"""What a detector sees of one utterance: its runs, the words around them, what was asked.

Evidence for a number is, in order: the nearest cue word in the utterance, what the agent asked or
the application expects, and the number's own form. A negative cue ("order number") vetoes the last.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from typing import Protocol

from antiphon.processors.redaction.core.checksums import is_card
from antiphon.processors.redaction.core.codes import FEWEST_OF_A_CARD, coded, counted
from antiphon.processors.redaction.core.cues import Cue, find_cues
from antiphon.processors.redaction.core.entities import LENGTHS, PLAIN, Entity
from antiphon.processors.redaction.core.homophones import with_homophones
from antiphon.processors.redaction.core.language import Language
from antiphon.processors.redaction.core.parted import month_and_year, parted
from antiphon.processors.redaction.core.policy import HIDDEN
from antiphon.processors.redaction.core.runs import Run, Segment, find_runs, named_dates
from antiphon.processors.redaction.core.units import Scan, Unit, UnitKind

__all__ = ["View"]

# What a caller gives in digits, or in digits and letters.
NUMBERED = frozenset(LENGTHS) - {
    "PERSON", "STREET_ADDRESS", "EMAIL_ADDRESS", "PASSWORD", "DATE_OF_BIRTH", "CARD_EXPIRY",
}  # fmt: skip
# Digits of a part of what was asked for, beside words.
FEWEST_AMONG_WORDS = 3
# What has no number in it as a rule.
WORDED = frozenset({"PERSON", "EMAIL_ADDRESS"})
DATE_AND_CODE = frozenset({"CARD_EXPIRY", "CVV"})
DATED = frozenset({"CARD_EXPIRY", "DATE_OF_BIRTH"})
# A telephone number with its area code.
FEWEST_OF_A_LINE = 10
# A cue reaches this many words to the right, and fewer to the left ("781 1704 office").
REACH_RIGHT = 8
REACH_LEFT = 2
NEGATIVE_REACH = 4


class Placed(Protocol):
    """Anything that stands on characters."""

    @property
    def start(self) -> int:
        """The first character."""
        ...

    @property
    def end(self) -> int:
        """One past the last."""
        ...

    def __len__(self) -> int: ...


class View:
    """One utterance, as detectors see it.

    Parameters:
        scan: Its tokens and units.
        language: The language's tables.
        runs: Digits and letters said in a row.
        segments: The digit runs among them.
        parted: The characters at which a value begins that was said in one breath with another.
        cues: The cue words in it, in order.
        expected: The types that the other side asked for, most likely first.
        vetoed: True if the question was for something that is nothing to hide.
        complete: True if all of what was expected has been given.
        paying: True if the call is about paying, or nothing is known of it.
        due: True if what was said last is, and nothing else was asked for.
        dates: The characters at which dates with a month's name begin, where several are expected.
        guarded: True if it is about anything that no model needs, or nothing is known of it.
        bare: True if it holds nothing but digits, letters and words that lead to them.
        keys: True if it was keyed in, not said.

    Args:
        said: Whether amounts alone may be a number: "six hundred twelve, three hundred forty".
    """

    def __init__(
        self,
        scan: Scan,
        language: Language,
        *,
        expected: tuple[str, ...] = (),
        vetoed: bool = False,
        complete: bool = False,
        paying: bool = False,
        due: bool = False,
        guarded: bool = True,
        keys: bool = False,
        said: bool = False,
    ) -> None:
        self.scan = scan
        self.text = scan.text
        self.language = language
        self.expected = expected
        self.vetoed = vetoed
        self.complete = complete
        self.paying = paying
        self.due = due
        self.guarded = guarded
        self.keys = keys
        self.cues = list(find_cues(scan, language))
        names = {scan.starts[at] for c in self.cues if c.type for at in range(c.token, c.last)}
        if names:
            scan.units = [_as_word(u) if u.start in names else u for u in scan.units]
        asked = not NUMBERED.isdisjoint(expected)
        named = [scan.ends[cue.last - 1] for cue in self.cues if cue.type in NUMBERED]
        if asked or named:
            spelt = {w for c in self.cues if c.type for w in scan.words[c.token : c.last]}
            scan.units = with_homophones(scan.units, language, spelt)
        self.dates = named_dates(scan, language) if len(expected) > 1 else frozenset[int]()
        amounts = 0 if asked else min(named, default=len(scan.text))
        runs = find_runs(
            scan,
            language,
            spelling=bool(expected),
            amounts_from=amounts,
            apart=_between(scan, expected, language),
            dates=self.dates,
            said=said and self._plain(),
        )
        # "It was $64.67" is an amount; "$64.67" may be the last four digits.
        plain = asked and self._plain()
        self.runs = [run for run in runs if plain or not run.amounts]
        whole = [s for run in self.runs for s in run.segments]
        self.segments = [part for s in whole for part in parted(s, expected)]
        self.parted = frozenset({s.start for s in self.segments} - {s.start for s in whole})
        self.bare = self._bare()
        self._evidence: dict[tuple[int, int], tuple[str | None, str]] = {}

    def _bare(self) -> bool:
        return bool(self.runs) and (self.keys or self._plain())

    def _plain(self) -> bool:
        """Whether there are no words but those that lead to a number."""
        lead_ins = self.language.lead_ins
        words = (u for u in self.scan.units if u.kind is UnitKind.WORD and u.spoken)
        return all(u.value in lead_ins for u in words)

    def token_at(self, char: int) -> int:
        """The index of the first token that starts at or after a character."""
        return bisect_left(self.scan.starts, char)

    def evidence(self, span: Placed) -> tuple[str | None, str]:
        """What the words say a number is.

        Returns:
            The type and where it comes from ("cue" or "asked"); type "" if the words say it is
            nothing to hide, None if they say nothing.
        """
        key = (span.start, span.end)
        if key not in self._evidence:
            self._evidence[key] = self._weigh(span)
        return self._evidence[key]

    def _weigh(self, span: Placed) -> tuple[str | None, str]:
        size = len(span)
        if size <= 6 and self.quantity(span):
            return "", "cue"
        first = self.token_at(span.start)
        left = self._left(first, span)
        if left is not None and left.type in DATED and size == 3 and self._month_since(left, first):
            left = None
        if left is not None:
            if self.vetoed and left.type == "BANK_ACCOUNT":
                return "", "asked"  # a customer's number, as the agent calls it
            if left.type:
                return self._fit(left.type, size), "cue"
            if first - left.last <= NEGATIVE_REACH:
                return "", "cue"
        after = self.token_at(span.end)
        nearby = bisect_left(self.cues, after, key=_cue_token)
        for cue in self.cues[nearby : nearby + REACH_LEFT + 1]:
            if cue.token <= after + REACH_LEFT:
                if not cue.type and size < 17 and left is None and not self._leads(cue):
                    return "", "cue"
                if cue.type == "PHONE_NUMBER" and size >= 6:
                    return cue.type, "cue"
        if self.expected and self._plausible(size):
            return self._expected(span), "asked"
        if self.vetoed and not (isinstance(span, Segment) and is_card(span.digits)):
            return "", "asked"
        # "Vingt-deux" is said, and has its hyphen from a recogniser.
        written = isinstance(span, Segment) and not any(u.spoken for u in span.units)
        if isinstance(span, Segment) and (counted(span) or (written and coded(self.text, span))):
            return "", "form"
        return None, ""

    def _left(self, first: int, span: Placed) -> Cue | None:
        """The nearest cue before a number that no other number has used up."""
        index = bisect_right(self.cues, first, key=_cue_last) - 1
        if index < 0 or first - self.cues[index].last > REACH_RIGHT:
            return None
        best = self.cues[index]
        cue_end = self.scan.ends[best.last - 1]
        between = bisect_left(self.segments, cue_end, key=_segment_start)
        # No more segments than words fit into a cue's reach.
        for other in self.segments[between : between + REACH_RIGHT]:
            if other.end <= span.start and len(other) >= 3:
                return None
        return best

    def _month_since(self, cue: Cue, token: int) -> bool:
        """Whether the date that a cue is for was given: "expires in may 28, the code is 731"."""
        return not self.language.months.isdisjoint(self.scan.words[cue.last : token])

    def _leads(self, cue: Cue) -> bool:
        """Whether a cue behind a number that was asked for is of the next: "731, order 4556"."""
        if not self.expected:
            return False
        following = bisect_left(self.segments, self.scan.ends[cue.last - 1], key=_segment_start)
        later = self.segments[following : following + 1]
        return bool(later) and self.token_at(later[0].start) - cue.last <= NEGATIVE_REACH

    def _fit(self, kind: str, size: int) -> str | None:
        """A cue for one type may stand before another that was asked for in the same breath."""
        fewest, most = LENGTHS[kind]
        if kind == "PIN" and FEWEST_OF_A_LINE <= size < 12:
            return None  # "we texted you a code at 415 555 0142"
        if kind in self.expected or fewest <= size <= most:
            return kind
        for due in self.expected if size < fewest else ():
            # "Let me turn the card over, three oh nine" has the code that was asked for.
            if due in HIDDEN and LENGTHS[due][0] <= size <= LENGTHS[due][1]:
                return due
        if size >= 12 and kind != "IBAN_CODE" and size > most:
            return "CREDIT_CARD"
        return kind

    def _plausible(self, size: int) -> bool:
        if self.bare or size < FEWEST_AMONG_WORDS:
            return self.bare
        # What is whole may be corrected: "the last bit is 6476".
        amends = self.language.amends
        return not self.complete or any(
            u.kind is UnitKind.CORRECTION or u.value in amends for u in self.scan.units
        )

    def _expected(self, span: Placed) -> str:
        """What of the types asked for a number is: by their order and by its length.

        A part of a number has no telling length; where a secret is among them it is one.
        """
        kinds = [kind for kind in self.expected if kind not in WORDED]
        if PLAIN in kinds and len(kinds) > 1 and isinstance(span, Segment):
            return self._beside(span, kinds)
        kinds = [kind for kind in kinds if kind != PLAIN]
        if len(kinds) > 1 and any(map(self.is_month, self.scan.units)):
            # The date is what has the month; a plain number is of what else was asked for.
            kinds = [kind for kind in kinds if kind not in DATED] or kinds
        # What has a cue of its own is the number behind that.
        named = {cue.type for cue in self.cues}
        others = [
            k for k in kinds if k not in named and LENGTHS[k][0] <= len(span) <= LENGTHS[k][1]
        ]
        kinds = others if named and others else kinds
        longest = max(LENGTHS[kind][1] for kind in kinds) if kinds else 0
        if len(span) >= FEWEST_OF_A_CARD and len(span) > longest and isinstance(span, Segment):
            return "CREDIT_CARD"
        if not kinds:
            return next(kind for kind in self.expected if kind)
        last = bool(self.segments) and span.end == self.segments[-1].end
        dated = isinstance(span, Segment) and month_and_year(span.digits)
        if dated and not last and DATE_AND_CODE.issubset(kinds):
            return "CARD_EXPIRY"
        turn = bisect_left(self.segments, span.start, key=_segment_start)
        turn = turn if turn < len(kinds) else 0
        # The last four of what is due are it, though what is asked for beside it may be as long.
        secret = kinds[0] in HIDDEN and len(kinds) > 1
        if turn and len(span) == 3 and "CVV" in kinds and last:
            return "CVV"  # an expiry date that was left out, or said in words, moves it up
        if (turn or secret) and len(span) <= LENGTHS[kinds[turn]][1]:
            return kinds[turn]
        for kind in kinds:
            fewest, most = LENGTHS[kind]
            if fewest <= len(span) <= most:
                return kind
        numbered = [kind for kind in kinds if kind in NUMBERED] or kinds
        return next((kind for kind in numbered if kind in HIDDEN), numbered[0])

    def _beside(self, span: Segment, kinds: list[str]) -> str:
        """Whether a number is the secret asked for or the plain one beside it.

        By its length; where that says nothing, by the order in which they were asked for.
        """
        secrets = [kind for kind in kinds if kind != PLAIN]

        def fits(size: int) -> list[str]:
            return [kind for kind in secrets if LENGTHS[kind][0] <= size <= LENGTHS[kind][1]]

        turn = bisect_left(self.segments, span.start, key=_segment_start)
        rivals = sum(bool(fits(len(other))) for other in self.segments)
        if fitting := fits(len(span)):
            return kinds[turn] if rivals > len(secrets) and turn < len(kinds) else fitting[0]
        if len(span) >= FEWEST_OF_A_CARD:
            return "CREDIT_CARD"
        return kinds[min(turn, len(kinds) - 1)]

    def quantity(self, span: Placed) -> bool:
        """Whether a unit of measure or a clock word follows: "twenty two years", "nine pm"."""
        words, after = self.scan.words, self.token_at(span.end)
        if after >= len(words):
            return False
        if self.language.measures.at(words, after):
            return True
        clock = self.language.clock.at(words, after)
        if not clock:
            return False
        # "six nine p m n j" goes on spelling.
        following = after + clock[0]
        return following >= len(words) or len(words[following]) > 1

    def by_context(
        self, kind: str, spans: Collection[Segment] | Collection[Run], fewest: int
    ) -> Iterator[Entity]:
        """The numbers that the words around them, or a question, say are of a type."""
        for span in spans:
            # A card beside a number of letters and digits is no part of it.
            long = isinstance(span, Run) and len(span) > LENGTHS[kind][1]
            apart = span.segments if isinstance(span, Run) and long else []
            for part in apart if any(is_card(s.digits) for s in apart) else (span,):
                found, why = self.evidence(part)
                if found == kind and (len(part) >= fewest or kind in self.expected):
                    value = part.digits if isinstance(part, Segment) else part.value
                    yield Entity(part.start, part.end, kind, 0.9, why, value)

    def is_month(self, unit: Unit) -> bool:
        """Whether it is the name of a month; "november" is a letter as well."""
        return self.text[unit.start : unit.end].lower() in self.language.months

    def unit_index(self, char: int) -> int:
        """The index of the first unit that starts at or after a character."""
        return bisect_left(self.scan.units, char, key=_unit_start)


def _as_word(unit: Unit) -> Unit:
    """The "DNI" of "DNI 12345678Z" names the number, and is no part of it."""
    if unit.kind is not UnitKind.LETTERS or unit.spoken or len(unit.value) == 1:
        return unit
    return Unit(UnitKind.WORD, unit.value, unit.start, unit.end, unit.spoken, unit.sure)


def _between(scan: Scan, expected: tuple[str, ...], language: Language) -> frozenset[str]:
    """What stands between two numbers that are given at once; a card's groups have commas."""
    if PLAIN in expected:
        return language.joins | {",", "+"}
    several = len(expected) > 1 or not language.dates.isdisjoint(scan.words)
    return language.conjunctions if several else frozenset()


def _cue_token(cue: Cue) -> int:
    return cue.token


def _cue_last(cue: Cue) -> int:
    return cue.last


def _segment_start(segment: Segment) -> int:
    return segment.start


def _unit_start(unit: Unit) -> int:
    return unit.start
