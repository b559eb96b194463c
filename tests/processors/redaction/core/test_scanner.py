"""What a caller says becomes the digits, letters and signs that were meant, with their places."""

import pytest
from antiphon.processors.redaction.core.language import load_language
from antiphon.processors.redaction.core.runs import find_runs
from antiphon.processors.redaction.core.scanner import Kind, scan
from hypothesis import given
from hypothesis import strategies as st

ENGLISH = load_language("en")
HARD = """one oh double triple twenty hundred thousand and four b as in boy mike x - ray um no wait
. , : @ at dot 12 345 $ % st am it's""".split()  # noqa: SIM905 a list of words reads best as words


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("four oh one two", "4012"),
        ("four zero one two", "4012"),
        ("double five triple eight", "55888"),
        ("double oh seven", "007"),
        ("forty twelve eighty eight", "401288"),
        ("forty-two thirteen", "4213"),
        ("4012 8888", "40128888"),
        ("4012-8888.1881", "401288881881"),
        ("four one um two let me see three", "4123"),
        ("four one no wait four two", "4142"),
        ("one 1 two 22", "11222"),
        ("g b two nine", "gb29"),
        ("golf bravo two nine", "gb29"),
        ("x-ray yankee one", "xy1"),
        ("b as in boy two", "b2"),
        ("double u nine", "w9"),
        ("GB29 NWBK 6016", "gb29nwbk6016"),
        ("triple a five", "aaa5"),
        ("three and then four five", "345"),
    ],
)
def test_spelled_out_speech_is_read_as_what_it_spells(said: str, meant: str) -> None:
    runs = find_runs(scan(said, ENGLISH), ENGLISH)

    assert "".join(run.value for run in runs) == meant
    assert len(runs) == 1


@pytest.mark.parametrize(
    "said",
    [
        "two hundred and fifty",
        "four thousand",
        "eleven million",
        "$19.99",
        "12,345.67",
        "at 10:30",
        "at 12:30:45",
        "sixty %",
        "25%",
    ],
)
def test_quantities_prices_and_times_spell_nothing(said: str) -> None:
    units = scan(said, ENGLISH).units

    assert not [u for u in units if u.kind is Kind.DIGITS and u.end - u.start > 5]
    assert not any(len(run.value) > 2 for run in find_runs(scan(said, ENGLISH), ENGLISH))


@pytest.mark.parametrize(
    ("language", "said", "meant"),
    [
        ("es", "treinta y cinco cero doble dos", "35022"),
        ("es", "veintidós catorce", "2214"),
        ("fr", "soixante et onze quatre-vingt-dix-sept zéro", "71970"),
        ("fr", "vingt et un six", "216"),
        ("de", "fünfundzwanzig zwo null", "2520"),
        ("de", "einundneunzig sieben", "917"),
    ],
)
def test_numbers_are_read_in_other_languages(language: str, said: str, meant: str) -> None:
    table = load_language(language)

    assert "".join(run.value for run in find_runs(scan(said, table), table)) == meant


def test_a_language_without_a_table_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'xx'.*en, es, fr, de"):
        load_language("xx")


@given(st.text(max_size=200))
def test_units_stand_in_order_on_the_text_they_came_from(text: str) -> None:
    end = 0
    for unit in scan(text, ENGLISH).units:
        assert end <= unit.start < unit.end <= len(text)
        end = unit.end


@given(
    st.lists(
        st.sampled_from(HARD),
        max_size=40,
    )
)
def test_any_order_of_number_words_is_read_without_an_error(words: list[str]) -> None:
    for glue in (" ", ""):
        text = glue.join(words)
        for run in find_runs(scan(text, ENGLISH), ENGLISH):
            assert text[run.start : run.end].strip()
            assert all(segment.digits.isdecimal() for segment in run.segments)
