"""What a call has led up to: a question, an announcement, and how long either holds."""

import pytest

from antiphon.processors.redaction import Redactor


@pytest.mark.parametrize(
    ("turns", "expecting", "last"),
    [
        (
            (
                "agent| what's your card number?",
                "four five three nine",
                "one four eight eight",
                "ok",
                "hm",
            ),
            [
                ("CREDIT_CARD",),
                ("CREDIT_CARD",),
                ("CREDIT_CARD",),
                ("CREDIT_CARD",),
                ("CREDIT_CARD",),
            ],
            "hm",
        ),
        (("agent| can you repeat the digits?",), [()], "can you repeat the digits?"),
        (
            ("agent| what's your pin?", "agent| mm hmm", "1234"),
            [("PIN",), ("PIN",), ("PIN",)],
            "<PIN>",
        ),
        (
            ("agent| what's your pin?", "agent| how old are you?", "1234"),
            [("PIN",), (), ()],
            "1234",
        ),
        (("agent| what's your order number?", "5550132"), [(), ()], "5550132"),
        (
            ("agent| please tell me your zip code.", "62704"),
            [("ZIP_CODE",), ("ZIP_CODE",)],
            "<ZIP_CODE>",
        ),
        (
            ("agent| your card was fine. what else?", "1234"),
            [("CREDIT_CARD",), ("CREDIT_CARD",)],
            "<CREDIT_CARD>",
        ),
        (
            ("agent| i have your card. is your phone number right?", "1234"),
            [("PHONE_NUMBER",), ("PHONE_NUMBER",)],
            "<PHONE_NUMBER>",
        ),
        (
            ("my card number is", "4539 1488 0343 6467"),
            [("CREDIT_CARD",), ("CREDIT_CARD",)],
            "<CREDIT_CARD>",
        ),
        (("my order number is", "5550132"), [(), ()], "5550132"),
        (("5550132 and", "5550"), [("PHONE_NUMBER",), ("PHONE_NUMBER",)], "<PHONE_NUMBER>"),
        (
            ("agent| what's your pin?", "agent| could you repeat that?", "1234"),
            [("PIN",), ("PIN",), ("PIN",)],
            "<PIN>",
        ),
        (
            (
                "agent| what's your pin?",
                "well i do not know that yet",
                "well i do not know that yet",
                "well i do not know that yet",
                "well i do not know that yet",
                "well i do not know that yet",
                "1234",
            ),
            [("PIN",), ("PIN",), ("PIN",), ("PIN",), ("PIN",), (), ()],
            "1234",
        ),
        (
            ("agent| what's your pin?", "agent| i am looking at that now for you", "1234"),
            [("PIN",), ("PIN",), ("PIN",)],
            "<PIN>",
        ),
        (
            ("agent| tell me your name and card number!", "jo"),
            [("PERSON", "CREDIT_CARD"), ("PERSON", "CREDIT_CARD")],
            "<PERSON>",
        ),
        (("what is my pin", "1234"), [("PIN",), ("PIN",)], "<PIN>"),
    ],
)
def test_what_is_asked_for_is_expected_until_it_is_given_or_the_talk_moves_on(
    turns: tuple[str, ...], expecting: list[tuple[str, ...]], last: str
) -> None:
    """After each turn what is expected; at the end how the last turn is shown."""
    redactor = Redactor()
    told, shown = [], ""
    for turn in turns:
        agent, text = turn.startswith("agent| "), turn.removeprefix("agent| ")
        shown = redactor.redact(text, role="agent" if agent else "user").text
        told.append(redactor.expecting)
    assert told == expecting
    assert shown == last


def test_what_the_application_expects_holds_against_the_talk() -> None:
    redactor = Redactor()
    redactor.expect("PIN", turns=2)
    redactor.redact("how old are you?", role="agent")
    assert redactor.expecting == ("PIN",)
    assert redactor.redact("1234", role="user").text == "<PIN>"
    for _ in range(2):
        redactor.redact("well i am not so sure", role="user")
    assert redactor.expecting == ()
