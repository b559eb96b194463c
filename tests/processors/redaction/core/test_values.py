"""Values of every type are looked at alike, and come back in the shape in which they came."""

import base64
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel

from antiphon.processors.redaction import Policy, Redactor, Vault, scrub_value
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.values import redact_value
from antiphon.processors.redaction.core.view import View

CARD = "4539148803436467"
GROUPED = "4539 1488 0343 6467"
ONLY_CARDS = Policy(model={"CREDIT_CARD": "redact"})
PICTURE = "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 4).decode()


def hidden(value: Any, policy: Policy | None = None) -> Any:
    return redact_value(Redactor(policy), value)


@dataclass
class Payment:
    """What a tool may return."""

    number: str
    amount: float = 12.5


class Receipt(BaseModel):
    """Another thing that it may return."""

    card: str
    lines: list[Payment] = []


Pair = namedtuple("Pair", "first second")


class Kept(Enum):
    """Tells only its name as a text."""

    CARD = GROUPED
    STATUS = "on its way"


@pytest.mark.parametrize(
    "value",
    [
        int(CARD),
        float(CARD),
        4.539148803436467e15,
        Decimal(CARD),
        -int(CARD),
        CARD.encode(),
        bytearray(CARD.encode()),
        {CARD: "x"},
        {int(CARD): "x"},
        {(CARD, 1): "x"},
        (GROUPED,),
        {GROUPED},
        frozenset({int(CARD)}),
        Pair("card", CARD),
        Payment(CARD),
        Receipt(card="none", lines=[Payment(GROUPED)]),
        f"data: card {GROUPED}",
        f"data:text/plain,{CARD}",
        f"data:text/plain;base64,{CARD}",
        f"data:image/png;base64,{CARD}",
        f"data:image/png;base64,{CARD * 8}",
        f"data:image/png;name={CARD};base64,{PICTURE[22:]}",
        f'{{"deep": "{{\\"card\\": {CARD}}}"}}',
        f'{{"card": "{CARD}", "card": "none"}}',
        f'{{"card": {CARD}.0}}',
        [4539, 1488, 343, 6467],
        ["4539", "1488", "0343", "6467"],
        [int(c) for c in CARD],
        {"a": 4539, "b": 1488, "c": "0343", "d": 6467},
        {"amount": int(CARD), "order_number": CARD, "id": CARD},
        ValueError(f"no such card: {CARD}"),
        Kept.CARD,
        [Kept.CARD],
    ],
    ids=repr,
)
@pytest.mark.parametrize("policy", [None, ONLY_CARDS], ids=["all", "cards"])
def test_a_card_is_found_in_whatever_holds_it(value: Any, policy: Policy | None) -> None:
    shown = repr(hidden(value, policy))

    assert "<CREDIT_CARD>" in shown
    for piece in (CARD, GROUPED, "6467", "1488"):
        assert piece not in shown


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ({"cvv": 123.0}, "123"),
        ({"card": {"number": "4539 1488", "cvc": 123}}, "4539"),
        ({"cardNumber": "4539 1488"}, "4539"),
        ({"field": "pin", "value": 4821}, "4821"),
        ({"caller_id": 5551234567}, "555"),
    ],
)
def test_the_name_of_a_field_tells_what_a_short_number_is(value: Any, left: str) -> None:
    assert left not in repr(hidden(value))


@pytest.mark.parametrize(
    "value",
    [
        {"name": "John Smithson"},
        {"first_name": "john", "lastName": "smithson"},
        {"name": {"first": "John", "last": "Smithson"}},
        {"customer": "John Smithson"},
        {"customer": {"name": "John Smithson"}},
        {"passengers": ["John", {"name": "Smithson"}]},
        '{"name": "John Smithson"}',
        {"address": {"street": "Smithson Lane, John's Corner"}},
    ],
)
def test_a_name_is_found_by_its_field_if_the_policy_hides_names(value: Any) -> None:
    shown = repr(hidden(value, Policy.preset("strict"))).lower()

    assert "john" not in shown
    assert "smithson" not in shown
    assert hidden(value, ONLY_CARDS) is value


