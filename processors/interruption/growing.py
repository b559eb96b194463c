"""Text that comes in pieces which know no words."""

import re

__all__ = ["UNSPACED", "whole_words"]

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
"""Scripts that put no space between words: each character may be handed on."""

_WHOLE = re.compile(rf".*(?:\s(?=\S)|[{UNSPACED}](?=\S|$))", re.DOTALL)


def whole_words(text: str) -> tuple[str, str]:
    """Part text into the words that are complete and the beginning of the next.

    Args:
        text: What has come so far.
    """
    found = _WHOLE.match(text)
    end = found.end() if found else 0
    # A space belongs to the word behind it.
    while end and text[end - 1].isspace():
        end -= 1
    return text[:end], text[end:]
