"""Our words for a service's settings, and what each vendor calls them.

`keyterms` is `keyterm` at Deepgram, `keyterms_prompt` at AssemblyAI and `hotwords` at Whisper; a
vendor that has no such thing says so here, not in a call.
"""

import dataclasses
import difflib
import inspect
import math
import re
import reprlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipecat.transcriptions.language import Language

from antiphon.pipeline.providers.vendors import Quirks, Word

__all__ = ["Vocabulary"]


def _languages(codes: Iterable[str]) -> list[Language]:
    return [Language(code) for code in codes]


def _one_language(codes: Sequence[str]) -> Language:
    """Of several languages the first, for a vendor that hears one at a time."""
    return Language(codes[0])


# By our words, theirs, of which the first that a vendor has is meant. One that takes something else
# than the others under the same name is in `vendors.py`.
WORDS: Mapping[str, tuple[Word, ...]] = {
    "keyterms": (
        ("keyterm", list),
        ("keyterms", list),
        ("keyterms_prompt", list),
        ("keywords", list),
        ("vocabulary", list),
        ("boosted_lm_words", list),
        ("hotwords", " ".join),
    ),
    "endpointing_ms": (
        ("endpointing", int),
        ("min_turn_silence", int),
        ("max_endpoint_delay_ms", int),
        ("silence_duration_ms", int),
        ("turn_end_timeout_ms", int),
        ("eot_timeout_ms", int),
        ("vad_silence_threshold_secs", lambda milliseconds: milliseconds / 1000),
    ),
    "languages": (
        ("language_hints", _languages),
        ("languages", _languages),
        ("language_codes", _languages),
        ("language_bias", _languages),
        ("language", _one_language),
    ),
    "temperature": (("temperature", float),),
    "max_tokens": (("max_tokens", int),),
    "voice": (("voice", str), ("voice_id", str)),
    "speed": (
        ("speed", float),
        ("speaking_rate", float),
        ("pace", float),
        ("prosody_speed", float),
    ),
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are_texts(value: Any) -> bool:
    # A text is a collection too, of its letters.
    return (
        isinstance(value, Collection)
        and not isinstance(value, str | bytes | Mapping)
        and all(isinstance(word, str) for word in value)
    )


def _are_codes(value: Any) -> bool:
    known = {str(language.value) for language in Language}
    return _are_texts(value) and bool(value) and known.issuperset(value)


# What each of our words may be, and how that is told.
VALUES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "keyterms": (_are_texts, "a list of texts"),
    "languages": (_are_codes, "a list of codes, such as ['en', 'es']"),
    "endpointing_ms": (lambda it: _is_number(it) and it >= 0, "milliseconds"),
    "temperature": (lambda it: _is_number(it) and it >= 0, "a number from 0"),
    "max_tokens": (lambda it: _is_number(it) and it >= 1, "a number from 1"),
    "voice": (lambda it: isinstance(it, str) and bool(it.strip()), "the vendor's id of a voice"),
    "speed": (lambda it: _is_number(it) and it > 0, "a number above 0, such as 1.1"),
}

ADDRESSES = ("base_url", "url", "ws_url", "api_endpoint_base_url")

# What a call decides, or what `Settings` have for Pipecat's own ends.
NOT_FOR_USERS = frozenset({"extra", "kwargs", "self", "settings", "params", "system_instruction"})

# Deepgram's models before nova-3, which know `keywords` and refuse a `keyterm`.
BEFORE_KEYTERMS = re.compile(r"(nova(?!-[3-9])|enhanced|base|whisper)")


@dataclass(frozen=True)
class Vocabulary:
    """What a class takes.

    Parameters:
        who: How to call it in an error.
        service: The class, or a function.
        quirks: What is special about it.
    """

    who: str
    service: Callable[..., Any]
    quirks: Quirks

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of its `Settings`."""
        settings = getattr(self.service, "Settings", None)
        if not dataclasses.is_dataclass(settings):
            return ()
        return tuple(f.name for f in dataclasses.fields(settings) if f.name not in NOT_FOR_USERS)

    @property
    def arguments(self) -> frozenset[str]:
        """The arguments of it, and of the classes to which it hands on what it does not know."""
        makers: list[Callable[..., Any]] = [self.service]
        if isinstance(self.service, type):
            makers = [vars(c)["__init__"] for c in self.service.__mro__ if "__init__" in vars(c)]
        names: set[str] = set()
        for maker in makers:
            parameters = inspect.signature(maker).parameters.values()
            names |= {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
            if all(p.kind is not p.VAR_KEYWORD for p in parameters):
                break
        return frozenset(names - NOT_FOR_USERS)

    @property
    def address(self) -> str | None:
        """The argument that is its address, if it takes one."""
        arguments = self.arguments
        return self.quirks.address or next((n for n in ADDRESSES if n in arguments), None)

    def translate(self, asked: Mapping[str, Any], model: str) -> dict[str, Any]:
        """Say settings in the vendor's words.

        Args:
            asked: Settings in ours, or in its own.
            model: The model, if one was chosen.

        Returns:
            By a field of `Settings` or an argument, its value.

        Raises:
            ValueError: If the vendor has no such thing, or a value of ours can be none.
        """
        return dict(self._translate(name, value, model) for name, value in asked.items())

    def _translate(self, name: str, value: Any, model: str) -> tuple[str, Any]:
        there = {*self.fields, *self.arguments}
        if name in self.quirks.words:
            candidates: Iterable[Word | None] = (self.quirks.words[name],)
        elif name == "keyterms" and "keyterm" in there and BEFORE_KEYTERMS.match(model):
            candidates = (("keywords", list),)
        else:
            candidates = WORDS.get(name, ((name, lambda it: it),))
        for candidate in candidates:
            if candidate and candidate[0] in there:
                self._refuse_wrong_value(name, value)
                word, convert = candidate
                return word, convert(value)
        raise ValueError(f"{self.who} knows no {name}: {self._near(name, there)}")

    def _refuse_wrong_value(self, name: str, value: Any) -> None:
        fits, told = VALUES.get(name, (None, ""))
        if fits and not fits(value):
            raise ValueError(f"{self.who}: {name}={reprlib.repr(value)}: give {told}")

    def _near(self, name: str, there: set[str]) -> str:
        ours = [word for word in WORDS if self._knows(word, there)]
        near = difflib.get_close_matches(name, {*there, *ours}, n=3)
        if near and name not in WORDS:
            return f"did you mean {' or '.join(near)}?"
        return f"it takes {', '.join(sorted({*ours, *self.fields}))}"

    def _knows(self, word: str, there: set[str]) -> bool:
        words = (self.quirks.words[word],) if word in self.quirks.words else WORDS[word]
        return any(candidate and candidate[0] in there for candidate in words)
