import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.services.hibari.text import FIRST_PIECE_CHARS, PIECE_CHARS, cut, sayable

LONG = (
    "If you would like to know when the lamp that you ordered on Monday will be there, I can look "
    "it up for you, as long as you tell me the number that is printed on the receipt."
)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Hello. How are you?", ["Hello.", "How are you?"]),
        ("Dr. Smith and J. Doe came. They left.", ["Dr. Smith and J. Doe came.", "They left."]),
        ("on the 3rd of May. It came.", ["on the 3rd of May.", "It came."]),
        ("It is 5 p.m. now", ["It is 5 p.m. now"]),
        ('He said "Go!" Then he went.', ['He said "Go!"', "Then he went."]),
        ("one\ntwo", ["one", "two"]),
        (LONG, [LONG[:81], LONG[82:]]),
        (f"Fine. {LONG}", ["Fine.", LONG]),
        ("so " * 50, ["so " * 32 + "so", "so " * 16 + "so"]),
        ("   ", []),
    ],
)
def test_a_text_is_cut_where_a_voice_may_pause(text: str, pieces: list[str]) -> None:
    assert list(cut(text)) == pieces


@given(st.text(alphabet="ab .,!?\n\"'A—é", max_size=600))
def test_no_word_is_lost_by_cutting_and_no_piece_is_long(text: str) -> None:
    pieces = list(cut(text))

    assert "".join(" ".join(pieces).split()) == "".join(text.split())
    assert all(len(piece) <= PIECE_CHARS for piece in pieces)
    assert not pieces or len(pieces[0]) <= FIRST_PIECE_CHARS


@pytest.mark.parametrize(
    ("text", "said", "lacks"),
    [
        ("Café, $5 & 20°C", "Café, $5 & 20°C", False),
        ("𝐇𝐞𝐥𝐥𝐨 Ｗorld ٣", "Hello World 3", False),
        ("tea 茶 and мир", "tea   and    ", True),
        ("see [us](/help/)", "see [us] (/help/)", False),
        ("1234567890123", "1 2 3 4 5 6 7 8 9 0 1 2 3", False),
        ("x" * 40, "x" * 32 + " " + "x" * 8, False),
        ("a\0b\ud800", "a b ", False),
    ],
)
def test_what_has_a_latin_reading_is_read(text: str, said: str, lacks: bool) -> None:
    assert sayable(text) == (said, lacks)
