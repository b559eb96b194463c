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
        (("my name is Jo Smith.",), [("PERSON", "Jo Smith")]),
        (("my name is jo smith",), [("PERSON", "jo smith")]),
        (("my name's jo",), [("PERSON", "jo")]),
        (("this is Jo Smith calling",), [("PERSON", "Jo Smith")]),
        (("this is great",), []),
        (("this is The best",), []),
        (("Mr. Okafor called",), [("PERSON", "Okafor")]),
        (("Mr Okafor called",), [("PERSON", "Okafor")]),
        (("mr okafor called",), [("PERSON", "okafor")]),
        (("Dr.",), []),
        (("Ms. Anne-Marie O'Neil left",), [("PERSON", "Anne-Marie O'Neil")]),
        (("my name is J. R. Smith and",), [("PERSON", "J. R. Smith")]),
        (("my name is: Jo",), [("PERSON", "Jo")]),
        (("my name is Jo\nSmith",), [("PERSON", "Jo"), ("PERSON", "Smith")]),
        (("agent| what's your name?", "jo smith"), [("PERSON", "jo smith")]),
        (("agent| what's your name?", "it's jo"), [("PERSON", "jo")]),
        (("agent| what's your name?", "no thanks"), []),
        (("agent| what's your name?", "s m i t h"), [("PERSON", "s m i t h")]),
        (("agent| what's your name?", "i would rather not tell you that at all sir"), []),
        (("my name is 5",), []),
        (("my name is Jo's",), [("PERSON", "Jo's")]),
        (("i am Jo. Smith is here",), [("PERSON", "Jo")]),
        (("my name’s Jo",), [("PERSON", "Jo")]),
        (("my name is",), []),
        (("mrs",), []),
        (("my name is\nJo Smith",), [("PERSON", "Jo Smith")]),
        (("agent| what's your name?", "it is jo doe i think you know"), [("PERSON", "jo doe")]),
    ],
)
def test_names_are_found_after_an_introduction_a_title_or_a_question(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
