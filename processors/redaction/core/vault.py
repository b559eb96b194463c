"""Where the values behind the placeholders are kept: one vault per call.

A placeholder carries a nonce of the call, so nobody can speak one into being. Values are held in
memory only, overwritten when they expire or the call ends, and appear in no `repr` and no pickle.
Python may have made copies of the strings they came from; those are beyond reach.
"""

import os
import time
from collections.abc import Callable, Collection

from antiphon.processors.redaction.core.entities import SENSITIVE_AUTHENTICATION

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
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
NONCE_LENGTH = 6
# Between the parts of a mangled placeholder there may be this many characters.
MOST_BETWEEN = 3
BETWEEN = frozenset(" _-.#:\t")


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
    """

    def __init__(
        self, *, ttl_s: float = 900.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.ttl_s = ttl_s
        self._clock = clock
        self._nonce = "".join(ALPHABET[b % len(ALPHABET)] for b in os.urandom(NONCE_LENGTH))
        self._slots: dict[str, _Slot] = {}
        self._counts: dict[str, int] = {}

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

        Raises:
            ValueError: For a CVV or PIN, which may not be stored.
        """
        if kind in SENSITIVE_AUTHENTICATION:
            raise ValueError(f"{kind} may not be stored")
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

    def restore(self, text: str, kinds: Collection[str], *, spoken: bool = False) -> str:
        """Put values back in a text.

        Placeholders are known however their case, spacing or brackets were mangled; what is not
        one of this call's stays as it is.

        Args:
            text: Text that may hold placeholders.
            kinds: The entity types that may be given back.
            spoken: Write digits apart, for a TTS to say one by one.
        """
        self._expire()
        lower = text.lower()
        found, done, position = [], 0, lower.find(self._nonce)
        while position >= 0:
            end = position + NONCE_LENGTH
            start, slot = self._before(lower, position, done)
            if slot and slot.kind in kinds:
                if start > done and lower[start - 1] in "<[({":
                    start -= 1
                if end < len(lower) and lower[end] in ">])}":
                    end += 1
                value = slot.value.decode(errors="ignore")
                found += [text[done:start], _aloud(value) if spoken else value]
                done = end
            position = lower.find(self._nonce, end)
        return "".join(found) + text[done:]

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

    def _expire(self) -> None:
        now = self._clock()
        for key in [k for k, s in self._slots.items() if s.expires <= now]:
            self._slots.pop(key).wipe()

    def _before(self, lower: str, position: int, done: int) -> tuple[int, _Slot | None]:
        """The placeholder whose nonce is at `position`: where it starts, and its slot."""
        index = _skip(lower, position, done)
        digits = index
        while digits > done and lower[digits - 1].isdecimal():
            digits -= 1
        label_end = _skip(lower, digits, done)
        start = label_end
        while start > done and lower[start - 1].isalpha():
            start -= 1
        key = f"{lower[start:label_end].upper()}_{lower[digits:index]}_{self._nonce}"
        return start, self._slots.get(key)

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


def _aloud(value: str) -> str:
    """Digits apart ("4 0 1 2"), anything else as it is."""
    return " ".join(value) if value.isdecimal() else value
