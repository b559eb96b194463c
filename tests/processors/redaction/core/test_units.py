"""What a caller says becomes the digits, letters and signs that were meant, with their places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.processors.redaction.core.language import load_language
from antiphon.processors.redaction.core.runs import find_runs
from antiphon.processors.redaction.core.units import UnitKind, scan

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

    assert not [u for u in units if u.kind is UnitKind.DIGITS and u.end - u.start > 5]
    assert not any(len(run.value) > 2 for run in find_runs(scan(said, ENGLISH), ENGLISH))


@pytest.mark.parametrize(
    ("said", "units"),
    [
        ("it's 5", "word:it symbol:' word:s digits:5"),
        ("it 's", "word:it symbol:' letters:s"),
        ("don't a", "word:don symbol:' word:t letters:a?"),
        ("a1", "letters:a? digits:1"),
        ("1a", "digits:1 letters:a?"),
        ("ab12", "letters:ab digits:12"),
        ("AB 12", "letters:ab? digits:12"),
        ("12 AB", "digits:12 letters:ab?"),
        ("ABCDEF 12", "word:abcdef digits:12"),
        ("AB cd", "word:ab word:cd"),
        ("Ab 12", "word:ab digits:12"),
        ("b as in boy", "letters:b"),
        ("b as in", "letters:b word:as word:in"),
        ("b as in cat", "letters:b word:as word:in word:cat"),
        ("b as in b", "letters:b word:as word:in letters:b"),
        ("mike 2", "letters:m? digits:2"),
        ("a", "letters:a?"),
        ("i", "letters:i?"),
        ("k", "letters:k"),
        ("x ray two", "letters:x digits:2"),
        ("twenty one", "digits:21"),
        ("twenty-one", "digits:21"),
        ("twenty zero", "digits:20 digits:0"),
        ("twenty", "digits:20"),
        ("twenty first", "ordinal:21"),
        ("twenty tenth", "digits:20 ordinal:10"),
        ("thirteen first", "digits:13 ordinal:1"),
        ("two hundred", "cardinal:200"),
        ("two hundred and five", "cardinal:"),
        ("eight hundred five five five", "cardinal:800 digits:5 digits:5 digits:5"),
        ("five thousand", "cardinal:5000"),
        ("two hundred million", "cardinal:"),
        ("fifteen hundred", "cardinal:"),
        ("1 800", "digits:1 digits:800"),
        ("5 thousand", "cardinal:5000"),
        ("5000 thousand", "digits:5000 cardinal:"),
        ("2 hundred", "cardinal:200"),
        ("3rd", "ordinal:3"),
        ("123rd", "digits:123 letters:rd"),
        ("$5", "symbol:$ cardinal:"),
        ("$5.50", "symbol:$ cardinal:"),
        ("5%", "cardinal: symbol:%"),
        ("10:30", "cardinal:"),
        ("10:30:45", "cardinal:"),
        ("10:30:45:50", "digits:10 symbol:: digits:30 symbol:: digits:45 symbol:: digits:50"),
        ("110:30", "digits:110 symbol:: digits:30"),
        ("10:3", "digits:10 symbol:: digits:3"),
        ("1:10:30:20", "digits:1 symbol:: digits:10 symbol:: digits:30 symbol:: digits:20"),
        ("12,345", "cardinal:"),
        ("12,345.67", "cardinal:"),
        ("1234,567", "digits:1234 symbol:, digits:567"),
        ("12.5", "cardinal:"),
        ("12.50", "cardinal:"),
        ("12.505", "digits:12 symbol:. digits:505"),
        ("1.2.3", "digits:1 symbol:. digits:2 symbol:. digits:3"),
        ("1.5-6", "digits:1 symbol:. digits:5 symbol:- digits:6"),
        ("12,34", "digits:12 symbol:, digits:34"),
        ("5.", "digits:5 symbol:."),
        ("5,", "digits:5 symbol:,"),
        ("12,345.6.7", "digits:12 symbol:, digits:345 symbol:. digits:6 symbol:. digits:7"),
        ("double five", "digits:55"),
        ("double oh", "digits:00"),
        ("double 5", "digits:55"),
        ("double x", "letters:xx"),
        ("double mike", "letters:mm"),
        ("double", "word:double"),
        ("double 55", "word:double digits:55"),
        ("triple five", "digits:555"),
        ("oh", "digits:0?"),
        ("zero", "digits:0"),
        ("zero five", "digits:0 digits:5"),
        ("um", "filler:um"),
        ("no wait", "correction:no"),
        ("dot", "symbol:."),
        (".", "symbol:."),
        ("first", "ordinal:1"),
        ("forty two", "digits:42"),
        ("forty and two", "digits:40 filler:and digits:2"),
        ("hundred", "cardinal:"),
        ("thousand five", "cardinal: digits:5"),
        ("three hundred four hundred", "cardinal:300 cardinal:400"),
        ("one hundred two hundred five", "cardinal:100 cardinal:"),
        ("10 :30", "digits:10 symbol:: digits:30"),
        ("12 ,345", "digits:12 symbol:, digits:345"),
        ("$ 5", "symbol:$ digits:5"),
        ("5 %", "digits:5 symbol:%"),
        ("one 800 555", "digits:1 digits:800 digits:555"),
    ],
)
def test_each_word_is_read_for_what_it_is_beside_its_neighbours(said: str, units: str) -> None:
    """A question mark stands behind what is a digit or a letter only beside others."""
    read = [
        f"{u.kind.lower()}:{u.value}" + ("" if u.sure else "?") for u in scan(said, ENGLISH).units
    ]
    assert " ".join(read) == units


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


def test_what_is_no_language_is_refused_with_those_that_have_tables() -> None:
    with pytest.raises(ValueError, match=r"'klingon'.*en, es, fr, de"):
        load_language("klingon")


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
