"""IP and MAC addresses."""

from collections.abc import Callable

import pytest

from antiphon.processors.redaction import Redactor

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
        (("fe80::1 is up",), [("IP_ADDRESS", "fe80::1")]),
        (("::1 is me",), [("IP_ADDRESS", "::1")]),
        (("::ffff:192.0.2.1 here",), [("IP_ADDRESS", "::ffff:192.0.2.1")]),
        (("1:2:3:4:5:6:7:8",), [("IP_ADDRESS", "1:2:3:4:5:6:7:8")]),
        (("1:2:3:4:5:6:192.0.2.7",), [("IP_ADDRESS", "1:2:3:4:5:6:192.0.2.7")]),
        (("12345::1",), []),
        (("00-1a-2b-3c-4d-5e.",), [("MAC_ADDRESS", "00-1a-2b-3c-4d-5e")]),
        (("00-1a-2b-3c-4d",), []),
        (("00:1a:2b:3c:4d:5g",), []),
        (("fe80::1: yes",), [("IP_ADDRESS", "fe80::1")]),
        (("fe80:: is",), [("IP_ADDRESS", "fe80::")]),
        (("x00:1a:2b:3c:4d:5e",), []),
        (("256.1.1.1",), []),
        (("1.1.1.256",), []),
        (("1.2.3.4.5",), []),
        (("255.255.255.255",), [("IP_ADDRESS", "255.255.255.255")]),
        (("0.0.0.0",), [("IP_ADDRESS", "0.0.0.0")]),
        (("my ip is 10.0.0.1.",), [("IP_ADDRESS", "10.0.0.1")]),
        (("ten dot zero dot zero dot one",), [("IP_ADDRESS", "ten dot zero dot zero dot one")]),
        (("one dot two dot three",), []),
        (("a1b2c3d4e5f6",), [("MAC_ADDRESS", "a1b2c3d4e5f6")]),
        (("aabbccddeef1",), []),
        (("aabbccddee12",), [("MAC_ADDRESS", "aabbccddee12")]),
        (("1234.5678.9012",), [("PHONE_NUMBER", "1234.5678.9012")]),
        (
            ("the mac address is a b c one two three d e f four five six",),
            [("MAC_ADDRESS", "a b c one two three d e f four five six")],
        ),
        (("at 1.2.3 and 4.5",), []),
        (("room 10.0.0",), []),
        (("12:30:45-12:31:00-2-3-4-5",), []),
        (("2001:db8::1-2",), []),
        (("feed.beef.cafe",), [("MAC_ADDRESS", "feed.beef.cafe")]),
        (("aa-bb-cc-dd-ee-ff",), [("MAC_ADDRESS", "aa-bb-cc-dd-ee-ff")]),
        (("::ffff:192.0.2.256",), [("PHONE_NUMBER", "192.0.2.256")]),
        (("abc.def.012",), []),
        (
            ("nine one two three four five six seven dot zero dot zero dot one",),
            [("IP_ADDRESS", "nine one two three four five six seven dot zero dot zero dot one")],
        ),
        (("fe80::1g is",), []),
        (("a1b234567890",), [("MAC_ADDRESS", "a1b234567890")]),
        (("abcdefabcd12",), [("MAC_ADDRESS", "abcdefabcd12")]),
        (("1:2:3:4:5:6:8",), [("PHONE_NUMBER", "1:2:3:4:5:6:8")]),
        (("1:2:3:4:5:6:7::",), [("IP_ADDRESS", "1:2:3:4:5:6:7::")]),
        (("::ffff:192.0.2.1234",), [("IP_ADDRESS", "::ffff:192.0.2.1234")]),
        (
            ("one nine two um dot zero dot two dot one",),
            [("IP_ADDRESS", "one nine two um dot zero dot two dot one")],
        ),
    ],
)
def test_network_addresses_are_found_written_and_spoken(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected


def test_a_spoken_address_is_kept_as_it_would_be_written() -> None:
    (entity,) = Redactor().redact("one nine um two dot zero dot two dot one").found
    assert entity.value == "192.0.2.1"
