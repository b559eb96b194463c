"""Bank accounts and routing numbers."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("my account number is 0012 3456 78",), [("BANK_ACCOUNT", "0012 3456 78")]),
        (("the routing number is 021000021",), [("ROUTING_NUMBER", "021000021")]),
        (("021000021",), [("ROUTING_NUMBER", "021000021")]),
        (
            ("agent| what's your account number?", "four four one"),
            [("BANK_ACCOUNT", "four four one")],
        ),
        (("i have two accounts",), []),
    ],
)
def test_accounts_and_routing_numbers_are_found(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
