"""How much of a written text is said: where links lead and tags sound in no voice."""

import re

__all__ = ["is_as_said", "said", "sounding_chars"]

# What stands for a value that is said: "<PHONE_NUMBER>", "<NAME_1_faejwx>".
_PLACE = r"[A-Z][A-Z0-9]+(?:_\w+)?"
_PLACES = re.compile(rf"<{_PLACE}>")
# Of a link what it is called is said, of an address what stands behind its scheme.
_UNSAID = re.compile(
    r"\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+[\"'][^\"']*[\"'])?\)"
    rf"|</?(?!{_PLACE}>)[A-Za-z][^<>\n]{{0,200}}>|(?:https?://(?:www\.)?|mailto:)"
)


def said(text: str) -> str:
    """Return a text without what is not said; about, for a measure of its length."""
    return _UNSAID.sub("", text) if "](" in text or "<" in text or ":" in text else text


def sounding_chars(text: str) -> int:
    """How many letters and digits of a text are said."""
    return sum(char.isalnum() for char in said(text))


def is_as_said(text: str) -> bool:
    """Return whether a text is as long as what is said: no value of it was replaced."""
    return "<" not in text or not _PLACES.search(text)
