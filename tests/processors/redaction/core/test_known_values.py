"""What a caller has said is known again where nothing announces it."""

import pytest

from antiphon.processors.redaction import Redactor
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.known_values import MOST, KnownValues
from antiphon.processors.redaction.detectors import DETECTORS


def known(*said: str) -> Redactor:
    values = KnownValues()
    for text in said:
        values.note(text, Redactor().redact(text).found)
    return Redactor(detectors=(*DETECTORS, values))


@pytest.mark.parametrize(
    ("said", "text", "shown"),
    [
        ("my name is Dana Okafor", "Thank you, Dana.", "Thank you, <PERSON>."),
        ("my name is dana okafor", "Goodbye, Ms Okafor!", "Goodbye, Ms <PERSON>!"),
        ("my name is Dana Okafor", "The danger is over.", "The danger is over."),
        ("i live at 12 Elm Street", "So 12 elm street it is.", "So <STREET_ADDRESS> it is."),
    ],
)
def test_what_was_said_once_is_found_again(said: str, text: str, shown: str) -> None:
    assert known(said).peek(text, "agent").text == shown


def test_a_name_that_is_a_word_too_is_found_where_it_is_written_as_a_name() -> None:
    values = KnownValues()
    values.note("May Okafor", [Entity(0, 10, "PERSON")])
    redactor = Redactor(detectors=(values,))
    assert redactor.peek("May, you may go.", "agent").text == "<PERSON>, you may go."


def test_what_is_remembered_has_a_bound() -> None:
    values = KnownValues()
    for number in range(2 * MOST):
        text = f"my phone number is 415 555 {number:04}"
        values.note(text, Redactor().redact(text).found)
    assert sum(map(len, values._phrases.values())) == MOST
