"""Markup and stage directions, which are not said and end nothing."""

import re

from antiphon.processors.sentences.marks import SPEECH

__all__ = ["MARKUP", "element_is_open", "first_said", "over_markup"]

MARKUP = "<*_~"
# The longest tag and the longest stage direction, in characters.
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>")
_OPEN_TAG = re.compile(r"<(?:/?(?:[A-Za-z][^<>\n]{0,200})?)?")
_STAGE = re.compile(r"([*_~])(?![*_~\s])([^*_~\n]{1,60})\1(?![*_~\w])")
_OPEN_STAGE = re.compile(r"[*_~](?:[^*_~\s][^*_~\n]{0,59}[*_~]?)?")
_ENDS_OF_ELEMENTS = re.compile(r"<(?P<closes>/?)[A-Za-z][^<>\n]{0,200}(?<!/)>")
_TAG_OR_LETTER = re.compile(r"</?[A-Za-z][^<>\n]{0,200}(?P<close>>|$)|(?P<said>[^\W_])")


def first_said(text: str, start: int, end: int) -> tuple[int, int]:
    """The first letter or digit outside of tags.

    Returns:
        Its place, or -1; and up to where there is certainly none.
    """
    letter = SPEECH.search(text, start, end)
    if letter is None or text.find("<", start, letter.start()) < 0:
        return (letter.start(), letter.start()) if letter else (-1, end)
    for found in _TAG_OR_LETTER.finditer(text, start, end):
        if found["said"]:
            return found.start(), found.start()
        if not found["close"]:
            return -1, found.start()
    return -1, end


def over_markup(text: str, place: int, *, final: bool) -> int | None:
    """Over tags and over stage directions such as `*laughs*`, and the white space behind each.

    Emphasis looks like a stage direction, but begins a sentence with a capital.

    Returns:
        The place behind, `place` if there is none, or None if it may become one.
    """
    n = len(text)
    while place < n and text[place] in MARKUP:
        is_tag = text[place] == "<"
        found = (_TAG if is_tag else _STAGE).match(text, place)
        if found is None or (found.end() == n and not is_tag and not final):
            partial = _OPEN_TAG if is_tag else _OPEN_STAGE
            lower = is_tag or place + 1 == n or text[place + 1].islower()
            return None if not final and lower and partial.fullmatch(text, place) else place
        if not (is_tag or found[2][0].islower()):
            return place
        place = found.end()
        while place < n and text[place].isspace():
            place += 1
    return place


def element_is_open(text: str, start: int, end: int) -> bool:
    """Whether a tag in a stretch of text has its closing tag still to come."""
    if text.find("<", start, end) < 0:
        return False
    depth = 0
    for tag in _ENDS_OF_ELEMENTS.finditer(text, start, end):
        depth += -1 if tag["closes"] else 1
    return depth > 0
