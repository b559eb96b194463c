"""How lists count on, and how long a text is to say."""

import pytest

from antiphon.processors.sentences.marks import next_labels, spoken_length


@pytest.mark.parametrize(
    ("label", "following"),
    [
        ("1", ("2",)),
        ("9", ("10",)),
        ("a", ("b",)),
        ("A", ("B",)),
        ("z", ()),
        ("Z", ()),
        ("i", ("ii", "j")),
        ("v", ("vi", "w")),
        ("ii", ("iii",)),
        ("xii", ()),
        ("mm", ()),
    ],
)
def test_a_list_counts_on_in_its_own_way(label: str, following: tuple[str, ...]) -> None:
    assert next_labels(label) == following


@pytest.mark.parametrize(
    ("text", "length"), [("", 0), ("abc", 3), ("é", 1), ("你好", 6), ("你a", 4)]
)
def test_a_wide_letter_takes_three_times_as_long_to_say(text: str, length: int) -> None:
    assert spoken_length(text) == length
