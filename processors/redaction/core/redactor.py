"""The redactor of one call: text in, text without personal data out.

Feed it the turns of both sides in order; what the agent asks tells what the caller answers. It
fails closed: if a detector raises or takes too long, every number of three digits or more and every
address-like word is masked, and the call goes on.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from antiphon.processors.redaction.core.ask_model import load_ask_model
from antiphon.processors.redaction.core.asks import TURNS, Expectation
from antiphon.processors.redaction.core.checksums import iban, luhn
from antiphon.processors.redaction.core.cpu_time import cpu_time
from antiphon.processors.redaction.core.entities import (
    ENTITY_TYPES,
    LENGTHS,
    Entity,
    Redaction,
    merge,
    splice,
    tagged,
)
from antiphon.processors.redaction.core.fallback import mask_numbers, without_numerals
from antiphon.processors.redaction.core.language import (
    Language,
    has_table,
    load_language,
)
from antiphon.processors.redaction.core.policy import FOR_THE_RECORD, Action, Policy
from antiphon.processors.redaction.core.scripts import is_untold
from antiphon.processors.redaction.core.units import Scan, scan
from antiphon.processors.redaction.core.vault import Vault
from antiphon.processors.redaction.core.view import View
from antiphon.processors.redaction.detectors import DETECTORS, Detector
from antiphon.processors.redaction.detectors.of_numbers import OF_NUMBERS

__all__ = ["Redactor"]

KEYS_PREFIX = "DTMF:"
HASH_CHARS = 12
# Detectors that run before the clock is asked again: a look at it costs as much as one of them.
UNTIMED = 4
# As Chinese, Japanese and Arabic texts have them, of the same length.
SIGNS = str.maketrans("？！؟", "?!?")
# What a redactor left of a value, for the next to leave alone: its last four, its hash (which has a
# letter, as a number might stand between brackets too) or the number and nonce of its placeholder.
KEPT = re.compile(
    r"(?<=<)([A-Z_]+)( [0-9A-Za-z]{4}| (?=[0-9]*[a-f])[0-9a-f]{12}|_[0-9]+_[a-z2-9]{6})(?=>)"
)


class BudgetExceededError(Exception):
    """Detection took longer than its budget."""


class _Open(NamedTuple):
    """The last value that the caller has given, which may go on in the next turn."""

    kind: str
    value: str
    placeholder: str


class Redactor:
    """Redacts the turns of one call.

    Args:
        policy: What the model may read; by default nothing personal, as in the record.
        language: The language spoken, an ISO 639 code. What is plainly said in another of the nine
            that have tables is looked at in that one; of a caller who speaks one without a table
            every numeral is hidden, and all that answers a question for something personal.
        vault: Where placeholders' values are kept; by default one of its own.
        budget_secs: Seconds of CPU that an utterance of up to 1000 characters may take before
            detection gives up and fails closed; a longer text has as many times more.
        detectors: What to look with; see `detectors.DETECTORS`.
        clock: Seconds of CPU from any fixed point; another one in tests.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        language: str = "en",
        vault: Vault | None = None,
        budget_secs: float = 0.02,
        detectors: Iterable[Detector] = DETECTORS,
        clock: Callable[[], float] = cpu_time,
    ) -> None:
        if not isinstance(policy, Policy | None):
            raise TypeError(f"policy is {policy!r}; give a Policy, as Policy.preset('strict') is")
        if not isinstance(vault, Vault | None):
            raise TypeError(f"vault is {vault!r}; give a Vault(), the same one throughout a call")
        self.policy = FOR_THE_RECORD if policy is None else policy
        self.vault = vault if vault is not None else Vault()
        self.counts: Counter[str] = Counter()
        self.failures = 0
        self.speak(language)
        self._budget_secs = budget_secs
        self._detectors = tuple(detectors)
        self._without_numbers = tuple(d for d in self._detectors if d not in OF_NUMBERS)
        self._clock = clock
        self._asked = Expectation()
        self._asked_in: Language | None = None
        # Now, as reading it takes longer than a turn may.
        load_ask_model(self._language.code)
        self._open: _Open | None = None

    def __repr__(self) -> str:
        return f"<Redactor {self._language.code}, {sum(self.counts.values())} redacted>"

    @property
    def language(self) -> Language:
        """The tables of the language spoken."""
        return self._language

    def speak(self, language: str) -> None:
        """Go over to another language; what is expected stays."""
        self._language = load_language(language)
        self._untold = not has_table(language)

    def expect(self, *kinds: str, turns: int = TURNS) -> None:
        """Say what the caller is about to give; without types, that nothing is expected.

        Args:
            kinds: Entity types, or their names as spoken of: "card_number" is CREDIT_CARD.
            turns: Turns of the caller after which this is forgotten.

        Raises:
            ValueError: If a type is unknown.
        """
        if not kinds:
            self._asked.clear()
            return
        self._asked.expect(tuple(_kind(k) for k in kinds), turns)

    def redact(
        self, text: str, role: str = "user", *, also: Iterable[Entity] | None = ()
    ) -> Redaction:
        """Redact one utterance and remember what it says about the next.

        Args:
            text: What was said, keyed in (as "DTMF: 4111#") or written.
            role: Who said it, "user" or "agent".
            also: What another detector found in it; None if that failed, which fails closed.

        Raises:
            ValueError: If the role is unknown.
        """
        view, found, failed = self._look(text, role, also)
        if view is not None:
            if role == "agent":
                view = self._as_asked(view)
                self._asked_in = view.language
                self._asked.agent_said(view)
            else:
                self._asked.caller_said(view, [e for e in found if e.type in ENTITY_TYPES])
        hidden = tuple(filter(self.hides, found))
        for entity in hidden:
            self.counts[entity.type] += 1
        shown, self._open = self._render(text, hidden, role)
        return Redaction(shown, hidden, failed, tuple(found), tagged(text, found))

    def peek(
        self,
        text: str,
        role: str = "user",
        *,
        placeholders: bool = False,
        also: Iterable[Entity] = (),
    ) -> Redaction:
        """Redact without remembering it as a turn.

        Args:
            text: What was said or written.
            role: Who said it, "user" or "agent".
            placeholders: Replace as the policy says, which may fill the vault, rather than by
                type only: False for what is still growing, such as interim transcripts.
            also: What else is known to be in it.
        """
        _, found, failed = self._look(text, role, also)
        hidden = tuple(filter(self.hides, found))
        shown = self._render(text, hidden, role)[0] if placeholders else tagged(text, hidden)
        return Redaction(shown, hidden, failed, tuple(found), tagged(text, found))

    def growing(self, text: str) -> Redaction:
        """Redact a text that will come again, longer: every numeral goes with what is found."""
        found = self.peek(text)
        return Redaction(
            without_numerals(found.text, self._language),
            record=without_numerals(found.record, self._language),
        )

    def find(self, text: str) -> tuple[Entity, ...]:
        """What is personal in a piece of the agent's text, without remembering it."""
        return tuple(self._look(text, "agent")[1])

    @property
    def expecting(self) -> tuple[str, ...]:
        """The types that the caller is expected to give, most likely first."""
        return tuple(kind for kind in self._asked.expected if kind)

    def hides(self, entity: Entity) -> bool:
        """Whether the policy hides what was found."""
        passes = self.policy.action(entity.type) is Action.PASS
        return entity.why == "fail-closed" or not passes

    def for_tool(self, tool: str) -> "Redactor":
        """A redactor that leaves what a tool of a name may have."""
        policy, language = self.policy.for_tool(tool), self._language.code
        return Redactor(policy, language=language, vault=self.vault, detectors=self._detectors)

    def replacement(self, entity: Entity) -> str:
        """What stands for a value of the agent's, or one that stands in a field."""
        return self._replaced(entity, None)[0]

    def _look(
        self, text: str, role: str, also: Iterable[Entity] | None = ()
    ) -> tuple[View | None, list[Entity], str]:
        """What is personal in a text: as the detectors see it, or by the simplest means."""
        if role not in ("user", "agent"):
            raise ValueError(f"role is {role!r}; it must be 'user' or 'agent'")
        view, failed = None, ""
        try:
            read, language = self._read(text, role)
            deadline = self._clock() + self._budget_secs * max(1.0, len(text) / 1000)
            seen = self._view(read, role, language)
            found: list[Entity] = []
            detectors = self._detectors if seen.runs else self._without_numbers
            for number, detect in enumerate(detectors, 1):
                found.extend(_checked(detect(seen), len(text)))
                last = number == len(detectors)
                if (last or not number % UNTIMED) and self._clock() > deadline:
                    raise BudgetExceededError
            if role == "user" and (self._untold or is_untold(text)):
                found += self._all_of_it(text)
            view, found = seen, merge(found)
        except Exception as error:
            self.failures += 1
            found, failed = mask_numbers(text, self._language), type(error).__name__
        if also is None:
            also, failed = mask_numbers(text, self._language), failed or "also"
        return view, merge([*found, *also]) if also else found, failed

    def _read(self, text: str, role: str) -> tuple[Scan, Language]:
        """The words of a text, and the language it is in, whose tables may have to be read."""
        if "<" in text:
            text = KEPT.sub(lambda kept: kept[1] + " " * len(kept[2]), text)
        read = Scan(text.translate(SIGNS))
        if role == "user":
            return read, self._language.of(text, read.words, self._asked_in)
        # The agent's own text comes in pieces, of which each is read as the whole.
        return read, self._language

    def _view(self, read: Scan, role: str, language: Language) -> View:
        caller = role == "user"
        return View(
            scan(read, language),
            language,
            expected=self._asked.expected if caller else (),
            vetoed=self._asked.vetoed and caller,
            complete=self._asked.complete and caller,
            paying=self._asked.paying and caller,
            due=self._asked.due and caller,
            guarded=self._asked.guarded or not caller,
            keys=read.text.startswith(KEYS_PREFIX),
            said=caller,
        )

    def _as_asked(self, view: View) -> View:
        """A turn of the agent, read in the language that it is in."""
        # A question is short: "Geburtsdatum?"
        language = view.language.of(view.text, view.scan.words, fewest=1)
        return view if language is view.language else View(scan(view.text, language), language)

    def _all_of_it(self, text: str) -> list[Entity]:
        """What goes of a text whose words nothing here knows."""
        if self._asked.expected and any(c.isalnum() for c in text):
            return [Entity(0, len(text), "NUMBER", 1.0, "fail-closed")]
        return mask_numbers(text, self._language, fewest=1)

    def _render(
        self, text: str, hidden: tuple[Entity, ...], role: str
    ) -> tuple[str, "_Open | None"]:
        """The text as the policy has it, and what may go on in the caller's next turn."""
        if role == "agent":
            return splice(text, hidden, self.replacement), self._open
        begun, last = self._open, None

        def shown(entity: Entity) -> str:
            nonlocal begun, last
            found, value = self._replaced(entity, begun)
            begun, last = None, value or last
            return found

        return splice(text, hidden, shown), last

    def _replaced(self, entity: Entity, begun: "_Open | None") -> tuple[str, "_Open | None"]:
        """What stands for a value, and the value; one said in pieces has one placeholder."""
        kind, value = entity.type, entity.value
        if entity.why == "fail-closed":
            return f"<{kind}>", None
        whole, placeholder = value, ""
        if begun and begun.kind == kind and self._asked.expected:
            longer = begun.value + value
            if not _whole(kind, begun.value) and len(longer) <= LENGTHS[kind][1]:
                whole, placeholder = longer, begun.placeholder
        action = self.policy.action(kind)
        shown = f"<{kind}>"
        if action is Action.PLACEHOLDER:
            if placeholder:
                self.vault.append(placeholder, value)
            else:
                placeholder = self.vault.keep(kind, value)
            shown = placeholder
        elif action is Action.LAST_FOUR and _whole(kind, whole):
            shown = f"<{kind} {whole[-4:]}>"
        elif action is Action.HASH:
            shown = f"<{kind} {self._hash(whole)}>"
        return shown, _Open(kind, whole, placeholder)

    def _hash(self, value: str) -> str:
        import hmac

        key = self.policy.hash_key or self.vault.hash_key
        return hmac.new(key, value.encode(), "sha256").hexdigest()[:HASH_CHARS]


