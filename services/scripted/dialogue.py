"""What a script says next in a conversation: what it asked, read back, and has still to answer.

Nothing is kept between turns: where a conversation is, is found again in its last turns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

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
from antiphon.services.scripted.numbers import mask_numbers
from antiphon.services.scripted.readback import agrees, has_number, was_keyed

__all__ = ["UNCLEAR_NUMBER", "Found", "respond", "respond_if_sure"]

UNCLEAR_NUMBER = "unclear"
"""Among the slots of what asks for a number again: what was heard of it."""

Found = tuple[Intent, dict[str, str]]
"""What a caller wants, and the values of its slots."""

# Of as many turns it is known what was asked back, what is awaited and what was not understood.
_MEMORY_TURNS = 6
_MISSES_BEFORE_HELP = 2
# A number and one word more, behind a no, is another number.
_MISHEARD_WORDS = 2


class Agent(Protocol):
    """What a conversation needs of a script: what it says, and what it makes of a turn.

    Parameters:
        greeting: What it says when nobody has spoken yet.
        fallback: What it says to anything it does not understand.
        tool_failed: What it says when a tool failed.
        which_number: What it says to a number that is not to be looked up.
        help: What it can do.
        intents: What it understands.
    """

    @property
    def greeting(self) -> str: ...

    @property
    def fallback(self) -> str: ...

    @property
    def tool_failed(self) -> str: ...

    @property
    def which_number(self) -> str: ...

    @property
    def help(self) -> str: ...

    @property
    def intents(self) -> tuple[Intent, ...]: ...

    def intent(self, name: str) -> Intent | None:
        """Return the intent of a name, if there is one."""
        ...

    def requests(self, text: str) -> list[Found]:
        """Find all that a caller wants."""
        ...

    def guess(self, text: str) -> Intent | None:
        """Return the intent to ask back about, if one is likely."""
        ...

    def resolve(self, intent: Intent, text: str) -> Found | None:
        """Find the values of an intent's slots, or the intent that fits those there are."""
        ...

    def asked_again(self, intent: Intent, unclear: UnclearNumberError) -> Found | None:
        """Return what asks for an intent's number again."""
        ...


@dataclass(frozen=True)
class _State:
    """Where a conversation is.

    Parameters:
        last: What the agent said last.
        missed: How many turns in a row it made nothing of.
        asked: What it asked back about, and the words that led there.
        awaited: The intent whose number it asked for.
        heard: What it heard of that number, and asked for again.
        offered: What it read back, and does when the caller agrees.
        later: What else was asked for, and is answered when the first is done.
    """

    last: str
    missed: int = 0
    asked: tuple[Intent, str] | None = None
    awaited: Intent | None = None
    heard: str = ""
    offered: Found | None = None
    later: tuple[Found, ...] = ()


@dataclass(frozen=True)
class _Heard:
    """What a turn comes to.

    Parameters:
        found: What the caller wants; None if that is not sure.
        denied: Whether what was asked back about is not it.
        agreed: Whether the caller agreed to what was read back.
        later: What else the caller wants.
    """

    found: Found | None = None
    denied: bool = False
    agreed: bool = False
    later: tuple[Found, ...] = ()


def respond(script: Agent, messages: Sequence[Mapping[str, Any]]) -> Answer | ToolCall:
    """Decide what comes next in a conversation.

    Args:
        script: The agent.
        messages: The conversation, in OpenAI's format as Pipecat keeps it.
    """
    turns = turns_of(messages, last=_MEMORY_TURNS)
    if not turns:
        # Who was greeted and has said something that was not heard is not greeted again.
        greeted = any(message.get("role") == "assistant" for message in messages)
        return Answer(script.fallback, understood=False) if greeted else Answer(script.greeting)
    answer: Answer | ToolCall = Answer(script.greeting)
    state = _State(script.greeting)
    for turn in turns:
        answer, state = _take(script, turn, state)
    # A last word from somebody else, such as a note that nothing was heard: ask again.
    if messages[-1].get("role") not in ("user", "tool"):
        return Answer(state.last if state.offered else script.fallback, understood=False)
    return answer


