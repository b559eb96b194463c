"""Security codes and PINs."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("agent| what's the cvv?", "it's one two three"), [("CVV", "one two three")]),
        (("the security code is 123",), [("CVV", "123")]),
        (("agent| please key in your pin", "DTMF: 4821#"), [("PIN", "4821")]),
        (("123",), []),
        (("agent| what room are you in?", "one two three"), []),
        (("agent| press one for sales, two for support", "DTMF: 2#"), []),
    ],
)
def test_codes_are_found_only_when_named_or_asked_for(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
