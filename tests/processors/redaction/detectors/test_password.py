"""Passwords, which only what is said around them gives away."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("my password is redkite71",), [("PASSWORD", "redkite71")]),
        (("the password's redkite and i can't log in",), [("PASSWORD", "redkite")]),
        (("password: Red.Kite#71",), [("PASSWORD", "Red.Kite#71")]),
        (("password redkite71",), [("PASSWORD", "redkite71")]),
        (("my memorable word is kite.",), [("PASSWORD", "kite")]),
        (("my password is wrong",), []),
        (("my password is not working",), []),
        (("i forgot my password",), []),
        (("the password page is down",), []),
        (("can you reset my password please",), []),
        (("agent| what's your password?", "it's redkite seventy one"),
         [("PASSWORD", "redkite seventy one")]),
        (("agent| what's your mother's maiden name?", "it's Kowalska"), [("PASSWORD", "Kowalska")]),
        (("agent| what's your password?", "i don't remember it"), []),
        (("agent| what's your password?", "do you mean the new one?"), []),
    ],
)  # fmt: skip
def test_passwords_are_found_by_cue_or_question(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert [e for e in found(*turns) if e[0] == "PASSWORD"] == expected
