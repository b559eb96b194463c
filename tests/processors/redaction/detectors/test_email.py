"""E-mail addresses."""

from collections.abc import Callable

import pytest

from antiphon.processors.redaction import Redactor

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
        (("John Smith at Gmail Com.",), [("EMAIL_ADDRESS", "John Smith at Gmail Com")]),
        (("it's zed.jones at yahoo com",), [("EMAIL_ADDRESS", "zed.jones at yahoo com")]),
        (
            ("My email is Ann Lee at Hotmail Co UK",),
            [("EMAIL_ADDRESS", "Ann Lee at Hotmail Co UK")],
        ),
        (("send it to bob at sample org",), [("EMAIL_ADDRESS", "bob at sample org")]),
        (("John Smith at Gmail dot com",), [("EMAIL_ADDRESS", "John Smith at Gmail dot com")]),
        (("I look at Gmail com",), []),
        (("I am at Yahoo now",), []),
        (("at the Gmail com thing",), []),
        (("mail jo@example.org, please",), [("EMAIL_ADDRESS", "jo@example.org")]),
        (("jo @ example.org",), [("EMAIL_ADDRESS", "jo @ example.org")]),
        (("it's jo@ example . com thanks",), [("EMAIL_ADDRESS", "jo@ example . com")]),
        (("jo.doe @ example . co . uk",), [("EMAIL_ADDRESS", "jo.doe @ example . co . uk")]),
        (("meet @ noon . In the hall",), []),
        (
            ("jo at a dot b dot c dot d dot e dot f dot g dot example dot org",),
            [
                (
                    "EMAIL_ADDRESS",
                    "jo at a dot b dot c dot d dot e dot f dot g dot example dot org",
                )
            ],
        ),
        (("agent| what's your email?", "what is the total"), []),
        (("jo@ example",), []),
        (("jo@localhost today",), [("EMAIL_ADDRESS", "jo@localhost")]),
        (("ping me @jo on it",), []),
        (("@jo",), []),
        (("jo@",), []),
        (
            ("it is john one at example dot com",),
            [("EMAIL_ADDRESS", "john one at example dot com")],
        ),
        (("a dash b at example dot org",), [("EMAIL_ADDRESS", "a dash b at example dot org")]),
        (("jo at example dot com dot",), [("EMAIL_ADDRESS", "jo at example dot com")]),
        (("jo at ten dot five",), []),
        (("jo at example dot five",), []),
        (("agent| what's your email?", "jo dot doe"), [("EMAIL_ADDRESS", "jo dot doe")]),
        (("agent| what's your email?", "sure, wibble"), [("EMAIL_ADDRESS", "wibble")]),
        (("agent| what's your email?", "jo at"), [("EMAIL_ADDRESS", "jo at")]),
        (("agent| what's your email?", "no thanks"), []),
        (
            (
                "agent| what's your email?",
                "i have many different things to say about this weather today",
            ),
            [],
        ),
        (("my email is um jo at example dot com",), [("EMAIL_ADDRESS", "jo at example dot com")]),
        (("thanks. jo at example dot com",), [("EMAIL_ADDRESS", "jo at example dot com")]),
        (("mike at example dot com",), [("EMAIL_ADDRESS", "mike at example dot com")]),
        (("a b c at example dot com",), [("EMAIL_ADDRESS", "a b c at example dot com")]),
        (
            ("write jo at example dot com or al at sample dot net",),
            [("EMAIL_ADDRESS", "jo at example dot com"), ("EMAIL_ADDRESS", "al at sample dot net")],
        ),
        (("jo at my-site dot io now",), [("EMAIL_ADDRESS", "jo at my-site dot io")]),
        (("agent| what's your email?", "it's jo at gmail"), [("EMAIL_ADDRESS", "jo at gmail")]),
        (("j-o_e@ex-ample.com",), [("EMAIL_ADDRESS", "j-o_e@ex-ample.com")]),
        (("five five at example dot com",), [("EMAIL_ADDRESS", "five five at example dot com")]),
        (
            ("my email is please jo at example dot com",),
            [("EMAIL_ADDRESS", "jo at example dot com")],
        ),
        (
            ("my email is the smith jo at example dot com",),
            [("EMAIL_ADDRESS", "smith jo at example dot com")],
        ),
        (
            ("e-mail:jo@example.org;al@example.org",),
            [("EMAIL_ADDRESS", "jo@example.org"), ("EMAIL_ADDRESS", "al@example.org")],
        ),
        (
            ("jo@example.org al@example.org",),
            [("EMAIL_ADDRESS", "jo@example.org"), ("EMAIL_ADDRESS", "al@example.org")],
        ),
        (("k uh b at example dot com",), [("EMAIL_ADDRESS", "k uh b at example dot com")]),
        (("wibble a jo at example dot com",), [("EMAIL_ADDRESS", "jo at example dot com")]),
        (
            ("agent| what's your email?", "wibble wobble wubble dot"),
            [("EMAIL_ADDRESS", "wibble wobble wubble")],
        ),
        (("k no b at example dot com",), [("EMAIL_ADDRESS", "b at example dot com")]),
        (("email-jo at example dot com",), [("EMAIL_ADDRESS", "email-jo at example dot com")]),
        (("mail mail jo at example dot com",), [("EMAIL_ADDRESS", "jo at example dot com")]),
        (("agent| what's your email?", "at gmail"), [("EMAIL_ADDRESS", "at gmail")]),
        (("agent| what's your email?", "wibble wobble"), [("EMAIL_ADDRESS", "wibble wobble")]),
    ],
)
def test_addresses_are_found_written_and_spoken(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Jo.Doe@Example.org", "Jo.Doe@Example.org"),
        ("mike um o dot k 5 at example dot com", "o.k5@example.com"),
        ("o k nine oh dot five at example dot com", "ok90.5@example.com"),
    ],
)
def test_a_spoken_address_is_kept_as_it_would_be_written(said: str, value: str) -> None:
    assert [entity.value for entity in Redactor().redact(said).found] == [value]
