"""A walk through a value of any shape, that gives it back with some of its texts replaced.

Types, the order and the number of entries stay; what nothing is replaced in is given back itself.
The cost is bounded, and what the walk cannot look at is masked.
"""

import copy
import json
import re
from collections.abc import Hashable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from antiphon.core.authored import Authored
from antiphon.processors.redaction.core.codes import UUID
from antiphon.processors.redaction.core.fields import ROOT, Field

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["CLOSELY_CHARS", "MASK", "Eye", "walk"]

MASK = "<REDACTED>"
MOST_DEPTH = 32
# Values and characters: the first so many are looked at closely, some 60 ms in all; of the next it
# is only taken what is plainly a number; the rest is masked.
CLOSELY_CHARS = 64 * 1024
MOST_CHARS = 1024 * 1024
CHARS_A_VALUE = 48
MOST_DIGITS = 40
# A number with a fraction is a measurement, unless its whole part is as long as a card.
MEASURED_BELOW = 10**11
# The smallest picture has 56 characters; three kilobytes of random bytes have no twelve digits.
URL = re.compile(
    r"data:(?:image|audio|video|application)/[A-Za-z0-9.+-]{1,80}"
    r"(?:;[a-z]{1,16}=[A-Za-z0-9.+-]{1,16}){0,2};base64,(?P<payload>[A-Za-z0-9+/_-]{50,}+={0,2})"
)
PAYLOAD = re.compile(r"[A-Za-z0-9+/_-]{64,}+={0,2}")
PAYLOADS = frozenset({"data", "file_data"})
# By which a model knows its own thoughts again.
SIGNATURES = frozenset({"encrypted_content", "signature", "thought_signature"})
BESIDE_A_PAYLOAD = frozenset({"format", "media_type", "mime_type", "mimeType"})
LONG_NUMBER = re.compile(r"\d{12}")
NUMBER = re.compile(r"\d{7}")
NUMBER_IN_BYTES = re.compile(rb"(?:\d[ .-]?){7}")


class Eye(Protocol):
    """What looks at the values."""

    def text(self, text: str, field: Field) -> str:
        """What may stand in the place of a text."""
        ...

    def plain(self, text: str) -> str:
        """The same by the cheapest means, for what is too long."""
        ...

    def number(self, digits: str, field: Field, *, whole: bool) -> str:
        """What stands in the place of a number, by its digits before the point; "" if it stays."""
        ...

    def together(self, values: Sequence[object]) -> Mapping[int, str]:
        """What stands in the place of values that are one number together."""
        ...


def walk(eye: Eye, value: Any, name: str = "") -> Any:
    """Look at everything in a value.

    Args:
        eye: What looks at it.
        value: The value.
        name: The name of the field it is in.
    """
    return _Walk(eye).value(value, ROOT.inside(name))