def respond_if_sure(
    script: Agent, messages: Sequence[Mapping[str, Any]]
) -> Answer | ToolCall | None:
    """Decide what comes next in a conversation in which a language model answers the rest.

    Args:
        script: The agent.
        messages: The conversation, in OpenAI's format as Pipecat keeps it.

    Returns:
        What to say or to call; None if that is for the model.
    """
    turns = turns_of(messages, last=_MEMORY_TURNS)
    if not turns:
        return Answer(script.greeting)
    if messages[-1].get("role") not in ("user", "tool"):
        return None
    last, text = said_before(messages), turns[-1].text
    state = _State("")
    for turn in turns[:-1]:
        state = _take(script, turn, state)[1]
    # What the model said is not known here, so it is the model that repeats or explains it.
    offers = state.offered and comes_of(state.offered[0].confirm, last)
    state = _State("", awaited=state.awaited, offered=state.offered if offers else None)
    heard = _hear(script, text, state)
    if heard.found is None or heard.later or UNCLEAR_NUMBER in heard.found[1]:
        return None
    # A no to the model's question is no goodbye, and a number is the one that it asked for.
    hangs_up = heard.found[0].goodbye and yes_or_no(text)[0] is None
    if last and not _has_said(script, last) and answers_a_question(text) and not hangs_up:
        return None
    answer = _reply(script, heard.found, heard, turns[-1], state)[0]
    return None if isinstance(answer, Answer) and not answer.understood else answer


def _has_said(script: Agent, text: str) -> bool:
    own = [script.greeting, script.help, script.tool_failed]
    own += [words for each in script.intents for words in (each.reply, each.confirm) if words]
    return any(comes_of(words, text) for words in own if not words.startswith("{"))


def _take(script: Agent, turn: Turn, state: _State) -> tuple[Answer | ToolCall, _State]:
    heard = _hear(script, turn.text, state)
    found = heard.found
    if found and state.awaited and state.heard and found[1].get(UNCLEAR_NUMBER) == state.heard:
        found = state.awaited, {state.awaited.number_slot or "": state.heard}
    if found:
        return _reply(script, found, heard, turn, state)
    if heard.denied and state.offered:
        asks = script.which_number
        return Answer(asks), _State(asks, awaited=state.offered[0], later=state.later)
    guess = None if heard.denied else script.guess(turn.text)
    likely = script.resolve(guess, turn.text) if guess else None
    if likely and likely[0].confirm:
        # Asking whether it is about an order would be followed by asking whether it is this one.
        return _reply(script, likely, heard, turn, state)
    if guess and not (state.asked and state.asked[0] is guess):
        asking = replace(
            state, last=guess.ask_back, asked=(guess, turn.text), awaited=None, offered=None
        )
        return Answer(guess.ask_back), asking
    missed = max(state.missed + 1, _MISSES_BEFORE_HELP if heard.denied else 0)
    if missed >= _MISSES_BEFORE_HELP and script.help:
        text, offered = script.help, None
    else:
        text, offered = state.last if state.offered else script.fallback, state.offered
    after = _State(text, missed, awaited=state.awaited, offered=offered, later=state.later)
    return Answer(text, understood=heard.denied), after


def _reply(
    script: Agent, found: Found, heard: _Heard, turn: Turn, state: _State
) -> tuple[Answer | ToolCall, _State]:
    intent, slots = found
    later = (*state.later, *(each for each in heard.later if each not in state.later))
    exact = heard.agreed or was_keyed(turn.text, slots.get(intent.number_slot or "", ""))
    if intent.confirm and not exact and turn.result is None:
        text = fill(intent.confirm, slots) or script.fallback
        return Answer(text), _State(text, awaited=intent, offered=found, later=later)
    answer = _act(script, found, turn, state)
    if isinstance(answer, ToolCall):
        return answer, _State(state.last)
    if "{last}" in intent.reply:
        return answer, state
    if (state.offered or state.awaited) and not intent.ask_back and not intent.goodbye:
        # "Wait": "Okay." But a reply that asks something would take the place of what is awaited.
        return Answer(state.last) if "?" in answer.text else answer, state
    awaited = script.intent(intent.awaits)
    texts = [answer.text]
    waiting = []
    for other in () if intent.goodbye else later:
        asks = script.intent(other[0].awaits)
        said = fill(other[0].reply, _values(script, other[1], state))
        if awaited and asks:  # two questions at once are none
            waiting.append(other)
        elif said:
            # What asks for something comes last.
            texts = [said, *texts] if awaited else [*texts, said]
            awaited = awaited or asks
    answer = replace(answer, text=" ".join(texts))
    return answer, _State(
        answer.text,
        awaited=awaited,
        heard=slots.get(UNCLEAR_NUMBER, ""),
        later=tuple(waiting),
    )


