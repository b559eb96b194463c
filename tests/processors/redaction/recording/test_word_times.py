"""Word times are read from what the providers send, and found for the words redacted."""

from types import SimpleNamespace
from typing import Any

import pytest

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.recording.word_times import spans_of, words_of

WORDS = [
    {"word": "my", "start": 0.1, "end": 0.2},
    {"word": "pin", "start": 0.3, "end": 0.5},
    {"word": "4821", "start": 0.6, "end": 1.4},
]
MILLISECONDS = [
    {"text": w["word"], "start": int(w["start"] * 1000), "end": int(w["end"] * 1000)}  # type: ignore[call-overload]
    for w in WORDS
]


@pytest.mark.parametrize(
    "result",
    [
        {"words": WORDS},
        {"channel": {"alternatives": [{"words": WORDS}]}},
        {"channel": [{"alternatives": [{"words": WORDS}]}]},
        SimpleNamespace(words=[SimpleNamespace(**w) for w in WORDS]),
        {"words": MILLISECONDS},
    ],
)
def test_each_providers_shape_gives_the_same_span(result: Any) -> None:
    spans = spans_of("my PIN 4821", [Entity(7, 11, "PIN")], words_of(result))

    assert spans == ((pytest.approx(0.6), pytest.approx(1.4)),)


@pytest.mark.parametrize(
    "result",
    [
        None,
        "text",
        {},
        {"words": [{"word": "my"}]},
        {"words": [{"word": "other", "start": 0.0, "end": 1.0}]},
    ],
)
def test_without_usable_times_there_are_no_spans(result: Any) -> None:
    assert spans_of("my PIN 4821", [Entity(7, 11, "PIN")], words_of(result)) == ()
