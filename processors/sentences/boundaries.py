"""Whether a sentence ends at a mark: the evidence on its left and on its right.

Each judgement looks at a bounded stretch of text around one mark and answers yes, no, or that it
needs more text. More text never changes a yes or a no, so the answer does not depend on how the
text was cut into tokens.
"""

from antiphon.processors.sentences.evidence import (
    CERTAIN_OPENERS,
    CLOSERS_APART,
    CLOSING_TAG,
    DOTTED,
    EMOJI,
    FAR,
    FINAL,
    FIRST_WIDE,
    ITEM_LINE,
    NOT_BEFORE_FINAL,
    OPENERS_TOO,
    REFERENCE,
    ROMAN,
    STRONG_HERE,
    WORD,
    Answer,
    Verdict,
    next_word,
    over_spaced_marks,
    over_spaces,
    words_before,
)
from antiphon.processors.sentences.languages import LanguageTable, has_word
from antiphon.processors.sentences.marks import CLOSERS, SPEECH, STRONG, TERMINATORS
from antiphon.processors.sentences.markup import MARKUP, first_said, over_markup
from antiphon.processors.sentences.numbers import ends_number, is_number
from antiphon.processors.sentences.spans import OpenSpans

__all__ = ["BoundaryJudge"]

_WAIT = Verdict(Answer.WAIT)