def _act(script: Agent, found: Found, turn: Turn, state: _State) -> Answer | ToolCall:
    intent, slots = found
    if intent.tool and turn.result is None:
        return ToolCall(intent.tool, slots)
    values = _values(script, slots, state)
    reply = fill(intent.reply, values | dict(turn.result if intent.tool and turn.result else {}))
    if reply is None:
        return Answer(script.tool_failed) if intent.tool else Answer(script.fallback, False)
    return Answer(reply, goodbye=intent.goodbye)


def _values(script: Agent, slots: Mapping[str, str], state: _State) -> dict[str, Any]:
    said = {"help": script.help, "last": state.last}
    return {name: text for name, text in said.items() if text} | dict(slots)


def _hear(script: Agent, text: str, state: _State) -> _Heard:
    """Find what a caller wants, where the conversation is as it is."""
    said = text
    verdict, rest = yes_or_no(text)
    if state.offered:
        intent, slots = state.offered
        agreed = agrees(text, slots.get(intent.number_slot or "", ""))
        others = _others(script, rest, intent)
        if agreed is None and verdict and others and yes_or_no(rest)[0] is None:
            agreed = not has_number(rest) or None  # "Yes, and when do you open?"
        if agreed:
            return _Heard(state.offered, agreed=True, later=others)
        wanted = script.requests(rest) if agreed is False else []
        if agreed is False and all(each[0].awaits == intent.name for each in wanted):
            return _Heard(denied=True)  # "No." "That's the wrong number."
        masked = mask_numbers(rest).strip(" .,!").split()
        if verdict is False and has_number(rest) and len(masked) <= _MISHEARD_WORDS:
            found = _awaited(script, intent, rest, any_number=True)
            return _Heard(found, denied=found is None)  # "No, 994 size": a five, and no coat
        second, nothing = yes_or_no(rest)
        if second is False and not nothing.strip(" .,!"):
            return _Heard(denied=True)  # "Yes, no." is no goodbye
        text = rest
    answered = state.awaited if is_only_a_number(text) else None
    if answered and (found := _awaited(script, answered, text, any_number=True)):
        return _Heard(found)
    unasked = state.missed or state.last == script.greeting
    alone = rest.strip(" .,!").lower()
    if verdict is False and not alone and (state.awaited or unasked):
        return _Heard(denied=True)  # no number, and no goodbye
    if verdict and alone in ("", "please") and not state.asked and unasked:
        return _Heard()  # a yes to nothing is not thanked for
    if not state.asked:
        verdict, rest = None, text
    requests = script.requests(rest)
    found, later = requests[0] if requests else None, tuple(requests[1:])
    if state.asked is None or verdict is None:
        if state.awaited and (found is None or found[0].awaits == state.awaited.name):
            found = _awaited(script, state.awaited, text) or found
        is_denied = found is None and bool(state.offered) and yes_or_no(said)[0] is False
        return _Heard(found, denied=is_denied, later=later)
    if found and found[0].ask_back:  # more than a "that's right"
        return _Heard(found, later=later)
    if verdict:
        intent, words = state.asked
        return _Heard(script.resolve(intent, f"{words} {rest}"))
    return _Heard(denied=True)


def _others(script: Agent, text: str, intent: Intent) -> tuple[Found, ...]:
    """What a caller wants beside an intent."""
    found = script.requests(text)
    return tuple(
        each
        for each in found
        if each[0].ask_back
        and not each[0].tool
        and not each[0].goodbye
        and each[0].awaits != intent.name
    )


def _awaited(script: Agent, intent: Intent, text: str, *, any_number: bool = False) -> Found | None:
    try:
        slots = intent.fill(text, any_number=any_number)
    except UnclearNumberError as unclear:
        return script.asked_again(intent, unclear)
    return (intent, slots) if slots else None