@pytest.mark.parametrize("preset", ["model", "pci"])
def test_what_the_policy_lets_pass_stays_in_the_values_of_tools(preset: str) -> None:
    value = {
        "phone": "+1 415 555 0123",
        "address": "12 High Street",
        "zip": "90210",
        "text": "call 415 555 0123",
        "tracking": "1Z999AA10123456784",
    }
    assert hidden(value, Policy.preset(preset)) is value


def test_a_name_in_a_field_has_a_placeholder_that_gives_it_back() -> None:
    vault = Vault()
    redactor = Redactor(Policy.preset("gdpr"), vault=vault)

    shown = redact_value(redactor, {"customer": "John Smithson"})

    assert shown["customer"].startswith("<NAME_1_")
    assert vault.restore(shown["customer"], {"PERSON"})[0] == "John Smithson"
    assert redact_value(redactor, shown) is shown


@pytest.mark.parametrize(
    "value",
    [
        {"status": "on its way", "eta_ms": 12345, "temperature": 21.5, "total": 1234.5},
        {"order_number": "12345678", "order_id": 123456789, "id": 123456789},
        {"timestamp": 1731000000.123, "ts": 1731000000123, "created_at": "2026-01-31T10:00:00Z"},
        {"price": 1234567.89, "amount": 12345678, "quantity": 3, "sku": "AB-1234567"},
        {"lat": 48.858370123, "lon": 2.294481, "prices": [1234.5, 222.75, 99.99]},
        {"account": {"balance": 1234567.0}, "call_count": 12345, "card": {"count": 12345}},
        {"paid": True, "refund": None, "nan": float("inf"), "ratio": 0.4539148803436467},
        {"product": {"name": "Harbour lamp"}, "items": [{"name": "Rope"}]},
        {"years": [1999, 2004, 2008, 2016], "stars": [5, 4, 5, 3], "n": [1234, 5678]},
        {"uuid": "123e4567-e89b-12d3-a456-426614174000"},
        {"event": "mark", "streamSid": "MZ18ad3ab5a668481ce02b83e7395059f0", "mark": {"name": "a"}},
        {"role": "tool", "tool_call_id": "chatcmpl-tool-1234567890abcdef", "content": "COMPLETED"},
        [{"type": "function", "id": "call_12345678", "function": {"name": "pay"}}],
        {"type": "tool_use", "id": "toolu_1", "name": "pay", "input": {}},
        {"type": "image_url", "image_url": {"url": PICTURE}},
        {"type": "input_audio", "input_audio": {"data": PICTURE[22:], "format": "wav"}},
        {"type": "thought", "text": "hm", "signature": PICTURE[22:]},
        '{"status":"on its way","eta":12}',
        Payment("none"),
        Receipt(card="none"),
        {1: "a", 2.5: "b", ("c", 3): None},
        b"\xff\x00\x81",
    ],
    ids=repr,
)
def test_what_is_nobodys_stays_the_same_object(value: Any) -> None:
    assert hidden(value) is value


def test_the_shape_and_the_types_stay() -> None:
    value = {
        "list": [CARD, 1],
        "tuple": (CARD, 1.5),
        "set": {CARD, "x"},
        "pair": Pair(CARD, 2),
        "payment": Payment(CARD),
        "receipt": Receipt(card=CARD),
        "bytes": b"card " + CARD.encode(),
    }

    assert hidden(value) == {
        "list": ["<CREDIT_CARD>", 1],
        "tuple": ("<CREDIT_CARD>", 1.5),
        "set": {"<CREDIT_CARD>", "x"},
        "pair": Pair("<CREDIT_CARD>", 2),
        "payment": Payment("<CREDIT_CARD>"),
        "receipt": Receipt(card="<CREDIT_CARD>"),
        "bytes": b"card <CREDIT_CARD>",
    }
    assert value["payment"] == Payment(CARD)


