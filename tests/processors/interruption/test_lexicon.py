"""How what a caller said is cut into kinds of words."""

import pytest

from antiphon.processors.interruption.lexicon import (
    Lexicon,
    PhraseKind,
    languages,
    lexicon,
    normalize,
)

LISTED = {
    "right": PhraseKind.BACK,
    "is that right": PhraseKind.ASSESS,
    "how nice": PhraseKind.ASSESS,
    "hold on a moment": PhraseKind.STOP,
}


@pytest.mark.parametrize(
    ("said", "cut"),
    [
        ("right", "B right"),
        ("is that right", "A is that right"),
        ("is that Tuesday", "X is|X that|X tuesday"),
        ("oh, right", "X oh|B right"),
        ("hold on a moment, right", "K hold on a moment|B right"),
        ("hold on a", "X hold|X on|X a"),
        ("", ""),
    ],
)
def test_the_longest_listed_phrase_is_one_span(said: str, cut: str) -> None:
    spans = Lexicon(LISTED).cut(normalize(said))
    assert "|".join(f"{span.kind.value} {span.text}" for span in spans) == cut
    assert sum(span.size for span in spans) == len(said.split())


@pytest.mark.parametrize(
    ("said", "may"),
    [
        ("how", True),
        ("is that", True),
        ("well is that", True),
        ("right", False),
        ("that", False),
        ("how nice", False),
        ("hold on", False),
        ("hold on a", False),
    ],
)
def test_only_the_start_of_a_listed_comment_may_become_one(said: str, may: bool) -> None:
    lists = Lexicon(LISTED)
    assert lists.may_continue(lists.cut(normalize(said))) is may


def test_script_without_spaces_is_cut_by_the_character() -> None:
    lists = Lexicon({"对对": PhraseKind.BACK, "等一下": PhraseKind.STOP}, unsegmented=True)
    spans = lists.cut(normalize("对对，等 一下我"))
    assert [(span.text, span.size) for span in spans] == [("对对", 1), ("等一下", 1.5), ("我", 0.5)]
    assert lists.may_continue(lists.cut(["对"]))


@pytest.mark.parametrize(("unsegmented", "units"), [(False, 12), (True, 24)])
def test_what_follows_the_first_dozen_words_changes_nothing(unsegmented: bool, units: int) -> None:
    lists = Lexicon(LISTED, unsegmented=unsegmented)
    assert len(lists.cut(["a"] * 40)) == units


def test_a_listed_phrase_without_a_word_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'\?!' holds no word"):
        Lexicon({"?!": PhraseKind.ASK})


def test_a_language_is_found_with_or_without_its_region() -> None:
    assert lexicon("pt_BR").unsegmented is lexicon("pt").unsegmented is False
    assert [code for code in languages() if lexicon(code).unsegmented] == ["ja", "zh"]
    with pytest.raises(ValueError, match="no word lists for 'tlh': there are en, "):
        lexicon("tlh")
