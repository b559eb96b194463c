"""Cut a stream of text into sentences, once over each character.

`feed` takes text as it comes and gives back what can be spoken; `flush` gives back the rest. What
is given back, put together again, is what was fed: nothing is lost, added or moved. White space
between two chunks goes with the second.
"""

import re

from antiphon.processors.sentences.boundaries import BoundaryJudge
from antiphon.processors.sentences.events import EVENT, EVENT_OR_CLAUSE, SPAN, TAIL
from antiphon.processors.sentences.evidence import FINAL, Answer, Verdict, ends_surely
from antiphon.processors.sentences.languages import language_table
from antiphon.processors.sentences.long_text import place_to_cut, word_end
from antiphon.processors.sentences.marks import (
    BULLETS,
    CLAUSE_MARKS,
    CLAUSE_MARKS_WITHOUT_SPACE,
    LIST_MARKER,
    OPENING_ITEM,
    OPENING_LABELS,
    TERMINATORS,
    WIDE,
    next_labels,
    spoken_length,
)
from antiphon.processors.sentences.markup import element_is_open
from antiphon.processors.sentences.numbers import is_number, joins_numbers, reads_on
from antiphon.processors.sentences.settings import SentenceSettings
from antiphon.processors.sentences.spans import may_go_on

__all__ = ["SentenceScanner"]


