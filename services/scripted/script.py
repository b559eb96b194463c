"""An agent as data: what callers ask, what it answers, which tools it calls. No Pipecat."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from antiphon.services.phrases import MAX_TEXT_CHARS, jsgf_from_phrases, spoken_form
from antiphon.services.scripted.conversation import Answer, ToolCall, is_only_a_number, yes_or_no
from antiphon.services.scripted.dialogue import UNCLEAR_NUMBER, Found, respond, respond_if_sure
from antiphon.services.scripted.intent import Intent
from antiphon.services.scripted.meant import UnclearNumberError
from antiphon.services.scripted.negation import (
    clauses,
    negated_words,
    plain_words,
    sentences,
    without_negated,
)
from antiphon.services.scripted.numbers import is_tag, mask_numbers
from antiphon.services.scripted.router import IntentRouter, Route, everyday_lines

__all__ = ["Answer", "Intent", "Script", "ToolCall"]

# What Pipecat's keypad aggregator writes before the keys that a caller pressed.
KEYS_PREFIX = "DTMF: "

# More requests in one breath than anybody remembers.
_MAX_REQUESTS = 3
# A shorter rest of a sentence says nothing by itself.
_CLAUSE_WORDS = 3
# A question back costs a turn, and a wrong action a caller's trust.
_SURE_FROM = 0.75


class Script(BaseModel):
    """A small deterministic agent. Frozen; one can serve every call of a process.

    Parameters:
        greeting: What it says when nobody has spoken yet.
        fallback: What it says to anything it does not understand.
        tool_failed: What it says when a tool failed or returned less than the reply needs.
        keys_mean: What a caller says who presses keys, before these, such as "my number is".
        which_number: What it says to a number that is not to be looked up, as it may be another.
        help: What it can do, said from the second time on that it understood nothing.
        intents: What it understands; where several match, the first counts.
        out_of_scope: What callers say that is like an intent's wordings, and is not meant so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    greeting: str
    fallback: str = "Sorry, could you say that again?"
    tool_failed: str = "Sorry, I cannot look that up right now."
    keys_mean: str = ""
    which_number: str = "Sorry, which number was that? Please say it digit by digit."
    help: str = ""
    intents: tuple[Intent, ...] = ()
    out_of_scope: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_are_there(self) -> Self:
        for intent in self.intents:
            if intent.awaits and not self.intent(intent.awaits):
                raise ValueError(f"intent {intent.name!r} awaits {intent.awaits!r}, which is none")
        return self

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a script from a TOML file.

        Args:
            path: The file.

        Raises:
            OSError: If it cannot be read.
            ValueError: If it is not TOML or not a script; the text names the file and the place.
        """
        return cls._parse(Path(path).read_text(encoding="utf-8"), str(path))

    @classmethod
    @cache
    def order_status(cls) -> Self:
        """Return the built-in agent: an order desk."""
        name = "order_status.toml"
        return cls._parse(
            files("antiphon.services.scripted").joinpath(name).read_text("utf-8"), name
        )

    @classmethod
    def _parse(cls, toml: str, source: str) -> Self:
        try:
            return cls.model_validate(tomllib.loads(toml))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(f"{source}: {place}: {first['msg']}") from error
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{source}: {error}") from error

    @cached_property
    def router(self) -> IntentRouter | None:
        """What finds intents by their wordings; None without any. Made on first use."""
        examples = self._examples
        if not examples:
            return None
        outside = [*everyday_lines(), *map(mask_numbers, self.out_of_scope)]
        return IntentRouter(examples=examples, out_of_scope=outside, sure_from=_SURE_FROM)

    @cached_property
    def _examples(self) -> dict[str, list[str]]:
        examples: dict[str, list[str]] = {}
        for intent in self.intents:
            # One that asks for another's number is about the same: the number tells them apart.
            about = examples.setdefault(intent.awaits or intent.name, [])
            about += map(mask_numbers, intent.wordings)
        return {name: wordings for name, wordings in examples.items() if wordings}

    def intent(self, name: str) -> Intent | None:
        """Return the intent of a name, if there is one."""
        return next((intent for intent in self.intents if intent.name == name), None)

    @cached_property
    def _deniable(self) -> dict[str, set[str]]:
        """For each intent the words of its wordings that it never has behind a "not"."""
        return {
            name: plain_words(wordings).difference(*map(negated_words, wordings))
            for name, wordings in self._examples.items()
        }

    def _denied(self, route: Route, text: str) -> bool:
        """Whether a text says that what it is likely to be about is not wanted."""
        likely = route.intent or next((name for name, _ in route.alternatives), "")
        return self._is_denied(likely, text)

    def _is_denied(self, name: str, text: str) -> bool:
        return bool(negated_words(text) & self._deniable.get(name, set()))

    def jsgf(self) -> str:
        """Return the grammar of the phrases, for a recogniser that knows no other words."""
        return jsgf_from_phrases(phrase for intent in self.intents for phrase in intent.parsed)

    def examples(self) -> list[str]:
        """Return what callers may ask, in the order of the intents, for a person to read."""
        return [intent.example for intent in self.intents if intent.example]

    def understand(self, text: str) -> Found | None:
        """Find what a caller wants.

        Args:
            text: What was said, as any recogniser writes it, or keyed in, as Pipecat does.

        Returns:
            The intent and the values of its slots, or None if that is not sure.
        """
        said = text[:MAX_TEXT_CHARS]
        text = said.replace(KEYS_PREFIX, f"{self.keys_mean} ")
        spoken = spoken_form(text)
        # In a longer sentence a phrase may be there and not be what it is about.
        words = len(mask_numbers(text).split()) if self.router else 0
        for intent in self.intents:
            slots = intent.match(spoken, words=words)
            if slots is not None and not self._is_denied(intent.name, text):
                if intent.tool and any(map(is_tag, slots.values())):
                    return self.resolve(intent, said)
                # The number that its reply would ask for may be there already; one beside a card
                # is none of the card's. And which of two numbers is meant, no phrase knows.
                awaited = self.intent(intent.awaits)
                if (awaited and awaited.tool) or (intent.tool and self._asking_for(intent)):
                    return self.resolve(intent, said)
                return intent, slots
        route = self._route(text)
        routed = self.intent(route.intent) if route and route.intent else None
        if route and self._denied(route, text):
            rest = without_negated(text)  # "no" is not a goodbye where it is of "no, don't"
            return self.understand(rest) if _is_clause(rest) else None
        if routed and routed.goodbye and not self._is_outright(routed, text):
            return None
        return self.resolve(routed, said) if routed else None

    def _is_outright(self, goodbye: Intent, text: str) -> bool:
        """Whether a goodbye is one that may end a call: "See." is perhaps a foreign yes."""
        said = spoken_form(text)
        words = said.split()
        known = set(map(spoken_form, goodbye.wordings))
        outright = {each for each in known if yes_or_no(each)[0] is None}
        return len(words) >= _CLAUSE_WORDS or said in known or not outright.isdisjoint(words)

    def guess(self, text: str) -> Intent | None:
        """Return the intent to ask back about, if one is likely.

        Args:
            text: What was said.
        """
        text = text[:MAX_TEXT_CHARS]
        whole = self._route(text)
        parts = [text, *clauses(text)]
        if whole and self._denied(whole, text):
            rest = without_negated(text)
            parts = [rest, *clauses(rest), *parts]
        for part in parts if len(parts) == 1 else filter(_is_clause, parts):
            route = self._route(part)
            names = [name for name, _ in route.alternatives] if route else []
            # Sure of one and not acting on it: it is denied, or sure of a part of what was said.
            names += [route.intent] if route and route.intent else []
            likely = (self.intent(name) for name in names)
            if found := next((each for each in likely if each and each.ask_back), None):
                return found
        return None

    def resolve(self, intent: Intent, text: str) -> Found | None:
        """Find the values of an intent's slots, or the intent that fits those there are.

        Args:
            intent: What the caller wants.
            text: What was said.

        Returns:
            The intent, or the one that it awaits if its number is there already, or the one that
            asks for the number that is missing.
        """
        awaited = self.intent(intent.awaits)
        try:
            if awaited and (slots := awaited.fill(text)):
                return awaited, slots
            filled = intent.fill(text)
        except UnclearNumberError as unclear:
            return self.asked_again(awaited or intent, unclear)
        if filled is not None:
            return intent, filled
        asking = self._asking_for(intent)
        return (asking, {}) if asking else None

    def _asking_for(self, intent: Intent) -> Intent | None:
        return next((other for other in self.intents if other.awaits == intent.name), None)

    def asked_again(self, intent: Intent, unclear: UnclearNumberError) -> Found | None:
        """Return what asks for an intent's number again, if there is anything that asks for it.

        Args:
            intent: The intent.
            unclear: Why the number that was said will not do.
        """
        asking = self._asking_for(intent)
        if asking is None:
            return None
        return asking.model_copy(update={"reply": self.which_number}), {
            UNCLEAR_NUMBER: unclear.likely
        }

    def requests(self, text: str) -> list[Found]:
        """Find all that a caller wants, in the order in which it is answered.

        Args:
            text: What was said.

        Returns:
            Nothing if it is not sure; more than one only of sentences that are each sure.
        """
        parts: dict[str, Found] = {}
        for part in [] if negated_words(text) else sentences(text[:MAX_TEXT_CHARS]):
            found = self.understand(part) if _is_clause(part) or is_only_a_number(part) else None
            if found and found[0].ask_back and not found[0].goodbye:
                about = found[0].awaits or found[0].name
                if about not in parts or found[0].tool:
                    parts[about] = found
        if len(parts) > 1:
            # Of two that need a number only one can be asked for it.
            return sorted(parts.values(), key=lambda each: not each[0].tool)[:_MAX_REQUESTS]
        whole = self.understand(text)
        return [whole] if whole else []

    def respond(self, messages: Sequence[Mapping[str, Any]]) -> Answer | ToolCall:
        """Decide what comes next in a conversation.

        Args:
            messages: The conversation, in OpenAI's format as Pipecat keeps it.
        """
        return respond(self, messages)

    def respond_if_sure(self, messages: Sequence[Mapping[str, Any]]) -> Answer | ToolCall | None:
        """Decide what comes next in a conversation in which a language model answers the rest.

        Args:
            messages: The conversation, in OpenAI's format as Pipecat keeps it.

        Returns:
            What to say or to call; None if that is for the model.
        """
        return respond_if_sure(self, messages)

    def _route(self, text: str) -> Route | None:
        return self.router.route(mask_numbers(text)) if self.router else None


def _is_clause(text: str) -> bool:
    return len(text.split()) >= _CLAUSE_WORDS
