"""What a caller may say, written once: for the recogniser as a grammar, for the agent as a match.

A phrase is plain words with slots: "where is order {order_number:digits}" takes any run of
spoken digits, "{day:today|tomorrow}" one of the words. Pure text, no Pipecat.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from antiphon.core.unclear import UNCLEAR

__all__ = ["UNCLEAR", "Phrase", "jsgf_from_phrases", "spoken_form"]

DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_VALUES = {word: str(value) for value, word in enumerate(DIGIT_WORDS)} | {"oh": "0"}

_SLOT = re.compile(r"\{\s*([a-z_][a-z0-9_]*)\s*:\s*([^{}]*?)\s*\}")
_WORD = re.compile(r"[a-z][a-z']*")
# A redactor upstream may have put a placeholder such as [CARD_1] or <CARD_1> in a number's place.
_PLACEHOLDER = r"[\[<]\w+[\]>]"
_SPOKEN = re.compile(rf"{_PLACEHOLDER}|\d|[^\W\d_]+(?:'[^\W\d_]+)*")
_DIGIT = rf"(?:{'|'.join(_VALUES)}|{_PLACEHOLDER})"
_DIGITS = rf"{_DIGIT}(?: {_DIGIT})*"

MAX_TEXT_CHARS = 2_000
"""More than this in one turn is no command: a match looks at the first part only."""


def spoken_form(text: str) -> str:
    """Write a transcript as it is spoken: lower case, no punctuation, digits as words.

    Args:
        text: A transcript of any recogniser: "My order's 4821." or "my order's four eight …".

    Returns:
        Words separated by one space; a placeholder in brackets stays as it is.
    """
    tokens = _SPOKEN.findall(text[:MAX_TEXT_CHARS].replace("’", "'"))
    return " ".join(
        DIGIT_WORDS[int(token)]
        if token.isdecimal()
        else token
        if token[0] in "[<"
        else token.lower()
        for token in tokens
    )


@dataclass(frozen=True)
class Slot:
    """A place in a phrase that is filled by the caller.

    Parameters:
        name: The name of the value.
        choices: The words it may be; none for a run of digits.
    """

    name: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Phrase:
    """One way of saying something.

    Parameters:
        text: The phrase as it was written.
        parts: Its words and slots, in order.
    """

    text: str
    parts: tuple[str | Slot, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a phrase.

        Args:
            text: Words and slots, such as "where is order {order_number:digits}".

        Raises:
            ValueError: If the phrase is empty or has something in it that is neither.
        """
        parts: list[str | Slot] = []
        at = 0
        for match in [*_SLOT.finditer(text), None]:
            for word in text[at : match.start() if match else len(text)].lower().split():
                if not _WORD.fullmatch(word):
                    raise ValueError(
                        f"phrase {text!r}: {word!r} is neither a plain word nor a slot such as "
                        "{order_number:digits} or {day:today|tomorrow}"
                    )
                parts.append(word)
            if match:
                parts.append(_slot(text, *match.groups()))
                at = match.end()
        if not parts:
            raise ValueError(f"phrase {text!r} is empty")
        names = [part.name for part in parts if isinstance(part, Slot)]
        if len(set(names)) < len(names):
            raise ValueError(f"phrase {text!r} has two slots of one name")
        return cls(text, tuple(parts))

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots, in order."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    def match(self, text: str) -> dict[str, str] | None:
        """Look for this phrase anywhere in what was said.

        Args:
            text: What was said, in `spoken_form`.

        Returns:
            The value of each slot (digits as "4821"), or None if the phrase is not there.
        """
        pattern = " ".join(
            re.escape(part) if isinstance(part, str) else f"(?P<{part.name}>{_pattern(part)})"
            for part in self.parts
        )
        found = re.search(rf"(?<!\S){pattern}(?!\S)", text)
        if found is None:
            return None
        return {
            slot.name: found[slot.name] if slot.choices else _digits(found[slot.name])
            for slot in self.slots
        }

    def jsgf(self) -> str:
        """Return the right-hand side of a JSGF rule for this phrase."""
        return " ".join(
            part
            if isinstance(part, str)
            else f"({' | '.join(part.choices)})"
            if part.choices
            else "<digit>+"
            for part in self.parts
        )


def jsgf_from_phrases(phrases: Iterable[str | Phrase]) -> str:
    """Make a grammar that accepts each of the phrases, and nothing else.

    Args:
        phrases: Phrases, or their text.

    Returns:
        A grammar in the JSpeech Grammar Format, for `PocketSphinxSTTService(grammar=…)`.

    Raises:
        ValueError: If there are none, or one cannot be read.
    """
    read = [Phrase.parse(phrase) if isinstance(phrase, str) else phrase for phrase in phrases]
    rules = list(dict.fromkeys(phrase.jsgf() for phrase in read))
    if not rules:
        raise ValueError("a grammar needs at least one phrase")
    return (
        "#JSGF V1.0;\ngrammar phrases;\n"
        f"<digit> = {' | '.join(_VALUES)};\n"
        "public <phrase> =\n    " + "\n  | ".join(rules) + ";\n"
    )


def _slot(phrase: str, name: str, kind: str) -> Slot:
    if kind == "digits":
        return Slot(name)
    choices = tuple(" ".join(choice.lower().split()) for choice in kind.split("|"))
    if not all(_WORD.fullmatch(word) for choice in choices for word in choice.split() or [""]):
        raise ValueError(
            f"phrase {phrase!r}: slot {name!r} is {kind!r}, which is neither 'digits' nor words "
            "with | between them"
        )
    return Slot(name, choices)


def _pattern(slot: Slot) -> str:
    return "|".join(map(re.escape, slot.choices)) if slot.choices else _DIGITS


def _digits(spoken: str) -> str:
    return "".join(_VALUES.get(word, word) for word in spoken.split())
