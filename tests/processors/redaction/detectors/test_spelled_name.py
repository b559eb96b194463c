"""Names that are spelled."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]
ASKED = "agent| can you spell your last name?"


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ((ASKED, "K-O-V-A-C-S"), "K-O-V-A-C-S"),
        ((ASKED, "it's k o v a c s"), "k o v a c s"),
        ((ASKED, "Kovacs, K-O-V-A-C-S"), "Kovacs, K-O-V-A-C-S"),
        ((ASKED, "o as in oscar, b as in boy, e"), "o as in oscar, b as in boy, e"),
        ((ASKED, "double o, n as in nancy, a"), "double o, n as in nancy, a"),
        (("kovacs, k o v a c s",), "kovacs, k o v a c s"),
        (("the usa, u s a",), "usa, u s a"),
        (("i flew with b a and k l m",), None),
    ],
)
def test_spelled_names_are_found_where_asked_for_or_said_as_well(
    found: Found, turns: tuple[str, ...], expected: str | None
) -> None:
    told = [text for kind, text in found(*turns) if kind == "PERSON"]
    assert told == ([expected] if expected else [])
