"""What a log record of a call may still say: its text, its fields and its error, scrubbed.

Scrubbing costs about 1.5 ms for 1,000 characters, on the event loop, so one record is given a
number of characters. What is beyond is cut, and the record says how much.
"""

import itertools
import traceback
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import Enum
from numbers import Number
from types import TracebackType
from typing import Any

from antiphon.processors.redaction.core.fallback import is_counter
from antiphon.processors.redaction.core.scrubbing import MASK, scrub

__all__ = ["CALL_IDS", "IDS", "RecordText"]

# By which an operator finds a call and a turn: no caller's number, though one may look like it.
CALL_IDS = ("call_id", "conversation_id")
IDS = frozenset({*CALL_IDS, "turn_id"})

MAX_CHARS = 2000
# What an error has of them at the least, however long the message before it.
ERROR_CHARS = 500
# What a call of `scrub` costs besides its characters, in characters.
CALL_CHARS = 30
MAX_DEPTH = 6
MAX_ERRORS = 4
MAX_FRAMES = 16


class RecordText:
    """Scrubs the parts of one record, which share what it may cost.

    Args:
        languages: The languages spoken in the calls of this process.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        self._languages = languages
        self._left = MAX_CHARS // len(languages)

    def text(self, text: str) -> str:
        """Scrub a text, and cut it where the record's characters are used up."""
        kept = text if len(text) <= self._left else text[: max(0, self._left)].rpartition(" ")[0]
        self._left -= len(kept) + CALL_CHARS
        if kept == text:
            return self._scrub(text)
        # A number may go on in what is cut, so it ends in three numerals, which hide it whole.
        shown = self._scrub(f"{kept} 0 0 0") if kept else ""
        return f"{shown}<cut: {len(text) - len(kept)} characters>"

    def value(self, value: Any, depth: int = 0) -> Any:
        """Scrub a value of any type; one with nothing to hide in it is returned as it is."""
        if value is None or isinstance(value, bool):
            return value
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            return "<cut>"
        match value:
            case str():
                return self.text(value)
            case int() | float():
                return MASK if _is_long(value) else value
            case Mapping():
                return self._mapping(value, depth)
            case list() | tuple() | set() | frozenset():
                return self._list(value, depth) if value else value
        # A formatter may show either, or what an object holds.
        text, inside = str(value), repr(value)
        shown = self.text(text)
        hidden = shown != text or (inside != text and self.text(inside) != inside)
        plain = isinstance(value, Enum) or not getattr(value, "__dict__", None)
        return value if plain and not hidden else shown

    def fields(self, fields: Mapping[str, Any], keep: frozenset[str]) -> dict[str, Any]:
        """Scrub the names and values of a record's fields, but for ids and those to be kept."""
        ours = {key: value for key, value in fields.items() if key in keep}
        others = {key: value for key, value in fields.items() if key not in keep}
        return self._mapping(others, 0) | ours

    def error(self, error: BaseException, trace: TracebackType | None) -> str:
        """Tell of an error and of those behind it: where, and its text scrubbed.

        Without lines of code, which are read from the disk and may have a value in them, and
        without variables.
        """
        self._left = max(self._left, ERROR_CHARS)
        told = []
        for each in _behind(error):
            trace = trace if each is error else each.__traceback__
            frames = deque(traceback.walk_tb(trace), maxlen=MAX_FRAMES)
            lines = [
                f'  File "{frame.f_code.co_filename}", line {line}, in {frame.f_code.co_name}'
                for frame, line in frames
            ]
            words = "\n".join([str(each), *getattr(each, "__notes__", ())])
            told.append("\n".join([*lines, f"{type(each).__name__}: {self.text(words)}"]))
        return "Traceback (most recent call last):\n" + "\nthen:\n".join(reversed(told))

    def _scrub(self, text: str) -> str:
        for language in self._languages:
            text = scrub(text, language)
        return text

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for key, inner in value.items():
            if depth and self._left < 0:
                shown["<cut>"] = f"{len(value) - len(shown)} more"
                break
            name = str(key)
            named = name if _is_plain(name) else self.text(name)
            is_id = key in IDS and isinstance(inner, str | int)
            shown[named] = inner if is_id else self.value(inner, depth + 1)
        return shown

    def _list(self, value: Collection[Any], depth: int) -> Collection[Any]:
        items = [*itertools.islice(value, max(0, self._left))]
        singles = [str(item) for item in items if not _holds(item)]
        # Digits and words of one number may stand one by one.
        text = " ".join(singles)
        shown = self.text(text)
        is_cut = len(items) < len(value)
        if len(singles) == len(items):
            return value if shown == text and not is_cut else [shown] + ["<cut>"] * is_cut
        hidden = shown != text
        told = [
            self.value(item, depth + 1) if _holds(item) else MASK if hidden else item
            for item in items
        ]
        return told + ["<cut>"] * is_cut


def _holds(item: Any) -> bool:
    return not isinstance(item, str | bytes | Number | None)


def _is_long(number: float) -> bool:
    text = str(number)
    return sum(c.isdecimal() for c in text) >= 3 and not is_counter(text)


def _is_plain(name: str) -> bool:
    return name.isidentifier() and not any(c.isdecimal() for c in name)


def _behind(error: BaseException) -> Iterator[BaseException]:
    """An error, those that it came of and those that it groups, a few of them."""
    waiting, seen = [error], 0
    while waiting and seen < MAX_ERRORS:
        each = waiting.pop(0)
        seen += 1
        yield each
        cause = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
        waiting += [cause] if cause else []
        waiting += each.exceptions if isinstance(each, BaseExceptionGroup) else ()
