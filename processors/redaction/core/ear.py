"""What the voice says where the model wrote what stands for a value: never a tag.

A value that the policy gives to the ear is said in full or as its last four, another by what it is:
"the card number you gave".
"""

import json
import os
import re
from collections import Counter
from functools import cache
from typing import NamedTuple

from antiphon.processors.redaction.core.entities import ENTITY_TYPES
from antiphon.processors.redaction.core.language import load_language
from antiphon.processors.redaction.core.policy import Aloud, Policy
from antiphon.processors.redaction.core.vault import LABELS, Vault

__all__ = ["Ear"]

TAG = re.compile(r"<([A-Z][A-Z_]*[A-Z])(?:_\d+_[a-z2-9]{6}| ([0-9A-Za-z]{4})| [0-9a-f]{12})?>")
BEGUN = re.compile(r"<(?:[A-Z][\w ]*)?\Z")
KINDS = {kind: kind for kind in ENTITY_TYPES} | {label: kind for kind, label in LABELS.items()}
# No tag or placeholder is longer.
MOST_HELD = 64
# Fewer digits are too much of a value to be half of it.
FEWEST_FOR_LAST_FOUR = 8


class _Phrases(NamedTuple):
    """How a language says what a value is.

    Parameters:
        names: By type; NUMBER is any other.
        ending_in: Said of the last four.
        given: What a name becomes that cannot stand alone: "the name you gave".
        alone_after: The words after which a name can.
    """

    names: dict[str, str]
    ending_in: str
    given: str
    alone_after: list[str]


@cache
def _phrases(language: str) -> _Phrases:
    with open(os.path.join(os.path.dirname(__file__), "ear.json"), encoding="utf-8") as file:
        table = json.load(file)
    return _Phrases(**table.get(load_language(language).code))


class Ear:
    """Says what a model wrote, whole or as it comes in pieces.

    Args:
        policy: Which types are said in full.
        vault: Where the values behind the placeholders are.
        language: The language spoken.

    Attributes:
        counts: How many values were said in full or as their last four, by type.
    """

    def __init__(self, policy: Policy, vault: Vault, *, language: str = "en") -> None:
        self.policy = policy
        self.vault = vault
        self.counts: Counter[str] = Counter()
        self._phrases = _phrases(language)
        self._before = ""
        self._held = ""

    def speak(self, language: str) -> None:
        """Go over to another language."""
        self._phrases = _phrases(language)

    def say(self, text: str) -> str:
        """What the voice says of a whole text."""
        return self._said(text, "")

    def feed(self, piece: str) -> str:
        """Take the next piece of a text; gives what the voice may have of it by now."""
        text = self._held + piece
        begun = BEGUN.search(text, max(0, len(text) - MOST_HELD))
        held = max(len(begun[0]) if begun else 0, self.vault.pending(text))
        held = held if held <= MOST_HELD else 0
        self._held = text[len(text) - held :]
        return self._leave(text[: len(text) - held])

    def flush(self) -> str:
        """The text has ended: gives what is left of it."""
        text, self._held = self._held, ""
        left = self._leave(text)
        self._before = ""
        return left

    def clear(self) -> None:
        """Forget what is held, as after an interruption."""
        self._held = self._before = ""

    def _leave(self, text: str) -> str:
        said = self._said(text, self._before)
        self._before = (self._before + said)[-MOST_HELD:]
        return said

    def _said(self, text: str, before: str) -> str:
        if "<" not in text and not len(self.vault):
            return text

        def kept(key: str, kind: str, value: str) -> str:
            aloud = self.policy.ear.get(kind)
            if aloud is Aloud.FULL:
                form = shown = " ".join(value) if value.isdecimal() else value
            elif aloud and len(value) >= FEWEST_FOR_LAST_FOUR and value[-4:].isdecimal():
                form, shown = self._ending(value[-4:]), f"<{kind} {value[-4:]}>"
            else:
                return f"<{kind}>"
            self.counts[kind] += 1
            self.vault.note_said(key, form)
            return shown

        def told(match: re.Match[str]) -> str:
            kind = KINDS.get(match[1])
            if kind is None:
                return match[0]
            return self._named(kind, match[2], before + match.string[: match.start()])

        return TAG.sub(told, self.vault.replace(text, kept))

    def _named(self, kind: str, last_four: str | None, before: str) -> str:
        name = self._phrases.names.get(kind, self._phrases.names["NUMBER"])
        last_words = re.findall(r"[\w'-]+", before.lower())[-2:]
        alone = last_words[-1:] and last_words[-1] in self._phrases.alone_after
        named = name if alone else self._phrases.given.format(name)
        if not last_four:
            return named
        ending = self._ending(last_four)
        is_named = not set(name.lower().split()).isdisjoint(last_words)
        return ending if is_named else f"{named} {ending}"

    def _ending(self, last_four: str) -> str:
        return self._phrases.ending_in.format(" ".join(last_four))
