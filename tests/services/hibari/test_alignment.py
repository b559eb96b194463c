import pytest

from antiphon.services.hibari.alignment import align


@pytest.mark.parametrize(
    ("text", "read", "words"),
    [
        ("Hello there.", "Hello there.", [("Hello", 0), ("there.", 1)]),
        (
            "at 9:30 on May 3rd",
            "at nine thirty on May third",
            [("at", 0), ("9:30", 1), ("on", 3), ("May", 4), ("3rd", 5)],
        ),
        ("call 555-0100 now", "call 5, 5, 5 now", [("call", 0), ("555-0100", 1), ("now", 4)]),
        ("tea 茶 now", "tea now", [("tea", 0), ("now", 1)]),
        ("“Yes” - no", '"Yes" — no', [("“Yes”", 0), ("-", 1), ("no", 2)]),
        ("茶", "", []),
    ],
)
def test_a_word_is_found_in_what_was_read_for_it(
    text: str, read: str, words: list[tuple[str, int]]
) -> None:
    found = [(text[at:].split()[0], index) for at, index in align(text, read.split())]

    assert found == words