def test_two_keys_that_become_equal_swallow_no_value() -> None:
    shown = hidden({CARD: "a", GROUPED: "b", int(CARD): "c", "<CREDIT_CARD>": "d"})

    assert list(shown.values()) == ["a", "b", "c", "d"]
    assert len(hidden({CARD, GROUPED, "x"})) == 3


class Broken:
    """Cannot be looked at."""

    def __str__(self) -> str:
        raise RuntimeError(CARD)


class Talker:
    """Says what it holds, and holds more."""

    def __init__(self) -> None:
        self.card = CARD

    def __str__(self) -> str:
        return f"the card is {self.card}"


@pytest.mark.parametrize(
    "value",
    [Broken(), Talker(), {"a": Broken()}, 10**5000, Decimal("1e999")],
    ids=["broken", "talker", "inside", "huge", "exponent"],
)
def test_what_cannot_be_looked_at_is_masked(value: Any) -> None:
    assert CARD not in str(hidden(value))
    assert "<" in str(hidden(value))


@pytest.mark.parametrize("look", [hidden, scrub_value])
def test_a_cycle_or_a_deep_value_ends(look: Any) -> None:
    cycle: dict[str, Any] = {"card": CARD}
    cycle["self"] = [cycle]
    deep: Any = CARD
    for _ in range(500):
        deep = [deep]
    many: Any = [CARD]
    for _ in range(60):
        many = [many, many]

    assert "<REDACTED>" in repr(look(cycle))
    assert CARD not in repr(look(cycle))
    assert CARD not in repr(look(deep))
    shown = look(many)
    for _ in range(20):
        shown = shown[0]
    assert CARD not in repr(look("[" * 5000 + CARD + "]" * 5000))


def test_of_a_long_value_no_more_is_looked_at_closely_than_a_bound() -> None:
    def looked_at(value: Any) -> int:
        seen: list[int] = []

        def detector(view: View) -> Iterator[Entity]:
            seen.append(len(view.text))
            yield from ()

        redact_value(Redactor(detectors=(detector,)), value)
        return sum(seen)

    text = "the parcel is at the harbour " * 1000
    assert looked_at("data:image/png;base64," + "iVBORw0KGgo" * 100_000) == 0
    assert looked_at({"data": "iVBORw0KGgo" * 100_000, "format": "wav"}) < 100
    assert len(text) <= looked_at(text) < 1.1 * len(text)
    assert looked_at(text * 40) < 70_000
    assert CARD not in repr(hidden(text * 40 + CARD))
    assert CARD not in repr(hidden([[text, CARD]] * 50))
    assert str(CARD) not in repr(hidden([int(CARD)] * 100_000))


def test_behind_a_long_value_only_numbers_are_hidden() -> None:
    text = "the parcel is at the harbour " * 3000
    said, few, many, measured, words = hidden([text + CARD, 250, 1234567, 12.5, "on its way"])
    assert said.startswith(text)
    assert CARD not in said
    assert (few, many, measured, words) == (250, "<REDACTED>", 12.5, "on its way")


def test_a_scrubbed_value_keeps_its_shape_and_what_is_measured() -> None:
    value = {
        "duration_ms": 1234,
        "ratio": 0.25,
        "ok": True,
        "port": 8080,
        "said": ("my pin is four", b"4539 1488"),
        "card": 4539.0,
        "customer": "John",
        CARD: {CARD, "x"},
        "payment": Payment(CARD),
    }

    shown = scrub_value(value)

    assert shown["duration_ms"] == 1234
    assert shown["port"] == 8080
    assert shown["ratio"] == 0.25
    assert shown["ok"] is True
    assert shown["customer"] == "<PERSON>"
    assert isinstance(shown["payment"], Payment)
    assert len(shown) == len(value)
    for piece in ("four", "4539", "1488", "John"):
        assert piece not in repr(shown)
