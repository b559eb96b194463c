"""IP and MAC addresses."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("from 203.0.113.9, again",), [("IP_ADDRESS", "203.0.113.9")]),
        (
            ("one nine two dot zero dot two dot one",),
            [("IP_ADDRESS", "one nine two dot zero dot two dot one")],
        ),
        (("2001:db8::ff00:42:8329",), [("IP_ADDRESS", "2001:db8::ff00:42:8329")]),
        (("00:1a:2b:3c:4d:5e",), [("MAC_ADDRESS", "00:1a:2b:3c:4d:5e")]),
        (("001a.2b3c.4d5e",), [("MAC_ADDRESS", "001a.2b3c.4d5e")]),
        (("version 1.2.3 is out",), []),
        (("it starts at 12:30:45",), []),
        (("192.168.1 is short",), []),
    ],
)
def test_network_addresses_are_found_written_and_spoken(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