class SentenceScanner:
    """Finds the sentences of one reply after another.

    Args:
        language: A BCP 47 code such as `de` or `pt-BR`; None works by script.
        settings: When a chunk is given back.

    Attributes:
        audio_queued: Whether there is still audio to play, so that a chunk shorter than
            `min_chars` can wait for the next.
    """

    def __init__(
        self, language: str | None = None, *, settings: SentenceSettings | None = None
    ) -> None:
        self.audio_queued = False
        self._rules = settings or SentenceSettings()
        self._judge = BoundaryJudge(language_table(language))
        self._reset()

    @property
    def pending(self) -> str:
        """What has been fed and not been given back."""
        return self._text

    def set_language(self, language: str | None) -> None:
        """Judge what comes by the words of another language, keeping what is buffered."""
        self._judge.table = language_table(language)

    def feed(self, text: str) -> list[str]:
        """Take the next piece of the reply.

        Args:
            text: Any piece: a token, a character, all of it.

        Returns:
            The chunks that can be spoken now, in order.
        """
        self._text += text
        chunks = self._scan(final=False)
        if self._waits and self._rules.mode == "eager" and self._is_safe_end():
            self._cut(len(self._text), chunks)
            self._at = len(self._text)
        return self._settle(chunks)

    def flush(self) -> list[str]:
        """End the reply: give back all that is left, sentence by sentence, and start anew.

        Returns:
            The last chunks. One without a letter or a digit is among them only if the reply had
            nothing after its last chunk, or nothing at all, that could be said.
        """
        chunks = self._scan(final=True)
        rest = self._text[self._start :]
        if rest.strip():
            chunks.append(rest)
        self._reset()
        return chunks

    def flush_complete(self) -> list[str]:
        """Give back a last sentence that looks complete, though nothing has followed to prove it.

        Returns:
            One chunk or none. Text behind the last terminator stays.
        """
        chunks: list[str] = []
        end = self._complete_end() or self._held
        if end:
            self._release(end, chunks)
        return self._settle(chunks)

    def flush_clause(self) -> list[str]:
        """Give back what can be said of an incomplete sentence.

        Returns:
            One chunk or none: up to the last word that is certainly whole, never inside a number
            or behind a title.
        """
        chunks: list[str] = []
        end = (
            self._complete_end(after_number=True)
            or self._held
            or word_end(self._judge, self._start, len(self._text))
        )
        if end and self._judge.speaks(end):
            self._release(end, chunks)
        return self._settle(chunks)

    def reset(self) -> None:
        """Forget what is buffered: the reply was cut off."""
        self._reset()

    def _reset(self) -> None:
        self._text = ""
        self._base = 0  # how much of the reply has been dropped from the front of the buffer
        self._start = 0  # where the chunk begins in the buffer
        self._at = 0  # what lies before has been looked at
        self._held = 0  # the end of a sentence too short to be spoken on its own
        self._waits: bool = False  # the terminator at `_at` waits for what follows
        self._first = self._rules.first_clause
        self._next_items: tuple[str, ...] = ()
        self._item_close = ""
        self._judge.begin_reply()
        self._limit = self._first_limit()

    def _scan(self, *, final: bool) -> list[str]:
        text, judge = self._text, self._judge
        n = len(text)
        chunks: list[str] = []
        self._waits = False
        judge.text, judge.final, judge.base = text, final, self._base
        while True:
            limit = self._start + self._limit
            pattern = EVENT_OR_CLAUSE if self._first else EVENT
            found = pattern.search(text, self._at, min(n, limit))
            if found is None:
                if n <= limit:
                    self._at = n
                    return chunks
                self._at = limit
                self._cut_long(chunks)
                continue
            judge.start = self._start
            self._at = found.start()
            if not self._event(found, final, chunks):
                return chunks

    def _event(self, found: re.Match[str], final: bool, chunks: list[str]) -> bool:
        """Deal with a mark; False if it waits for more text."""
        mark = found.group()
        if found.lastgroup == "own" or mark in TERMINATORS:
            if mark == "." and (step := self._list_item(final, chunks)) is not None:
                return step
            return self._terminator(self._judge.mark(self._at), chunks)
        if mark == "\n":
            return self._line_end(chunks)
        if mark in BULLETS:
            return self._bullet(chunks)
        if mark in CLAUSE_MARKS:
            return self._clause(mark, final, chunks)
        if mark == ")" and (step := self._list_item(final, chunks)) is not None:
            return step
        if not final and may_go_on(mark, self._text, self._at):
            return False
        self._note(found)
        self._at = found.end()
        return True

    def _terminator(self, verdict: Verdict, chunks: list[str]) -> bool:
        if verdict.answer is Answer.WAIT:
            self._waits = True
            return False
        if verdict.answer is Answer.YES:
            self._cut(verdict.position, chunks)
        self._at = max(self._at, verdict.position)
        return True

    def _line_end(self, chunks: list[str]) -> bool:
        verdict = self._judge.line_end(self._at)
        if verdict.answer is Answer.WAIT:
            return False
        if verdict.answer is Answer.YES:
            self._judge.spans.clear()
            self._cut(verdict.position, chunks)
            self._at += 1
        else:
            self._at = verdict.position
        return True

    def _bullet(self, chunks: list[str]) -> bool:
        """A bullet inside a line begins an item there."""
        text, at = self._text, self._at
        proof = self._judge.proof(at)
        if proof == len(text) and not self._judge.final:
            return False
        end = self._start + len(text[self._start : at].rstrip())
        if end < at and proof < len(text) and text[proof].isalnum() and self._judge.speaks(end):
            self._cut(end, chunks)
        self._at = at + 1
        return True

    def _clause(self, mark: str, final: bool, chunks: list[str]) -> bool:
        """The first chunk of a reply may end at a clause."""
        text, at = self._text, self._at
        n = len(text)
        proof = self._judge.proof(at)
        if proof == n and not final:
            return False
        spans, place = self._judge.spans, self._base + at
        if (
            proof < n
            and text[proof].isalnum()
            and (text[at + 1].isspace() or mark in CLAUSE_MARKS_WITHOUT_SPACE)
            and not spans.inside(place)
            and not spans.in_quote(place)
            and spoken_length(text[self._start : at + 1].strip())
            >= self._rules.first_clause_min_chars
        ):
            inside = joins_numbers(text, self._start, at, self._judge.table.numbers, final=final)
            if inside is None:
                return False
            if not inside:
                self._cut(at + 1, chunks)
        self._at = at + 1
        return True

    def _list_item(self, final: bool, chunks: list[str]) -> bool | None:
        """The number of a list item is no end, and the next number begins an item.

        Returns:
            Whether to go on (False waits for more text), or None if this is no list item.
        """
        text, at, start = self._text, self._at, self._start
        found = LIST_MARKER.fullmatch(text, start, at + 1) if at - start < 16 else None
        labels, close = self._next_items, self._item_close
        if found is None and not labels:
            if text[at - 1 : at] not in OPENING_LABELS or at == start:
                return None
            opening = OPENING_ITEM.search(text, max(start, at - 8), at + 1)
            if opening is None:
                return None
            labels, close = (opening["label"],), opening["close"]
        if at + 1 == len(text):
            return None if final else False
        if text[at : at + 2] == ".)":
            self._at = at + 1
            return True
        if not text[at + 1].isspace():
            return None
        if found is not None:
            self._item_close = found["close"]
            self._next_items = next_labels(found["label"])
            self._at = at + 1
            return True
        dotted = text[at - 1] == "." and text[at] == ")"
        if close != (".)" if dotted else text[at]):
            return None
        label_end = at - len(close) + 1
        for label in labels:
            begin = label_end - len(label)
            if text[begin:label_end] != label:
                continue
            begin -= text[begin - 1] == "("
            end = start + len(text[start:begin].rstrip())
            proof = self._judge.proof(at)
            if (end < begin or text[end - 1] == "：") and self._judge.speaks(end):
                if proof == len(text):
                    return None if final else False
                numbered = bool(self._next_items) and (close != "." or label.isalpha())
                if numbered or not text[proof].islower():
                    self._cut(end, chunks)
                    if self._start == start:
                        # The item before is too short to be spoken alone: this one goes with it.
                        self._next_items, self._item_close = next_labels(label), close
                        self._at = at + 1
                    return True  # else the same mark again, now at the start of its item
        return None

    def _note(self, found: re.Match[str]) -> None:
        text, at = self._text, found.start()
        self._judge.spans.note(
            found.group(),
            self._base + at,
            before=text[at - 1] if at > self._start else "",
            after=text[found.end() : found.end() + 1],
            aside=self._judge.speaks(at),
        )

    def _cut(self, end: int, chunks: list[str]) -> None:
        """Give out the chunk up to `end`, or keep it if it is too short to be spoken alone."""
        text = self._text
        if not self._judge.speaks(end):
            return
        if self.audio_queued and (
            spoken_length(text[self._start : end].strip()) < self._rules.min_chars
        ):
            self._held = end
            return
        for mark in SPAN.finditer(text, self._at, end):
            self._note(mark)
        chunks.append(text[self._start : end])
        self._judge.begin_sentence(self._base + end)
        self._start = end
        self._held = 0
        self._first = False
        self._next_items = ()
        self._limit = self._first_limit()

    def _release(self, end: int, chunks: list[str]) -> None:
        queued, self.audio_queued = self.audio_queued, False
        self._cut(end, chunks)
        self.audio_queued = queued
        self._at = max(self._at, end)
        self._waits = False

    def _cut_long(self, chunks: list[str]) -> None:
        """At the longest length: cut at the last clause, or between words."""
        text, start, limit = self._text, self._start, self._at
        longest = self._longest()
        if limit - start < longest and 2 * len(WIDE.findall(text, start, limit)) < limit - start:
            self._limit = longest
            return
        end = place_to_cut(self._judge, start, limit)
        if self._judge.speaks(end):
            self._release(end, chunks)
            self._at = limit
        else:
            self._limit = 2 * (limit - start)

    def _longest(self) -> int:
        longest = self._rules.max_chars
        return min(longest, self._rules.first_clause_max_chars) if self._first else longest

    def _first_limit(self) -> int:
        """A third of the longest, where it is seen whether the text counts threefold."""
        return max(1, self._longest() // 3)

    def _complete_end(self, *, after_number: bool = False) -> int:
        """The end of a sentence that looks complete at the end of the buffer, or 0.

        Behind a digit it takes a longer pause: 3. may become 3.5.
        """
        if not self._waits:
            return 0
        text, at, judge = self._text, self._at, self._judge
        tail = TAIL.fullmatch(text, at)
        if tail is None or not self._judge.speaks(at):
            return 0
        if judge.spans.inside_after(tail["closers"], self._base + at):
            return 0
        if tail["marks"] in FINAL and not after_number:
            return 0 if is_number(text[at - 1], judge.table.numbers) else tail.end("closers")
        if tail["marks"] == ".":
            left, before = judge.words_before(at)
            initial = len(left) == 1 and left.isalpha() and before.lower() not in judge.table.labels
            if not left or initial or judge.is_known(left):
                return 0
            if not after_number and (
                left[-1].isdigit() or reads_on(left, before, judge.table.numbers)
            ):
                return 0
        return tail.end("closers")

    def _is_safe_end(self) -> bool:
        """Whether an eager scanner speaks at once: the last token ended a sentence."""
        text, at = self._text, self._at
        end = self._complete_end()
        if end == 0 or end != len(text) or text[-1] not in TERMINATORS:
            return False
        if self._judge.spans.in_quote(self._base + at) or element_is_open(text, self._start, at):
            return False
        return ends_surely(text[self._start : at].split(), text[at:], self._judge.table)

    def _settle(self, chunks: list[str]) -> list[str]:
        """Drop what has been given back from the buffer."""
        if start := self._start:
            self._text = self._text[start:]
            self._base += start
            self._at -= start
            self._held = max(0, self._held - start)
            self._start = 0
            self._judge.text, self._judge.base, self._judge.start = self._text, self._base, 0
        return chunks