class _Walk:
    def __init__(self, eye: Eye) -> None:
        self._eye = eye
        self._chars = 0
        self._path: set[int] = set()
        # With the value itself, so that no other can have its id meanwhile.
        self._seen: dict[tuple[int, Field], tuple[Any, Any]] = {}

    def value(self, value: Any, field: Field) -> Any:
        if value is None or isinstance(value, bool | Authored):
            return value
        self._chars += CHARS_A_VALUE
        if self._chars > MOST_CHARS:
            return MASK
        try:
            if isinstance(value, str):
                return self._text(value, field)
            if isinstance(value, int | float):
                return self._number(value, field)
            if isinstance(value, bytes | bytearray):
                return self._bytes(value, field)
            return self._nested(value, field)
        except Exception:
            return MASK

    def _nested(self, value: Any, field: Field) -> Any:
        key = (id(value), field)
        if key in self._seen:
            return self._seen[key][1]
        if id(value) in self._path or len(self._path) >= MOST_DEPTH:
            return MASK
        self._path.add(id(value))
        try:
            if isinstance(value, Mapping):
                result = self._mapping(value, field)
            elif isinstance(value, list | tuple):
                result = self._sequence(value, field)
            elif isinstance(value, set | frozenset):
                result = self._set(value, field)
            else:
                result = self._object(value, field)
        finally:
            self._path.discard(id(value))
        self._seen[key] = (value, result)
        return result

    def _text(self, text: str, field: Field) -> str:
        if not text or UUID.fullmatch(text) or _media(text):
            return text
        if text[0] in "{[" and len(text) <= CLOSELY_CHARS:
            try:
                inside = json.loads(text, object_pairs_hook=_record)
            except (ValueError, RecursionError):
                pass  # not JSON
            else:
                found = self._nested(inside, field)
                return text if found is inside else json.dumps(found, ensure_ascii=False)
        self._chars += len(text)
        if self._chars > MOST_CHARS:
            return MASK
        if self._chars > CLOSELY_CHARS:
            return self._eye.plain(text)
        return self._eye.text(text, field)

    def _number(self, value: "float | Decimal", field: Field) -> Any:
        if value != value or value in (float("inf"), float("-inf")):
            return value
        magnitude: Any = abs(value)
        if magnitude >= 10**MOST_DIGITS:
            return MASK
        size = int(magnitude)
        whole = size == magnitude
        if size < 100:
            return value
        if self._chars > CLOSELY_CHARS:
            return MASK if size >= 10**6 else value
        return self._eye.number(str(size), field, whole=whole or size >= MEASURED_BELOW) or value

    def _bytes(self, value: bytes | bytearray, field: Field) -> Any:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return type(value)(MASK.encode()) if NUMBER_IN_BYTES.search(value) else value
        found = self._text(text, field)
        return value if found == text else type(value)(found.encode())

    def _mapping(self, value: Mapping[Any, Any], field: Field) -> Any:
        together = self._eye.together(list(value.values()))
        result: dict[Any, Any] = {}
        same = True
        for index, (key, inner) in enumerate(value.items()):
            if index in together:
                found: Any = together[index]
            elif _payload(value, key, inner):
                found = inner
            else:
                found = self.value(inner, field.inside(key if isinstance(key, str) else "", value))
            shown = self.value(key, ROOT)
            same = same and found is inner and shown is key
            result[_another(shown, result)] = found
        return value if same else result

    def _sequence(self, value: list[Any] | tuple[Any, ...], field: Field) -> Any:
        together = self._eye.together(value)
        found = [together.get(i) or self.value(v, field) for i, v in enumerate(value)]
        if all(a is b for a, b in zip(found, value, strict=True)):
            return value
        if isinstance(value, list):
            return found
        return type(value)(*found) if hasattr(value, "_fields") else tuple(found)

    def _set(self, value: set[Any] | frozenset[Any], field: Field) -> Any:
        result: dict[Any, None] = {}
        same = True
        for inner in value:
            shown = self.value(inner, field)
            same = same and shown is inner
            result[_another(shown, result)] = None
        return value if same else type(value)(result)

    def _object(self, value: Any, field: Field) -> Any:
        # A quarter of the time in which the core starts, for what a value hardly ever is.
        from dataclasses import fields, is_dataclass
        from decimal import Decimal

        if isinstance(value, Decimal):
            return self._number(value, field)
        model = is_dataclass(value) or hasattr(type(value), "__pydantic_fields__")
        if isinstance(value, type) or callable(value):
            return value
        if isinstance(value, Enum):
            # As text it may tell only its name.
            found = self.value(value.value, field)
            return value if found is value.value else found
        if not model:
            text = str(value)
            found = self._text(text, field)
            return value if found == text and not getattr(value, "__dict__", 0) else found
        names = [f.name for f in fields(value)] if is_dataclass(value) else list(vars(value))
        # A model's undeclared fields are kept apart.
        extra = getattr(value, "__pydantic_extra__", None)
        record = {name: getattr(value, name) for name in names}
        found = self._mapping(record, field)
        more = self._mapping(extra, field) if extra else extra
        if found is record and more is extra:
            return value
        clone = copy.copy(value)
        for name, inner in found.items():
            if inner is not record[name]:
                object.__setattr__(clone, name, inner)
        if more is not extra:
            object.__setattr__(clone, "__pydantic_extra__", more)
        return clone


def _record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in JSON; one that has a name twice is not read, as one of its values would be."""
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a name twice")
    return record


def _another(key: Hashable, taken: Mapping[Any, Any]) -> Hashable:
    """A key that is not taken."""
    if key not in taken:
        return key
    count = 2
    while (key, count) in taken or f"{key} ({count})" in taken:
        count += 1
    return f"{key} ({count})"


def _media(text: str) -> bool:
    """Whether it is a picture, a sound or a document as a URL that holds it."""
    if not text.startswith("data:"):
        return False
    found = URL.fullmatch(text)
    if found is None or NUMBER.search(text, 0, found.start("payload")):
        return False
    return not LONG_NUMBER.search(text, found.start("payload"))


def _payload(record: Mapping[Any, Any], key: Any, value: Any) -> bool:
    """Whether it is the sound or picture of a record that tells its format, or a signature."""
    return (
        isinstance(value, str)
        and (key in SIGNATURES or (key in PAYLOADS and not BESIDE_A_PAYLOAD.isdisjoint(record)))
        and PAYLOAD.fullmatch(value) is not None
        and not LONG_NUMBER.search(value)
    )
