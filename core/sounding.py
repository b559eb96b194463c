"""How much of a written text is said: where links lead and tags sound in no voice."""

import re

__all__ = ["said", "sounding_chars"]

# Of a link what it is called is said, of an address what stands behind its scheme.
_UNSAID = re.compile(
    r"\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+[\"'][^\"']*[\"'])?\)"
    r"|</?[A-Za-z][^<>\n]{0,200}>|(?:https?://(?:www\.)?|mailto:)"
)


def said(text: str) -> str:
    """Return a text without what is not said; about, for a measure of its length."""
    return _UNSAID.sub("", text) if "](" in text or "<" in text or ":" in text else text


def sounding_chars(text: str) -> int:
    """How many letters and digits of a text are said."""
    return sum(char.isalnum() for char in said(text))