class BoundaryJudge:
    """Judges the marks of one reply.

    Attributes:
        text: What is buffered.
        start: Where the sentence begins in it.
        base: What to add to a place in `text` for its place in the reply.
        final: Whether no more text will come.
        lower_case: Whether the writer begins sentences in lower case; None before the first letter.
        table: The words of the language.
        spans: What is open before the mark.
    """

    def __init__(self, table: LanguageTable) -> None:
        self.text = ""
        self.start = 0
        self.base = 0
        self.final = False
        self.table = table
        self.spans = OpenSpans()
        self.begin_reply()

    def begin_reply(self) -> None:
        """Forget the reply before."""
        self.spans.clear()
        self.lower_case: bool | None = None
        self.begin_sentence(0)

    def begin_sentence(self, place: int) -> None:
        """The next sentence begins at a place in the reply."""
        self._letter_at = -1  # the first letter or digit of the sentence, in the reply
        self._silent_to = place  # there is none before this place in the reply

    def speaks(self, end: int) -> bool:
        """Whether the sentence has a letter or a digit before `end`. Looks once at each."""
        if self._letter_at < 0:
            silent = self._silent_to - self.base
            if end > silent:
                said, silent = first_said(self.text, silent, end)
                if said < 0:
                    self._silent_to = self.base + silent
                    return False
                self._letter_at = self.base + said
                if self.lower_case is None:
                    pair = self.text[said : said + 2]
                    self.lower_case = pair.islower() or (pair[:1].islower() and not pair.isalpha())
        return 0 <= self._letter_at < self.base + end

    def line_end(self, at: int) -> Verdict:
        """Judge a line end: a blank line and a line that starts anew end what came before."""
        text, n = self.text, len(self.text)
        after = over_spaces(self.text, at)
        unmarked = over_markup(text, after, final=self.final)
        if unmarked is None:
            return _WAIT
        proof = self.proof(unmarked)
        if proof == n:
            return Verdict(Answer.NO, n) if self.final else _WAIT
        if not text[proof].isalnum():
            return Verdict(Answer.NO, after)
        if not self.speaks(at):
            return Verdict(Answer.NO, after)
        if proof + 1 == n and not self.final:
            return _WAIT
        blank = text.count("\n", at, after) > 1
        left = text[at - 1]
        anew = not text[proof].islower() or ITEM_LINE.match(text, after) is not None
        if blank or left == ":" or (anew and left not in ",、，"):
            return Verdict(Answer.YES, at)
        return Verdict(Answer.NO, after)

    def mark(self, at: int) -> Verdict:
        """Judge a terminator."""
        text, n, final = self.text, len(self.text), self.final
        ends: bool | None
        if text[at] in FINAL and self._stands_alone(at):
            ends = True
            if is_number(text[at - 1], self.table.numbers):
                ends = self._ends_number(text[at - 1], "", at, over_spaces(text, at + 1))
            return _WAIT if ends is None else Verdict(Answer.YES if ends else Answer.NO, at + 1)
        run = at + 1
        if text[at] == "." and run < n and (text[run].isdigit() or text[run].islower()):
            return Verdict(Answer.NO, run)  # 3.5, example.com: the quick way out
        while run < n and text[run] in TERMINATORS:
            run += 1
        end = over_spaced_marks(self.text, run)
        if end - at > FAR:
            return Verdict(Answer.NO, end)
        closed = self._over_closers(end)
        after = over_spaces(self.text, closed)
        while closed < after < n and text[after] in CLOSERS_APART and self._closes(after):
            closed = after + 1
            after = over_spaces(self.text, closed)
        if after == n:
            return Verdict(Answer.YES, n) if final else _WAIT
        if closed - end > FAR:
            return Verdict(Answer.NO, closed)
        if self.spans.inside_after(text[run:closed], self.base + at):
            return Verdict(Answer.NO, end)
        gap = after > closed
        emoji = EMOJI.match(text, after)
        while emoji and "\n" not in text[closed:after]:
            gap = True
            closed = emoji.end()
            after = over_spaces(self.text, closed)
            if after == n:
                return Verdict(Answer.YES, n) if final else _WAIT
            if closed - end > FAR:
                return Verdict(Answer.NO, closed)
            emoji = EMOJI.match(text, after)
        if not self.speaks(at) or text[at - 1] in "([{":  # [...] and (?)
            return Verdict(Answer.NO, end)
        if gap and text[after] in CERTAIN_OPENERS and self._is_plain_end(at, run):
            return Verdict(Answer.YES, closed)
        unmarked = over_markup(text, after, final=final) if text[after] in MARKUP else after
        if unmarked is None:
            return _WAIT
        gap = gap or unmarked > after
        proof = self.proof(unmarked)
        if proof == n:
            return Verdict(Answer.NO, n) if final else _WAIT
        if not text[proof].isalnum():
            return Verdict(Answer.NO, end)
        if text[at] in STRONG_HERE or text[run - 1] in STRONG:
            # 「はい。」と言った: a particle behind the quote goes on.
            ends = gap or text[closed - 1] not in "」』" or text[after] not in "とっでのなが、"
        elif not gap and text[after] not in "¿¡":
            ends = self._joined(at, run, after) if text[after].isalnum() else False
        elif text.count("\n", closed, after) > 1:
            ends = True
        elif text[at] == "…" or (text[at] == "." and end - at > 1):
            ends = self._after_ellipsis(at, after, proof)
        elif text[at] == ".":
            ends = self._after_dot(at, proof)
        else:
            ends = self._after_call(at, closed > end, proof)
        if ends is None:
            return _WAIT
        return Verdict(Answer.YES, closed) if ends else Verdict(Answer.NO, end)

    def _stands_alone(self, at: int) -> bool:
        """Whether nothing is open that could still close behind the mark."""
        place = self.base + at
        return (
            at > self.start
            and self.text[at - 1] not in NOT_BEFORE_FINAL
            and not self.text[at - 1].isspace()
            and not self.spans.inside(place)
            and not self.spans.in_quote(place)
        )

    def _is_plain_end(self, at: int, run: int) -> bool:
        """Whether an opening mark alone proves the end: no abbreviation, no ellipsis."""
        if run - at > 1 or self.text[at] == "…":
            return False
        if self.text[at] != ".":
            return True
        left, _ = self.words_before(at)
        return len(left) > 1 and left.isalpha() and not self.is_known(left)

    # Looking over what stands behind a mark

    def _over_closers(self, place: int) -> int:
        text, n = self.text, len(self.text)
        first = place
        while place < n and place - first <= FAR:
            char = text[place]
            if char in CLOSERS:
                if char in "\"'*_`" and not self._closes(place):
                    break
                place += 1
            elif char in OPENERS_TOO and self.spans.in_quote(self.base + place):
                place += 1
            elif char in "[<":
                pattern = REFERENCE if char == "[" else CLOSING_TAG
                found = pattern.match(text, place)
                if found is None:
                    may = char == "[" or text[place + 1 : place + 2] in ("", "/")
                    if may and not self.final and n - place < 36:
                        return n  # it may still become one
                    break
                place = found.end()
            else:
                break
        return place

    def _closes(self, place: int) -> bool:
        """Whether a mark that can open as well closes here."""
        text = self.text
        if text[place] == "»":
            return self.spans.in_quote(self.base + place)
        if text[place] in ")]”」』":
            return True
        if place + 1 == len(text):
            return True
        return not text[place + 1].isalnum() or (
            text[place] == '"' and self.spans.in_quote(self.base + place)
        )

    def proof(self, place: int) -> int:
        """The next letter or digit, or the place at which the search for it ends."""
        found = SPEECH.search(self.text, place, place + FAR)
        return found.start() if found else min(len(self.text), place + FAR)

    # The evidence

    def _joined(self, at: int, run: int, after: int) -> bool | None:
        """`that up.Your order`: no space, so all else must speak for an end."""
        text, n = self.text, len(self.text)
        right = text[after]
        if text[at : at + 2] == "……" and right >= FIRST_WIDE:
            return True
        if run - at > 1 or text[at] == "…":
            return False
        left, _ = self.words_before(at)
        if not left or "@" in left or "/" in left or "_" in left or "." in left:
            return False
        if not right.isupper():
            return right >= FIRST_WIDE and not left[-1].isdigit()
        stop = after
        while stop < n and stop - after < FAR and not text[stop].isspace():
            stop += 1
        if stop == n and not self.final:
            return None
        run_right = text[after:stop]
        if "@" in run_right or "/" in run_right or "_" in run_right or "(" in run_right:
            return False
        word = next_word(self.text, after, final=self.final) or ""
        if word in self.table.starters or (word in self.table.titles):
            return True
        plain = left.isalpha() and left[-2:].islower() and len(left) > 1
        return plain and left[0].islower() and run_right[1:2].islower()

    def _ends_number(self, left: str, before: str, at: int, proof: int) -> bool | None:
        if "\n" in self.text[at:proof]:
            return True
        return ends_number(self.text, left, before, proof, self.table.numbers, final=self.final)

    def _after_ellipsis(self, at: int, after: int, proof: int) -> bool | None:
        left, before = self.words_before(at)
        if not before and left.lower() in self.table.hesitations:
            return False
        if (ends := self._ends_number(left, before, at, proof)) is not True:
            return ends
        if self.text[proof] != "I":
            return not self.text[proof].islower()
        word = next_word(self.text, proof, final=self.final)  # "what I mean... I would" goes on
        return None if word is None else word.partition("'")[0] != "i"

    def _after_call(self, at: int, closers: bool, proof: int) -> bool | None:
        """Behind `?` or `!`."""
        text = self.text
        left, _ = self.words_before(at)
        if text[proof].islower():
            return not closers and not left[:1].isupper() and text[at] == "?"
        if text[at : at + 2] == "! " and left in self.table.brands:
            word = next_word(self.text, proof, final=self.final)
            return None if word is None else word in self.table.starters
        return True

    def _after_dot(self, at: int, proof: int) -> bool | None:
        """Behind a full stop and a space."""
        text, table = self.text, self.table
        left, before = self.words_before(at)
        if (ends := self._ends_number(left, before, at, proof)) is not True:
            return ends
        low = left.lower()
        right = text[proof]
        if right.islower():
            inner = text[proof + 1 : proof + 3]
            if inner[:1].isupper() or (inner[:1].isalpha() and inner[1:].isupper()):
                return True  # iPhone, eBay
            if len(inner) < 2 and not self.final:
                return None
            return self.lower_case and not self.is_known(left)
        digit = right.isdigit()
        if not left:
            return True
        if left.isdigit():
            return self._after_number(left, before, proof)
        if low in table.units and (before[-1:].isdigit() or ROMAN.fullmatch(before)):
            return not digit
        if has_word(table.numbered, low, left) or any(map(low.endswith, table.numbered_endings)):
            if digit:
                return False
            if right in "IVXLC":
                word = next_word(text, proof, final=self.final)
                if word is None:
                    return None
                if word in ("v", "x") or ROMAN.fullmatch(text, proof, proof + len(word)):
                    return False
        names = len(left) == 1 and before.lower() in table.labels  # plan C.
        if has_word(table.titles, low, left) and not names:
            return False
        if len(left) == 1 and left.isalpha():
            return self._after_initial(left, before, proof)
        if low in ("a.m", "p.m"):
            return self._after_time(proof)
        if low in table.units and not has_word(table.abbreviations, low, left):
            return not digit
        if has_word(table.abbreviations, low, left) or DOTTED.fullmatch(left):
            if digit:
                return False
            word = next_word(self.text, proof, final=self.final)
            return None if word is None else word in table.starters
        return True

    def _after_time(self, proof: int) -> bool | None:
        """`at 10 a.m. Eastern` goes on; `at 6 p.m. Mr. Lee called` may be two sentences."""
        word = next_word(self.text, proof, final=self.final)
        if word is None:
            return None
        if word in self.table.titles:
            first = WORD.search(self.text, self.start, self.start + FAR)
            return first is None or first.group().lower() not in self.table.time_openers
        return word not in self.table.times_not_after

    def _after_number(self, left: str, before: str, proof: int) -> bool | None:
        table = self.table
        if not table.months or len(left) > 2:
            return True
        if self.text[proof].isdigit():
            return before.lower() not in table.ordinal_after
        word = next_word(self.text, proof, final=self.final)
        if word is None:
            return None
        if word in table.months:
            return False
        return before.lower() not in table.ordinal_after or word in table.starters

    def _after_initial(self, left: str, before: str, proof: int) -> bool | None:
        if left >= FIRST_WIDE:
            return True
        if left.islower() and before[-1:].isdigit():
            return True  # 15 h.
        if not left.isupper() and not left.islower():
            return False
        if before.lower() in self.table.labels:
            return True
        if left == "I" and before[:1].islower():
            return True
        word = next_word(self.text, proof, final=self.final)
        return None if word is None else word in self.table.starters

    def is_known(self, left: str) -> bool:
        """Whether a word is known to carry a dot of its own."""
        low, table = left.lower(), self.table
        return (
            has_word(table.titles, low, left)
            or has_word(table.abbreviations, low, left)
            or has_word(table.numbered, low, left)
            or low in table.units
            or DOTTED.fullmatch(left) is not None
        )

    def words_before(self, at: int) -> tuple[str, str]:
        """The word that the mark ends, without marks around it, and the word before that."""
        return words_before(self.text, self.start, at)
