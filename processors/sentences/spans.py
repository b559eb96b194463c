"""Which brackets, quotes, markup and code are open at a place in the stream."""

import re
from dataclasses import dataclass, field

__all__ = ["SPAN_MARKS", "SPELL_TAGS", "OpenSpans", "may_go_on"]

_CLOSER_OF = dict(zip("([{（［｛【〔《〈「『", ")]}）］｝】〕》〉」』", strict=True))
_OPENER_OF = {closer: opener for opener, closer in _CLOSER_OF.items()}
# German writes „…“ and »…«, so the same mark opens or closes.
_QUOTE_CLOSERS = {"“": "”", "„": "“”", "«": "»", "»": "«", '"': '"'}
SPAN_MARKS = "".join(_CLOSER_OF) + "".join(_OPENER_OF) + '"“”„«»*`<>'
# What stands between these, voices spell out: Pipecat's services of Cartesia keep it in one piece.
SPELL_TAGS = ("<spell>", "</spell>")
_CLOSER_OF[SPELL_TAGS[0]] = SPELL_TAGS[1]
_OPENER_OF[SPELL_TAGS[1]] = SPELL_TAGS[0]
_RUN = re.compile(r"\*+|`+|.", re.DOTALL)
# An opener that nobody closes must not swallow the reply: after this many characters it is taken
# for a stray mark. An aside of 100 characters takes six seconds to say.
_REACH = 100
_QUOTE_REACH = 600
_DEEPEST = 16


def may_go_on(mark: str, text: str, at: int) -> bool:
    """Whether a mark that ends where the text does, so far, may be another.

    Args:
        mark: What was found.
        text: The text so far.
        at: Where the mark stands in it.
    """
    if mark[0] not in '*`<"»':
        return False
    rest = text[at : at + len(SPELL_TAGS[1])]
    return at + len(mark) == len(text) or any(
        len(rest) < len(tag) and tag.startswith(rest) for tag in SPELL_TAGS
    )


@dataclass(slots=True)
class OpenSpans:
    """What is open. Positions are counted from the start of the reply."""

    _open: list[tuple[str, int]] = field(default_factory=list)
    _quote: str = ""
    _quote_at: int = 0
    _quote_is_aside: bool = False

    def clear(self) -> None:
        """Forget everything, as at a paragraph."""
        self._open.clear()
        self._quote = ""

    def in_quote(self, position: int) -> bool:
        """Whether a quote is open."""
        if self._quote and position - self._quote_at > _QUOTE_REACH:
            self._quote = ""
        return self._quote != ""

    def inside(self, position: int) -> bool:
        """Whether a bracket, markup, code, or a quote that began inside a sentence is open."""
        while self._open and position - self._open[0][1] > _REACH:
            del self._open[0]
        return bool(self._open) or self._in_aside(position)

    def inside_after(self, closers: str, position: int) -> bool:
        """Whether `inside` still holds after some closing marks."""
        if not self.inside(position):
            return False
        open_now = [opener for opener, _ in self._open]
        aside = self._in_aside(position)
        for mark in _RUN.findall(closers):
            opener = _OPENER_OF.get(mark, mark)
            if opener in open_now:
                del open_now[len(open_now) - 1 - open_now[::-1].index(opener) :]
            if mark in _QUOTE_CLOSERS.get(self._quote, ""):
                aside = False
        return bool(open_now) or aside

    def note(self, mark: str, position: int, *, before: str, after: str, aside: bool) -> None:
        """Take note of a mark.

        Args:
            mark: A character of `SPAN_MARKS`, a run of asterisks or backticks, or a tag.
            position: Where it stands.
            before: The character before it, or an empty string.
            after: The character after it, or an empty string.
            aside: Whether it stands inside a sentence that has begun.
        """
        if len(self._open) > _DEEPEST:
            del self._open[0]
        if mark in _CLOSER_OF:
            self._open.append((mark, position))
        elif mark in _OPENER_OF:
            self._close(_OPENER_OF[mark])
        elif mark == ">":
            self._close("<")
        elif mark == "<":
            if after.isalpha() or after == "/":
                self._open.append((mark, position))
        elif mark == "``":
            return  # a quotation mark of old, closed by two apostrophes
        elif mark[0] in "*`":
            if any(opener == mark for opener, _ in self._open):
                self._close(mark)
            elif after.strip() and not before.isalnum():
                self._open.append((mark, position))
        elif self.in_quote(position):
            if mark in _QUOTE_CLOSERS[self._quote] or mark == "”":
                self._quote = ""
        elif mark != "”" and not (mark in '"»' and self._cannot_open(before, after)):
            self._quote, self._quote_at, self._quote_is_aside = mark, position, aside

    @staticmethod
    def _cannot_open(before: str, after: str) -> bool:
        ends_word = before != "" and (before.isalnum() or before in ".!?,;:%)")
        return ends_word or not after.strip() or after in ".!?,;:)"

    def _in_aside(self, position: int) -> bool:
        return self._quote != "" and self._quote_is_aside and position - self._quote_at <= _REACH

    def _close(self, opener: str) -> None:
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] == opener:
                del self._open[index:]
                return
