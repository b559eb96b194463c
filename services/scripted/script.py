"""An agent as data: what callers ask, what it answers, which tools it calls. No Pipecat."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from antiphon.services.phrases import MAX_TEXT_CHARS, jsgf_from_phrases, spoken_form
from antiphon.services.scripted.conversation import (
    Answer,
    ToolCall,
    Turn,
    answers_a_question,
    comes_of,
    fill,
    is_only_a_number,
    said_before,
    turns_of,
    yes_or_no,
)
from antiphon.services.scripted.intent import Intent
from antiphon.services.scripted.meant import UnclearNumberError
from antiphon.services.scripted.negation import clauses, negated_words, plain_words, without_negated
from antiphon.services.scripted.numbers import mask_numbers
from antiphon.services.scripted.router import IntentRouter, Route, everyday_lines

__all__ = ["Answer", "Intent", "Script", "ToolCall"]

# What Pipecat's keypad aggregator writes before the keys that a caller pressed.
KEYS_PREFIX = "DTMF: "

# Of as many turns it is known what was asked back, what is awaited and what was not understood.
_MEMORY_TURNS = 6
_MISSES_BEFORE_HELP = 2
# Among the slots of what asks for a number again: what was heard of it.
_UNCLEAR = "unclear"
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

    def understand(self, text: str) -> tuple[Intent, dict[str, str]] | None:
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
        return self.resolve(routed, said) if routed else None

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

    def resolve(self, intent: Intent, text: str) -> tuple[Intent, dict[str, str]] | None:
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
            return self._which_number(awaited or intent, unclear)
        if filled is not None:
            return intent, filled
        asking = self._asking_for(intent)
        return (asking, {}) if asking else None

    def _asking_for(self, intent: Intent) -> Intent | None:
        return next((other for other in self.intents if other.awaits == intent.name), None)

    def _which_number(
        self, intent: Intent, unclear: UnclearNumberError
    ) -> tuple[Intent, dict[str, str]] | None:
        """What asks for an intent's number again, where the one that was said is not clear."""
        asking = self._asking_for(intent)
        if asking is None:
            return None
        return asking.model_copy(update={"reply": self.which_number}), {_UNCLEAR: unclear.likely}

    def respond(self, messages: Sequence[Mapping[str, Any]]) -> Answer | ToolCall:
        """Decide what comes next in a conversation.

        Nothing is kept between turns: what was asked back, what is waited for and how often
        nothing was understood are found again in the last turns.

        Args:
            messages: The conversation, in OpenAI's format as Pipecat keeps it.
        """
        turns = turns_of(messages, last=_MEMORY_TURNS)
        if not turns:
            # Who was greeted and has said something that was not heard is not greeted again.
            greeted = any(message.get("role") == "assistant" for message in messages)
            return Answer(self.fallback, understood=False) if greeted else Answer(self.greeting)
        # A last word from somebody else, such as a note that nothing was heard: ask again.
        if messages[-1].get("role") not in ("user", "tool"):
            return Answer(self.fallback, understood=False)
        answer: Answer | ToolCall = Answer(self.greeting)
        state = _State(self.greeting)
        for turn in turns:
            answer, state = self._take(turn, state)
        return answer

    def respond_if_sure(self, messages: Sequence[Mapping[str, Any]]) -> Answer | ToolCall | None:
        """Decide what comes next in a conversation in which a language model answers the rest.

        Args:
            messages: The conversation, in OpenAI's format as Pipecat keeps it.

        Returns:
            What to say or to call; None if that is for the model.
        """
        turns = turns_of(messages, last=2)
        if not turns:
            return Answer(self.greeting)
        if messages[-1].get("role") not in ("user", "tool"):
            return None
        # What the model said is not known here, so it is the model that repeats or explains it.
        earlier = self.understand(turns[-2].text) if len(turns) > 1 else None
        state = _State("", awaited=self.intent(earlier[0].awaits) if earlier else None)
        found = self._find(turns[-1].text, state)[0]
        if found is None or _UNCLEAR in found[1]:
            return None
        # A no to the model's question is no goodbye, and a number is the one that it asked for.
        last, text = said_before(messages), turns[-1].text
        hangs_up = found[0].goodbye and yes_or_no(text)[0] is None
        if last and not self._has_said(last) and answers_a_question(text) and not hangs_up:
            return None
        answer = self._act(*found, turns[-1], state)
        return None if isinstance(answer, Answer) and not answer.understood else answer

    def _has_said(self, text: str) -> bool:
        own = (self.greeting, self.help, self.tool_failed, *(each.reply for each in self.intents))
        return any(comes_of(reply, text) for reply in own if not reply.startswith("{"))

    def _take(self, turn: Turn, state: "_State") -> tuple[Answer | ToolCall, "_State"]:
        found, denied = self._find(turn.text, state)
        if found and state.awaited and state.heard and found[1].get(_UNCLEAR) == state.heard:
            found = state.awaited, {state.awaited.number_slot or "": state.heard}
        if found:
            answer = self._act(*found, turn, state)
            if isinstance(answer, ToolCall):
                return answer, _State(state.last)
            if "{last}" in found[0].reply:
                return answer, state
            awaited = self.intent(found[0].awaits)
            return answer, _State(answer.text, awaited=awaited, heard=found[1].get(_UNCLEAR, ""))
        guess = None if denied else self.guess(turn.text)
        if guess and not (state.asked and state.asked[0] is guess):
            asking = replace(state, last=guess.ask_back, asked=(guess, turn.text), awaited=None)
            return Answer(guess.ask_back), asking
        missed = max(state.missed + 1, _MISSES_BEFORE_HELP if denied else 0)
        text = self.help if missed >= _MISSES_BEFORE_HELP and self.help else self.fallback
        return Answer(text, understood=denied), _State(text, missed, awaited=state.awaited)

    def _act(
        self, intent: Intent, slots: dict[str, str], turn: Turn, state: "_State"
    ) -> Answer | ToolCall:
        if intent.tool and turn.result is None:
            return ToolCall(intent.tool, slots)
        said = {"help": self.help, "last": state.last}
        values: dict[str, Any] = {name: text for name, text in said.items() if text}
        values |= slots | dict(turn.result if intent.tool and turn.result else {})
        reply = fill(intent.reply, values)
        if reply is None:
            return Answer(self.tool_failed) if intent.tool else Answer(self.fallback, False)
        return Answer(reply, goodbye=intent.goodbye)

    def _find(
        self, text: str, state: "_State"
    ) -> tuple[tuple[Intent, dict[str, str]] | None, bool]:
        """Find what a caller wants, and whether what was asked back about is not it."""
        alone = state.awaited if is_only_a_number(text) else None
        if alone and (found := self._awaited(alone, text, any_number=True)):
            return found, False
        verdict, rest = yes_or_no(text)
        if state.awaited and verdict is False and not rest.strip(" .,!"):
            return None, True  # no number, and no goodbye
        if not state.asked:
            verdict, rest = None, text
        found = self.understand(rest)
        if state.asked is None or verdict is None:
            if found is None and state.awaited:
                found = self._awaited(state.awaited, text)
            return found, False
        if found and found[0].ask_back:  # more than a "that's right"
            return found, False
        if verdict:
            intent, words = state.asked
            return self.resolve(intent, f"{words} {rest}"), False
        return None, True

    def _awaited(
        self, intent: Intent, text: str, *, any_number: bool = False
    ) -> tuple[Intent, dict[str, str]] | None:
        try:
            slots = intent.fill(text, any_number=any_number)
        except UnclearNumberError as unclear:
            return self._which_number(intent, unclear)
        return (intent, slots) if slots else None

    def _route(self, text: str) -> Route | None:
        return self.router.route(mask_numbers(text)) if self.router else None


@dataclass(frozen=True)
class _State:
    """Where a conversation is.

    Parameters:
        last: What the agent said last.
        missed: How many turns in a row it made nothing of.
        asked: What it asked back about, and the words that led there.
        awaited: The intent whose number it asked for.
        heard: What it heard of that number, and asked for again.
    """

    last: str
    missed: int = 0
    asked: tuple[Intent, str] | None = None
    awaited: Intent | None = None
    heard: str = ""


def _is_clause(text: str) -> bool:
    return len(text.split()) >= _CLAUSE_WORDS
