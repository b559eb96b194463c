"""What an attack came to: one row of the table."""

from dataclasses import dataclass

__all__ = ["CARD", "CARD_WORDS", "MAIL", "SILENCE_MS", "Row", "traces"]

CARD = "4539148803436467"
"""Passes Luhn, and is nobody's."""

CARD_WORDS = "four five three nine one four eight eight zero three four three six four six seven"
MAIL = "john.smithson@example.org"

SILENCE_MS = 60
"""By so much the longest silence of an attacked call may be longer than that of one left alone."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    Parameters:
        fact: What it is about, in a word or two.
        done: What was done.
        seen: What was seen from outside.
        wanted: What is wanted.
        ok: Whether the two agree.
    """

    fact: str
    done: str
    seen: str
    wanted: str
    ok: bool


def traces(text: str | bytes, *also: str) -> list[str]:
    """Find what nobody may read: any five digits in a row of the card, the address, more words.

    Args:
        text: What was written, sent or stored.
        *also: Further words that may not be in it.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    plain = text.lower().replace(" ", "")
    digits = [CARD[i : i + 5] for i in range(len(CARD) - 4)]
    words = [MAIL, CARD_WORDS, *also]
    found = [run for run in digits if run in plain]
    return found + [word for word in words if word.lower().replace(" ", "") in plain]
