"""Which word of a text each word is that hibari reads for it."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

__all__ = ["align"]


def align(text: str, read: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Find where in a text words are that were read from it.

    hibari reads "at 9:30 on May 3rd" as "at nine thirty on May third". Words that are the same in
    both are found, and between them the first of those that are not.

    Args:
        text: The text as written.
        read: The words as read.

    Yields:
        The index of a character (from 0) where a word of the text begins, and the index of the word
        that was read for it; both ascend.
    """
    written = list(re.finditer(r"\S+", text))
    ours, theirs = [_sound(word.group()) for word in written], [_sound(word) for word in read]
    for tag, our, our_end, their, their_end in SequenceMatcher(
        None, ours, theirs, autojunk=False
    ).get_opcodes():
        if our == our_end or their == their_end:
            continue
        known = our_end - our if tag == "equal" or our_end - our == their_end - their else 1
        for index in range(known):
            yield written[our + index].start(), their + index


def _sound(word: str) -> str:
    return re.sub(r"\W", "", word).casefold() or word
