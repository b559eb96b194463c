"""Names, as far as the words around them tell."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("my name is jo doe",), [("PERSON", "jo doe")]),
        (("this is Jo Doe calling",), [("PERSON", "Jo Doe")]),
        (("ask for Dr. Roe please",), [("PERSON", "Roe")]),
        (("agent| what's your name?", "it's jo doe"), [("PERSON", "jo doe")]),
        (("this is fine",), []),
        (("i'm calling about my order",), []),
    ],
)
def test_names_are_found_after_an_introduction_a_title_or_a_question(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
