"""The redactor of one call: text in, text without personal data out.

Feed it the turns of both sides in order; what the agent asks tells what the caller answers. It
fails closed: if a detector raises or takes too long, every number of three digits or more and every
address-like word is masked, and the call goes on.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable

from antiphon.processors.redaction.core.asks import TURNS, Conversation
from antiphon.processors.redaction.core.checksums import iban, luhn
from antiphon.processors.redaction.core.entities import ENTITY_TYPES, LENGTHS, Entity, Redaction
from antiphon.processors.redaction.core.fallback import mask_numbers
from antiphon.processors.redaction.core.language import Language, load_language
from antiphon.processors.redaction.core.policy import Action, Policy
from antiphon.processors.redaction.core.scanner import scan
from antiphon.processors.redaction.core.vault import Vault
from antiphon.processors.redaction.core.view import View
from antiphon.processors.redaction.detectors import DETECTORS, Detector

__all__ = ["Redactor", "merge", "tagged"]

KEYS_PREFIX = "DTMF:"
HASH_CHARS = 12
# What a redactor left of a value, for the next to leave alone: its last four, its hash (which has a
# letter, as a number might stand between brackets too) or the number and nonce of its placeholder.
KEPT = re.compile(
    r"(?<=<)([A-Z_]+)( [0-9A-Za-z]{4}| (?=[0-9]*[a-f])[0-9a-f]{12}|_[0-9]+_[a-z2-9]{6})(?=>)"
)


class BudgetExceededError(Exception):
    """Detection took longer than its budget."""


class Redactor:
    """Redacts the turns of one call.

    Args:
        policy: What happens to each type; the default redacts all of them.
        language: The language spoken: "en", "es", "fr" or "de".
        vault: Where placeholders' values are kept; by default one of its own.
        budget_ms: Milliseconds of CPU that an utterance of up to 1000 characters may take before
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
        budget_ms: float = 20.0,
        detectors: Iterable[Detector] = DETECTORS,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        if not isinstance(policy, Policy | None):
            raise TypeError(f"policy is {policy!r}; give a Policy, as Policy.preset('strict') is")
        self.policy = Policy() if policy is None else policy
        self.vault = vault if vault is not None else Vault()
        self.counts: Counter[str] = Counter()
        self.failures = 0
        self._language = load_language(language)
        self._budget_s = budget_ms / 1e3
        self._detectors = tuple(detectors)
        self._clock = clock
        self._conversation = Conversation()
        self._open: tuple[str, str, str] | None = None
        self._hash_key = self.policy.hash_key

    def __repr__(self) -> str:
        return f"<Redactor {self._language.code}, {sum(self.counts.values())} redacted>"

    @property
    def language(self) -> Language:
        """The tables of the language spoken."""
        return self._language

    def expect(self, *kinds: str, turns: int = TURNS) -> None:
        """Say what the caller is about to give; without types, that nothing is expected.

        Args:
            kinds: Entity types, or their names as spoken of: "card_number" is CREDIT_CARD.
            turns: Turns of the caller after which this is forgotten.

        Raises:
            ValueError: If a type is unknown.
        """
        if not kinds:
            self._conversation.clear()
            return
        self._conversation.expect(tuple(_kind(k) for k in kinds), turns)

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
        view, found, failed = self._look(text, role)
        if also is None:
            found, failed = merge([*found, *mask_numbers(text, self._language)]), failed or "also"
        elif also:
            found = merge([*found, *also])
        if view is not None:
            if role == "agent":
                self._conversation.agent_said(view)
            else:
                self._conversation.caller_said(view, found)
        hidden = self._hidden(found)
        self.counts.update(e.type for e in hidden)
        shown = self._render(text, hidden, role)
        return Redaction(shown, hidden, failed, tuple(found), tagged(text, found))

    @property
    def expecting(self) -> tuple[str, ...]:
        """The types that the caller is expected to give, most likely first."""
        return self._conversation.expected

    def peek(self, text: str, role: str = "user", *, placeholders: bool = False) -> Redaction:
        """Redact without remembering it as a turn.

        Args:
            text: What was said or written.
            role: Who said it, "user" or "agent".
            placeholders: Replace as the policy says, which may fill the vault, rather than by
                type only: False for what is still growing, such as interim transcripts.
        """
        _, found, failed = self._look(text, role)
        hidden = self._hidden(found)
        if placeholders:
            kept = self._open
            shown = self._render(text, hidden, role)
            self._open = kept
        else:
            shown = tagged(text, hidden)
        return Redaction(shown, hidden, failed, tuple(found), tagged(text, found))

    def find(self, text: str) -> tuple[Entity, ...]:
        """What is personal in a piece of the agent's text, without remembering it."""
        return tuple(self._look(text, "agent")[1])

    def hides(self, entity: Entity) -> bool:
        """Whether the policy hides what was found."""
        return (
            entity.why == "fail-closed" or self.policy.rule(entity.type).action is not Action.PASS
        )

    def _hidden(self, found: list[Entity]) -> tuple[Entity, ...]:
        return tuple(filter(self.hides, found))

    def _look(self, text: str, role: str) -> tuple[View | None, list[Entity], str]:
        if role not in ("user", "agent"):
            raise ValueError(f"role is {role!r}; it must be 'user' or 'agent'")
        try:
            view, found = self._detect(text, role)
        except Exception as error:
            self.failures += 1
            return None, mask_numbers(text, self._language), type(error).__name__
        return view, found, ""

    def _detect(self, text: str, role: str) -> tuple[View, list[Entity]]:
        deadline = self._clock() + self._budget_s * max(1.0, len(text) / 1000)
        context = self._conversation
        caller = role == "user"
        if "<" in text:
            text = KEPT.sub(lambda kept: kept[1] + " " * len(kept[2]), text)
        view = View(
            scan(text, self._language),
            self._language,
            expected=context.expected if caller else (),
            vetoed=context.vetoed and caller,
            complete=context.complete and caller,
            keys=text.startswith(KEYS_PREFIX),
        )
        found: list[Entity] = []
        for detect in self._detectors:
            found.extend(detect(view))
            if self._clock() > deadline:
                raise BudgetExceededError
        return view, merge(found)

    def _render(self, text: str, entities: tuple[Entity, ...], role: str) -> str:
        continued = self._open if role == "user" else None
        if role == "user":
            self._open = None
        parts, done = [], 0
        for index, entity in enumerate(entities):
            parts += [text[done : entity.start]]
            parts += [self.replacement(entity, continued if index == 0 else None, role)]
            done = entity.end
        return "".join(parts) + text[done:]

    def replacement(
        self,
        entity: Entity,
        continued: tuple[str, str, str] | None = None,
        role: str = "agent",
    ) -> str:
        """What stands for a value; a value said in pieces has one placeholder."""
        kind, value, before = entity.type, entity.value, ""
        if entity.why == "fail-closed":
            return f"<{kind}>"
        placeholder = ""
        if continued and continued[0] == kind and self._conversation.expected:
            before, placeholder = continued[1], continued[2]
        whole = before + value
        if _whole(kind, before) or len(whole) > LENGTHS[kind][1]:
            whole, placeholder = value, ""
        action = self.policy.rule(kind).action
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
        if role == "user":
            self._open = (kind, whole, placeholder)
        return shown

    def _hash(self, value: str) -> str:
        import hmac

        if not self._hash_key:
            self._hash_key = os.urandom(32)
        return hmac.new(self._hash_key, value.encode(), "sha256").hexdigest()[:HASH_CHARS]


def tagged(text: str, entities: Iterable[Entity]) -> str:
    """A text with its entities, in their order, replaced by their types."""
    parts, done = [], 0
    for entity in entities:
        parts += [text[done : entity.start], f"<{entity.type}>"]
        done = entity.end
    return "".join(parts) + text[done:]


def merge(found: list[Entity]) -> list[Entity]:
    """One entity for each stretch that entities cover: the most certain gives its type."""
    merged: list[Entity] = []
    for entity in sorted(found):
        if merged and entity.start < merged[-1].end:
            last = merged[-1]
            better = max(last, entity, key=lambda e: (e.score, e.end - e.start))
            merged[-1] = better._replace(start=last.start, end=max(last.end, entity.end))
        else:
            merged.append(entity)
    return merged


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
