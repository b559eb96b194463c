"""Words are passed on, noise is not, and what makes no sense is marked, so that an agent asks."""

import pytest

from antiphon.services.phrases import UNCLEAR
from antiphon.services.whisper.transcript import Heard, agreed, joined, judged, loops, text_of


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["ĠWhat", "Ġtime", "Ġis", "Ġit", "?"], "What time is it?"),
        (["<|startoftranscript|>", "ĠYes", ".", "<|endoftext|>"], "Yes."),
        (["ĠcafÃ©"], "café"),
        (["Ġ", "æĹ", "¥"], "日"),
        (["Ġhalf", "æĹ"], "half"),
        ([], ""),
    ],
)
def test_tokens_spell_a_text(tokens: list[str], text: str) -> None:
    assert text_of(tokens) == text


@pytest.mark.parametrize(
    ("written", "no_speech", "confidence", "text"),
    [
        ("What time do you open tomorrow?", 0.11, 0.89, "What time do you open tomorrow?"),
        ("No.", 0.22, 0.19, "No."),
        ("you", 0.99, 0.32, ""),
        ("I'm not going to do it.", 0.74, 0.60, ""),
        (". . . . .", 0.2, 0.77, ""),
        ("", 0.1, 0.9, ""),
        ("I'm happy to have a look at my own sounds.", 0.03, 0.22, UNCLEAR),
        ("Call Amunda", 0.11, 0.24, UNCLEAR),
        ("I'm...", 0.46, 0.07, UNCLEAR),
        ("five " * 40, 0.02, 0.95, UNCLEAR),
        ("8 3 2 3", 0.71, 0.55, "8 3 2 3"),
        ("766 629 9 9 4", 0.62, 0.42, UNCLEAR),
        ("It's 24.", 0.9, 0.6, ""),
        ("1, 2, 1, 2, 4, 4, 1, 7.", 0.02, 0.9, "1, 2, 1, 2, 4, 4, 1, 7."),
    ],
)
def test_a_text_is_read_with_care(
    written: str, no_speech: float, confidence: float, text: str
) -> None:
    assert judged(written, no_speech=no_speech, confidence=confidence) == text


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("$5. $0. $0. $0. $0.", True),
        ("5 5 5 0 1 0 0 0 0 0 0", True),
        ("2, 9, 6, 5, 6, 5, 6, 5, 6, 5", True),
        ("It's 7 2 9, 7 2 9, 7 2 9, 7 2 9.", True),
        ("No no no, No!", True),
        ("5, 5, 5, 0, 1, 0, 0.", False),
        ("2, 9, 6, 5, 6, 5, 6, 5", False),
        ("No, no, no, not that one.", False),
        ("Yes", False),
        ("", False),
    ],
)
def test_a_loop_is_the_same_words_four_times(text: str, does: bool) -> None:
    assert loops(text) is does


@pytest.mark.parametrize(
    ("before", "now", "sure"),
    [
        ("My order", "My order number is", "My order"),
        ("My order.", "my order number", "my order"),
        ("I'll last to be right", "I would like to", ""),
        ("What time is", "What time do you", "What time"),
        ("", "Yes", ""),
        ("Yes", "", ""),
        ("Yes, please do", "Yes, please do", "Yes, please do"),
    ],
)
def test_only_what_two_looks_agree_on_is_told_early(before: str, now: str, sure: str) -> None:
    assert agreed(before, now) == sure


def heard(text: str, no_speech: float = 0.1, confidence: float = 0.9) -> Heard:
    return Heard(text=text, no_speech=no_speech, confidence=confidence)


def test_the_parts_of_a_long_turn_are_one_text_as_sure_as_the_worst() -> None:
    whole = joined([heard("One.", confidence=0.4), heard("", no_speech=0.9), heard("Two.")])

    assert (whole.text, whole.no_speech, whole.confidence) == ("One. Two.", 0.1, 0.4)


def test_a_part_that_was_not_understood_is_said_to_be_missing() -> None:
    unclear = heard(UNCLEAR, confidence=0.2)

    assert joined([heard("One."), unclear, heard("Two.")]).text == f"One. {UNCLEAR} Two."
    assert joined([unclear, heard("", no_speech=0.9)]).text == UNCLEAR
    assert joined([heard("", no_speech=0.9)]).text == ""
