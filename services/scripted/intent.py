"""One thing that a caller may want from an agent of data: how it is said, and what follows."""

import re
from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from antiphon.services.phrases import Phrase, Slot, spoken_form
from antiphon.services.scripted.conversation import missing_field
from antiphon.services.scripted.numbers import SpokenNumber, spoken_numbers

__all__ = ["Intent"]

# A shorter number is one of something else, unless it is called the number.
_LONG_DIGITS = 3
_NAMED = re.compile(r"(?:number|no\.?|order|#)(?:\s+(?:is|was|it's))?[\s:#]*$", re.IGNORECASE)


class Intent(BaseModel):
    """One thing that a caller may want.

    Parameters:
        name: For logs and tests.
        phrases: How callers say it to a recogniser that knows no other words: words with slots,
            such as "order {order_number:digits}".
        wordings: How callers put it in their own words, twenty or more; whatever is like them
            counts too. A number in them stands for any.
        reply: The answer. `{order_number}` stands for a slot's value, or for a field of what the
            tool returned, `{help}` for the script's help, `{last}` for what the agent said last;
            digits are read out one by one.
        ask_back: What to ask when this was probably meant, such as "Was that about an order?".
        awaits: The intent that a number alone means after this reply.
        tool: The tool to call before answering, with the slots as its arguments.
        goodbye: Whether the reply is a goodbye, after which the agent may hang up.
        example: How a person would ask for it, to be read; empty for what nobody need be told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    phrases: tuple[str, ...] = ()
    wordings: tuple[str, ...] = ()
    reply: str
    ask_back: str = ""
    awaits: str = ""
    tool: str | None = None
    goodbye: bool = False
    example: str = ""

    @field_validator("phrases")
    @classmethod
    def _readable(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        for phrase in phrases:
            Phrase.parse(phrase)
        return phrases

    @model_validator(mode="after")
    def _can_be_said_and_answered(self) -> Self:
        if not self.phrases and not self.wordings:
            raise ValueError(f"intent {self.name!r} needs at least one phrase or wording")
        # What a tool returns is known only when it has.
        for phrase in [] if self.tool else self.parsed or [None]:
            slots = {slot.name: "0" for slot in phrase.slots} if phrase else {}
            missing = missing_field(self.reply, slots | {"help": "", "last": ""})
            if missing:
                without = f"phrase {phrase.text!r}" if phrase else f"intent {self.name!r}"
                raise ValueError(
                    f"reply {self.reply!r} needs {missing}, which {without} does not have"
                )
        return self

    @cached_property
    def parsed(self) -> tuple[Phrase, ...]:
        """The phrases, read."""
        return tuple(Phrase.parse(phrase) for phrase in self.phrases)

    @cached_property
    def _slots(self) -> tuple[tuple[Slot, bool], ...]:
        """The slots of all phrases, and whether each phrase has them, so that they are needed."""
        named = {slot.name: slot for phrase in self.parsed for slot in phrase.slots}
        return tuple(
            (slot, all(name in {own.name for own in phrase.slots} for phrase in self.parsed))
            for name, slot in named.items()
        )

    def match(self, spoken: str) -> dict[str, str] | None:
        """Return the slots' values if one of the phrases was said, else None."""
        for phrase in self.parsed:
            slots = phrase.match(spoken)
            if slots is not None:
                return slots
        return None

    def fill(self, text: str, *, any_number: bool = False) -> dict[str, str] | None:
        """Find the slots' values in what was said in other words than the phrases.

        Args:
            text: What was said.
            any_number: Whether a number of one or two digits will do.

        Returns:
            The values, or None if one is missing that this intent cannot do without.
        """
        values = {}
        spoken = f" {spoken_form(text)} "
        for slot, needed in self._slots:
            if slot.choices:
                value = next((choice for choice in slot.choices if f" {choice} " in spoken), None)
            else:
                value = _number(text, any_number=any_number)
            if value is not None:
                values[slot.name] = value
            elif needed:
                return None
        return values


def _number(text: str, *, any_number: bool) -> str | None:
    """The number that was meant: one that was called so, or else the longest."""
    found = [number for number in spoken_numbers(text) if any_number or _is_named(text, number)]
    return max((number.digits for number in found), key=len, default=None)


def _is_named(text: str, number: SpokenNumber) -> bool:
    return len(number.digits) >= _LONG_DIGITS or bool(_NAMED.search(text, 0, number.start))
