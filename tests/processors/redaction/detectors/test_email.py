"""E-mail addresses."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (
            ("write to jo.doe+x@mail.example.org.",),
            [("EMAIL_ADDRESS", "jo.doe+x@mail.example.org")],
        ),
        (
            ("it's jo dot doe at example dot com thanks",),
            [("EMAIL_ADDRESS", "jo dot doe at example dot com")],
        ),
        (
            ("j o underscore five at example dot co dot uk",),
            [("EMAIL_ADDRESS", "j o underscore five at example dot co dot uk")],
        ),
        (
            ("my mail is jo at e x a m p l e dot c o m",),
            [("EMAIL_ADDRESS", "jo at e x a m p l e dot c o m")],
        ),
        (("agent| what's your email?", "jo at example"), [("EMAIL_ADDRESS", "jo at example")]),
        (
            ("my email is jo smith at example dot com",),
            [("EMAIL_ADDRESS", "jo smith at example dot com")],
        ),
        (("use a at b dot c o for it",), [("EMAIL_ADDRESS", "a at b dot c o")]),
        (("meet me at noon",), []),
        (("look at the dot on the map",), []),
        (("at two point five percent",), []),
        (("see https://example.com/@user/profile",), []),
    ],
)
def test_addresses_are_found_written_and_spoken(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
