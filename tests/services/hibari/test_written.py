import time

import pytest

from antiphon.services.hibari.written import spell_out


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("We open at 2am.", "We open at 2 A.M."),
        ("from 9am-5pm", "from 9 A.M. to 5 P.M."),
        ("at 9:30 a.m., or 8.30 pm", "at 9:30 A.M., or 8:30 P.M."),
        ("see https://www.example.com/a-b.", "see W W W dot example dot com slash a dash b."),
        ("is shop.example.org open?", "is shop dot example dot org open?"),
        ("write jo_lee@mail.example.net.", "write jo underscore lee at mail dot example dot net."),
        ("20 €, 5,99 € or 1.200 €", "€20, €5.99 or €1,200"),
        ("(415) 555-0132 now", "415-555-0132 now"),
        ("+1 415 555 0132 or 415.555.0132", "plus 1, 415-555-0132 or 415-555-0132"),
        ("call +44 20 7946 0958.", "call plus 4 4, 2 0, 7 9 4 6, 0 9 5 8."),
        ("open 24/7.", "open twenty-four seven."),
        ("12 Old Oak Dr. or Elm Dr, please", "12 Old Oak Drive or Elm Drive, please"),
        ("at 9 Hill Ct.", "at 9 Hill Court."),
        ("$1.50/mo, 20€/night, 5 GB/s", "$1.50 per month, €20 per night, 5 GB per second"),
        ("on 12/5. It is 1/2.", "on 12/5 . It is 1/2 ."),
        ("Mon-Fri 9:00-17:00", "Monday to Friday 9:00 to 17:00"),
        ("Apt. 5, ext. 12", "apartment 5, extension 12"),
    ],
)
def test_what_is_misread_is_written_out(written: str, said: str) -> None:
    assert spell_out(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Oak and Mrs. Lee came to St. Louis.",
        "Ask Dr. Smith. Hello Dr, come in.",
        "It ends.Now go, e.g. to the U.S. for 3.5 days.",
        "order #4217 on 12/5, at 9:30, for $5.99",
        "I am here, he/she is not, and v1.2.3 is out",
        "Order 4 2 1 7, is that right?",
        "either/or, 50% and 100 mph",
    ],
)
def test_what_is_read_well_stays(text: str) -> None:
    assert spell_out(text) == text


@pytest.mark.parametrize(
    "piece", ["a.", "a@", "1-", "1/", "+4 ", "A Dr ", "http://", "9 A ", "1,234"]
)
def test_a_text_of_nothing_else_takes_no_time(piece: str) -> None:
    began = time.thread_time()
    spell_out((piece * 240)[:240])

    assert time.thread_time() - began < 0.05
