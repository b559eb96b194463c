"""Where the values behind the placeholders are kept: one vault per call.

A placeholder carries a nonce of the call, so nobody can speak one into being. Values are held in
memory only, overwritten when they expire or the call ends, and appear in no `repr` and no pickle.
Python may have made copies of the strings they came from; those are beyond reach. A security code
or a PIN is given out once and is gone then.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from antiphon.processors.redaction.core.entities import SENSITIVE_AUTHENTICATION, Entity
from antiphon.processors.redaction.core.known_values import KnownValues

__all__ = ["LABELS", "Vault"]

# What a model reads; short names are mangled less.
LABELS = {
    "CREDIT_CARD": "CARD",
    "CARD_EXPIRY": "EXPIRY",
    "US_SSN": "SSN",
    "US_ITIN": "ITIN",
    "BANK_ACCOUNT": "ACCOUNT",
    "ROUTING_NUMBER": "ROUTING",
    "IBAN_CODE": "IBAN",
    "PHONE_NUMBER": "PHONE",
    "EMAIL_ADDRESS": "EMAIL",
    "DATE_OF_BIRTH": "BIRTHDATE",
    "DRIVER_LICENSE": "LICENSE",
    "HEALTH_NUMBER": "HEALTH",
    "NATIONAL_ID": "ID",
    "ZIP_CODE": "ZIP",
    "IP_ADDRESS": "IP",
    "MAC_ADDRESS": "MAC",
    "STREET_ADDRESS": "ADDRESS",
    "PERSON": "NAME",
}
ALPHABET = "abcdefghjkmnpqrstuvwxyz"
NONCE_LENGTH = 6
# Between the parts of a mangled placeholder there may be this many characters.
MOST_BETWEEN = 3
BETWEEN = frozenset(" _-.#:\t")
# What a voice has said of the vault is known again, these many forms of it.
MOST_SAID = 64
# Fewer words of it, where it was cut off, might be anything.
FEWEST_CUT = 3


class _Slot:
    __slots__ = ("expires", "kind", "value")

    def __init__(self, kind: str, value: str, expires: float) -> None:
        self.kind = kind
        self.value = bytearray(value.encode())
        self.expires = expires

    def wipe(self) -> None:
        for index in range(len(self.value)):
            self.value[index] = 0


class Vault:
    """Values of one call by placeholder.

    Args:
        ttl_s: Seconds after which a value is gone.
        clock: Seconds from any fixed point; another one in tests.

    Attributes:
        heard: What a model has heard for itself, to be known again when it says it.
    """

    def __init__(
        self, *, ttl_s: float = 900.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.ttl_s = ttl_s
        self._clock = clock
        self._nonce = "".join(ALPHABET[b % len(ALPHABET)] for b in os.urandom(NONCE_LENGTH))
        self.hash_key = os.urandom(32)
        self._slots: dict[str, _Slot] = {}
        self._said: dict[str, tuple[str, str]] = {}
        self._counts: dict[str, int] = {}
        self.heard = KnownValues()

    def __repr__(self) -> str:
        return f"<Vault of {len(self._slots)} values>"

    def __len__(self) -> int:
        return len(self._slots)

    def __reduce__(self) -> str:
        raise TypeError("a vault holds personal data and cannot be copied or pickled")

    def keep(self, kind: str, value: str) -> str:
        """Store a value; the same value has the same placeholder.

        Args:
            kind: The entity type.
            value: The value in canonical form.

        Returns:
            The placeholder, such as `<CARD_1_k7q2xd>`.
        """
        self._expire()
        wanted = value.encode()
        for key, slot in self._slots.items():
            if slot.kind == kind and slot.value == wanted:
                return f"<{key}>"
        label = LABELS.get(kind, kind)
        self._counts[label] = self._counts.get(label, 0) + 1
        key = f"{label}_{self._counts[label]}_{self._nonce}"
        self._slots[key] = _Slot(kind, value, self._clock() + self.ttl_s)
        return f"<{key}>"

    def append(self, placeholder: str, more: str) -> None:
        """Add what the caller said next to a value said in pieces."""
        slot = self._slots.get(placeholder.strip("<>"))
        if slot:
            slot.value.extend(more.encode())
            slot.expires = self._clock() + self.ttl_s

    def restore(self, value: Any, kinds: Collection[str]) -> tuple[Any, Counter[str]]:
        """Put values back wherever a value has placeholders; a code is forgotten once given.

        Args:
            value: Text, or what holds it: the arguments of a tool.
            kinds: The entity types that may be given back.

        Returns:
            The value, and how many were put back, by type.
        """
        given: dict[str, str] = {}

        def shown(key: str, kind: str, kept: str) -> str | None:
            if kind not in kinds:
                return None
            given[key] = kind
            return kept

        restored = self._restored(value, shown)
        for key, kind in given.items():
            if kind in SENSITIVE_AUTHENTICATION:
                self._slots.pop(key).wipe()
        return restored, Counter(given.values())

    def replace(self, text: str, shown: Callable[[str, str, str], str | None]) -> str:
        """Replace placeholders in a text.

        They are known however their case, spacing or brackets were mangled; what is not one of this
        call's stays as it is.

        Args:
            text: Text that may hold placeholders.
            shown: Given a placeholder's name, its type and its value, says what stands in its
                place, or None to leave it.
        """
        self._expire()
        lower = text.lower()
        found, done, position = [], 0, lower.find(self._nonce)
        while position >= 0:
            end = position + NONCE_LENGTH
            start, key = self._before(lower, position, done)
            slot = self._slots.get(key)
            new = shown(key, slot.kind, slot.value.decode(errors="ignore")) if slot else None
            if new is not None:
                if start > done and lower[start - 1] in "<[({":
                    start -= 1
                if end < len(lower) and lower[end] in ">])}":
                    end += 1
                found += [text[done:start], new]
                done = end
            position = lower.find(self._nonce, end)
        return "".join(found) + text[done:]

    def note_said(self, key: str, form: str) -> None:
        """Remember in what words a voice has said a value, which `said_in` knows again."""
        slot = self._slots[key]
        self._said.pop(form, None)
        self._said[form] = (slot.kind, slot.value.decode(errors="ignore"))
        if len(self._said) > MOST_SAID:
            del self._said[next(iter(self._said))]

    def said_in(self, text: str) -> Iterator[Entity]:
        """Find the values that a voice has said in what it was heard to say, maybe cut off."""
        heard = text.rstrip(" .,\u2014")
        for form, (kind, value) in self._said.items():
            for match in re.finditer(rf"(?<!\w){re.escape(form)}(?!\w)", text):
                yield Entity(*match.span(), kind, 1.0, "known", value)
            words = form.split(" ")
            for count in range(len(words) - 1, 0 if kind == "PERSON" else FEWEST_CUT - 1, -1):
                begun = " ".join(words[:count])
                if heard.endswith(begun) and not heard[: -len(begun)][-1:].isalnum():
                    yield Entity(len(heard) - len(begun), len(heard), kind, 1.0, "known", value)
                    break

    def pending(self, text: str) -> int:
        """How many characters at the end of a text may be the beginning of a placeholder."""
        lower = text.lower()
        longest = max((len(k) for k in self._slots), default=0) + 4 * MOST_BETWEEN
        tail = lower[-longest:] if longest else ""
        for begin in range(len(tail)):
            if self._may_begin(tail[begin:]):
                return len(tail) - begin
        return 0

    def wipe(self) -> None:
        """Overwrite and forget everything."""
        for slot in self._slots.values():
            slot.wipe()
        self._slots.clear()
        self._said.clear()
        self.heard.clear()

    def _expire(self) -> None:
        now = self._clock()
        for key in [k for k, s in self._slots.items() if s.expires <= now]:
            self._slots.pop(key).wipe()

    def _restored(self, value: Any, shown: Callable[[str, str, str], str | None]) -> Any:
        if isinstance(value, str):
            return self.replace(value, shown)
        if isinstance(value, Mapping):
            return {self._restored(k, shown): self._restored(v, shown) for k, v in value.items()}
        if isinstance(value, list):
            return [self._restored(v, shown) for v in value]
        return value

    def _before(self, lower: str, position: int, done: int) -> tuple[int, str]:
        """The placeholder whose nonce is at `position`: where it starts, and its name."""
        index = _skip(lower, position, done)
        digits = index
        while digits > done and lower[digits - 1].isdecimal():
            digits -= 1
        label_end = _skip(lower, digits, done)
        start = label_end
        while start > done and lower[start - 1].isalpha():
            start -= 1
        key = f"{lower[start:label_end].upper()}_{lower[digits:index]}_{self._nonce}"
        return start, key

    def _may_begin(self, tail: str) -> bool:
        plain = "".join(c for c in tail.lstrip("<[({") if c not in BETWEEN)
        opened = tail[0] in "<[({"
        if not plain:
            return opened
        return any(key.replace("_", "").lower().startswith(plain) for key in self._slots)


def _skip(lower: str, index: int, done: int) -> int:
    """Back over what may stand between two parts of a placeholder."""
    least = max(done, index - MOST_BETWEEN)
    while index > least and lower[index - 1] in BETWEEN:
        index -= 1
    return index
