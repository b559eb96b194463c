"""What holds for every text: nothing lost, the same however it is cut, linear, speakable."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.processors.sentences import SentenceSettings
from antiphon.processors.sentences.scanner import SentenceScanner

TraceFunction = Callable[[FrameType, str, Any], Any]
WHOLE = SentenceSettings(first_clause=False)
RULES = st.sampled_from(
    [
        WHOLE,
        SentenceSettings(),
        SentenceSettings(first_clause=False, max_chars=60),
    ]
)
PIECES = st.sampled_from(
    [
        "Dr.", "Mr. ", "U.S.", " a.m.", "etc.", " Hello", " there", "I", " We", " plan B", "3.5",
        "$1,200.50", " 12", ".", ". ", "...", " . . .", "?", "!", "?!", ",", ", ", "; ", ": ",
        " — ", "(", ")", "[1]", '"', ' "', "“", "”", "«", "»", "'", "\n", "\n\n", "- ", "• ",
        "1. ", "2) ", "**", "*", "`", "``", "<b>", "</b>", "<", "😊", " 🎉", "。", "！", "「", "」",
        "你好", "です", "।", "है", "؟", "نعم", "։", "¿", "¡", " Привет", " г.", " ", "   ", "x",
        "Tel.", " (he", "(011)", " no.", " Max", "A", "www.example.com", "a@b.co", " iPhone",
        "<break/>", " *laughs* ", " five", " Five.", " 5.", ", six", "，零", "一三", ": 1. ", "Rs.",
        " word word word word word word word word",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=60))
LANGUAGES = st.sampled_from([None, "en", "de", "fr", "ja", "hy", "ru", "ar"])


def says(text: str) -> bool:
    return any(char.isalnum() for char in text)


def fed_whole(
    text: str, language: str | None, rules: SentenceSettings, *, audio_queued: bool = False
) -> list[str]:
    scanner = SentenceScanner(language, settings=rules)
    scanner.audio_queued = audio_queued
    return scanner.feed(text) + scanner.flush()


@given(TEXTS, LANGUAGES, RULES, st.booleans())
def test_nothing_is_lost_added_or_moved(
    text: str, language: str | None, rules: SentenceSettings, audio_queued: bool
) -> None:
    joined = "".join(fed_whole(text, language, rules, audio_queued=audio_queued))
    assert joined + text[len(joined) :] == text
    assert not text[len(joined) :].strip()


@given(TEXTS, LANGUAGES, RULES, st.data())
def test_the_sentences_do_not_depend_on_how_the_text_arrives(
    text: str, language: str | None, rules: SentenceSettings, data: st.DataObject
) -> None:
    whole = fed_whole(text, language, rules)
    scanner = SentenceScanner(language, settings=rules)
    found: list[str] = []
    at = 0
    while at < len(text):
        size = data.draw(st.integers(1, 7))
        found += scanner.feed(text[at : at + size])
        at += size
    assert found + scanner.flush() == whole
    assert [chunk for char in text for chunk in scanner.feed(char)] + scanner.flush() == whole


@pytest.mark.parametrize("text", ["One\na. two", "Tel. (011) 253", "Wait! (please) M", "it's\n1"])
def test_these_once_depended_on_how_they_arrived(text: str) -> None:
    scanner = SentenceScanner(settings=WHOLE)
    found = [chunk for char in text for chunk in scanner.feed(char)] + scanner.flush()
    assert found == fed_whole(text, None, WHOLE)


@given(TEXTS, LANGUAGES, RULES)
def test_every_chunk_has_something_to_say_but_a_last_one(
    text: str, language: str | None, rules: SentenceSettings
) -> None:
    scanner = SentenceScanner(language, settings=rules)
    before = scanner.feed(text)
    assert all(says(chunk) for chunk in before + scanner.flush()[:-1])


@given(TEXTS, st.lists(st.sampled_from(["complete", "clause", "feed"]), max_size=6))
def test_flushing_early_loses_nothing(text: str, steps: list[str]) -> None:
    scanner = SentenceScanner("en")
    found: list[str] = []
    size = max(1, len(text) // (len(steps) + 1))
    at = 0
    for step in steps:
        found += scanner.feed(text[at : at + size])
        at += size
        if step != "feed":
            flush = scanner.flush_complete if step == "complete" else scanner.flush_clause
            found += flush()
            assert flush() == [] or step == "clause"
    found += scanner.feed(text[at:]) + scanner.flush()
    assert "".join("".join(found).split()) == "".join(text.split())


@given(TEXTS)
def test_a_second_flush_gives_nothing(text: str) -> None:
    scanner = SentenceScanner("en")
    scanner.feed(text)
    scanner.flush()
    assert scanner.flush() == []
    assert scanner.pending == ""


def lines_run(text: str) -> int:
    """How many lines of the package run to stream a text, character by character."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> TraceFunction | None:
        nonlocal count
        if "sentences" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    scanner = SentenceScanner("en", settings=WHOLE)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for char in text:
            scanner.feed(char)
        scanner.flush()
    finally:
        sys.settrace(before)
    return count


GROWTH = [
    "and so on ",
    "Dr. Smith and ",
    "1.5, ",
    "A plain one. ",
    'he ("said. ',
    "a.b...",
    "5. ",
    "nine, ",
    "Hi. *laughs ",
    "Hi. <tag ",
    "..",
    " ",
]


@pytest.mark.parametrize("unit", GROWTH)
def test_twice_the_text_is_twice_the_work(unit: str) -> None:
    assert lines_run(unit * (1600 // len(unit))) < 2.3 * lines_run(unit * (800 // len(unit)))


@pytest.mark.parametrize("unit", [unit for unit in GROWTH if says(unit)])
def test_the_buffer_is_bounded(unit: str) -> None:
    scanner = SentenceScanner("en", settings=WHOLE)
    longest = 0
    for _ in range(5000 // len(unit)):
        scanner.feed(unit)
        longest = max(longest, len(scanner.pending))
    assert longest <= WHOLE.max_chars + 100
