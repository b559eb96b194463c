"""One thing that a caller may want from an agent of data: how it is said, and what follows."""

from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from antiphon.services.phrases import Phrase, Slot, spoken_form
from antiphon.services.scripted.conversation import missing_field
from antiphon.services.scripted.meant import meant_number

__all__ = ["Intent"]


# What any reply may have of the script.
_SCRIPTS = {"help": "", "last": ""}


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
        confirm: What to ask before the tool is called, with the slots, such as "Order
            {order_number}, is that right?": recognisers write other numbers than were said. A
            number that was keyed in needs no yes.
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
    confirm: str = ""
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
        if self.confirm and not self.tool:
            raise ValueError(f"intent {self.name!r} has no tool to confirm")
        # What a tool returns is known only when it has.
        said = ("confirm", self.confirm) if self.tool else ("reply", self.reply)
        for phrase in self.parsed or [None]:
            slots = {slot.name: "0" for slot in phrase.slots} if phrase else {}
            missing = missing_field(said[1], slots if self.tool else slots | _SCRIPTS)
            if missing:
                without = f"phrase {phrase.text!r}" if phrase else f"intent {self.name!r}"
                raise ValueError(
                    f"{said[0]} {said[1]!r} needs {missing}, which {without} does not have"
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

    @property
    def number_slot(self) -> str | None:
        """The name of the first slot for a number."""
        return next((slot.name for slot, _ in self._slots if not slot.choices), None)

    def match(self, spoken: str, *, words: int = 0) -> dict[str, str] | None:
        """Return the slots' values if one of the phrases was said, else None.

        Args:
            spoken: What was said.
            words: How many words that has, if a phrase that is less than half of it is to be none.
        """
        for phrase in self.parsed:
            if words > 2 * len(phrase.parts) + 1:
                continue
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

        Raises:
            UnclearNumberError: If its tool would be given a number that may be another.
        """
        values = {}
        spoken = f" {spoken_form(text)} "
        for slot, needed in self._slots:
            if slot.choices:
                value = next((choice for choice in slot.choices if f" {choice} " in spoken), None)
            else:
                value = meant_number(text, any_number=any_number, looked_up=bool(self.tool))
            if value is not None:
                values[slot.name] = value
            elif needed:
                return None
        return values
