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
        # Zeros in front are of the number, and those of a telephone are read one by one.
        ("PIN 0042, #007, A0042", "PIN 0 0 4 2, #0 0 7, A0 0 4 2"),
        ("gate 05, ZIP code 02134-1234", "gate 0 5, ZIP code 0 2 1 3 4, 1 2 3 4"),
        ("call 020 7946 0958.", "call 0 2 0, 7 9 4 6, 0 9 5 8."),
        ("call 06 12 34 56 78", "call 0 6, 1 2, 3 4, 5 6, 7 8"),
        ("call 1-800-555-0199", "call 1, 800-555-0199"),
        # Nothing of an amount is dropped, nor what it lies between.
        ("-$5.00, −£3, $-7, -20 €", "minus $5.00, minus £3, minus $7, minus €20"),
        ("−5°C", "-5°C"),
        ("$10-$20, £1,200 – £1,500, 5-10 €", "$10 to $20, £1,200 to £1,500, 5 to €10"),
        ("10–15%, 5%-10%", "10 to 15%, 5% to 10%"),
        ("June 3–7, Dec. 1-5", "June 3 to 7, Dec. 1 to 5"),
        ("$1.5 or £10.5.", "$1.50 or £10.50."),
        ("£1.2bn, 4.5/5 stars", "£1.2 billion, 4.5 out of 5 stars"),
        ("2½ hours, 1 1/2 cups", "2 and ½ hours, 1 and 1/2 cups"),
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
        "on 05 May, May 05, 01/02/2026 or 2026-01-05, at 09:05, 0.5 or 0",
        "$1.5 million, $1.5M, a 3-day trip, 11/2, from 2–3 days",
        "Order 4 0 0 7, 0 0 1",
    ],
)
def test_what_is_read_well_stays(text: str) -> None:
    assert spell_out(text) == text


@pytest.mark.parametrize(
    "piece",
    ["a.", "a@", "1-", "1/", "+4 ", "A Dr ", "http://", "9 A ", "1,234", "01 ", "$1-", "Jan 1"],
)
def test_a_text_of_nothing_else_takes_no_time(piece: str) -> None:
    began = time.thread_time()
    spell_out((piece * 240)[:240])

    assert time.thread_time() - began < 0.05