def _checked(found: Iterable[Entity], size: int) -> Iterable[Entity]:
    """What a detector found, which may be an application's own; what is no entity is a failure."""
    entities = tuple(found)
    for entity in entities:
        if entity.type not in ENTITY_TYPES or not 0 <= entity.start < entity.end <= size:
            raise ValueError("a detector found what is no part of the text, or of no known type")
    return entities


def _whole(kind: str, value: str) -> bool:
    """Whether a value is surely whole, so that its last four are not all of it, or another's."""
    if kind == "CREDIT_CARD":
        # A 19-digit "card" is a card of 16 and its security code as often as not.
        size = 15 if value[:2] in ("34", "37") else 16
        return len(value) == size and value.isdecimal() and luhn(value)
    if kind == "IBAN_CODE":
        return iban(value)
    return len(value) >= max(8, LENGTHS[kind][0])


SPOKEN_OF = {
    "CARD": "CREDIT_CARD",
    "CARD_NUMBER": "CREDIT_CARD",
    "EXPIRY": "CARD_EXPIRY",
    "SECURITY_CODE": "CVV",
    "SSN": "US_SSN",
    "ITIN": "US_ITIN",
    "ACCOUNT_NUMBER": "BANK_ACCOUNT",
    "IBAN": "IBAN_CODE",
    "PHONE": "PHONE_NUMBER",
    "EMAIL": "EMAIL_ADDRESS",
    "BIRTHDATE": "DATE_OF_BIRTH",
    "NAME": "PERSON",
    "ADDRESS": "STREET_ADDRESS",
    "ZIP": "ZIP_CODE",
}


def _kind(name: str) -> str:
    kind = SPOKEN_OF.get(name.upper(), name.upper())
    if kind not in ENTITY_TYPES:
        known = ", ".join(sorted(ENTITY_TYPES))
        raise ValueError(f"unknown entity type {name!r}; known are {known}")
    return kind
