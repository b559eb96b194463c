"""What is said in a row is one number, and what stands between two numbers is not in them."""

import pytest

from antiphon.processors.redaction.core.language import load_language
from antiphon.processors.redaction.core.runs import find_runs
from antiphon.processors.redaction.core.units import scan

ENGLISH = load_language("en")


@pytest.mark.parametrize(
    ("said", "runs"),
    [
        ("12 34", ["1234"]),
        ("12\n34", ["12", "34"]),
        ("112: 34", ["112", "34"]),
        ("112 :34", ["112", "34"]),
        ("12 apples 34", ["12", "34"]),
        ("12 um um um um um um 34", ["1234"]),
        ("12 um um um um um um um 34", ["12", "34"]),
        ("5550134 extension 12", ["555013412"]),
        ("55 extension 12", ["55", "12"]),
        ("mike", []),
        ("mike whiskey", []),
        ("mike whiskey x-ray", ["mwx"]),
        ("oh", ["0"]),
        ("a b", ["ab"]),
        ("i a", []),
        ("five thousand", []),
    ],
)
def test_a_run_goes_on_over_what_is_nothing_but_a_pause(said: str, runs: list[str]) -> None:
    assert [run.value for run in find_runs(scan(said, ENGLISH), ENGLISH)] == runs


@pytest.mark.parametrize(
    ("said", "segments"),
    [
        ("5550134 and 5550199", ["5550134", "5550199"]),
        ("555 and 0134", ["5550134"]),
        ("5550134 and 12", ["555013412"]),
        ("a12 b34", ["12", "34"]),
        ("4508x769", ["4508769"]),
    ],
)
def test_a_run_is_split_where_two_whole_numbers_meet(said: str, segments: list[str]) -> None:
    (run,) = find_runs(scan(said, ENGLISH), ENGLISH)
    assert [segment.digits for segment in run.segments] == segments


def test_a_lone_word_is_a_letter_only_where_spelling_is_expected() -> None:
    scanned = scan("whiskey", ENGLISH)
    assert find_runs(scanned, ENGLISH) == []
    assert [run.value for run in find_runs(scanned, ENGLISH, spelling=True)] == ["w"]
