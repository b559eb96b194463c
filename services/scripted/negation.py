"""What a sentence is made of, and what of it is not wanted: "I don't want to cancel, I want …"."""

import re
from collections.abc import Iterable

__all__ = ["clauses", "negated_words", "plain_words", "sentences", "without_negated"]

_I = re.IGNORECASE
# What may stand between a "not" and the word that is meant by it.
_BETWEEN = r"""(?:(?:really|actually|even|just|all\ that|want|wants|wanted|wanna|need|needed|wish
|like|trying|try|calling|going|looking|asking|ask|asked|planning|about|to|you|me|for|get|make|a|an
|the|my|your|any)\s+)*"""
# "Aren't you open?" denies nothing.
_ASKED = r"(?:you|we|i|it|they|there|he|she|this|that)\b"
_NEGATED = re.compile(
    rf"""(?:\b(?:not|never|without)|n't|\bdont|\bno\ need)(?!\s+{_ASKED})
    \s+{_BETWEEN}(?P<word>[a-z]+)""",
    _I | re.VERBOSE,
)
_CLAUSE = re.compile(
    r"[,.;:!?]|\b(?:but|just|only|instead|I\s+(?:do\s+)?(?:want|need|would))\b", _I
)
# Where what somebody wants begins, behind much that is only polite.
_BEGINS = re.compile(
    r"[,.;:!?]\s*|\s(?=(?:and|but|because|so|if|whether|when|where|what|how|that|who|which|about"
    r"|with)\b)",
    _I,
)
# Where something else begins.
_NEXT = re.compile(r"[.;!?]\s+|[\s,]+(?:and|also|plus)\b[\s,]*(?:also\b[\s,]*)?", _I)
_FEWEST_WORDS = 3
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?", _I)


def clauses(text: str) -> list[str]:
    """Return the parts of a longer sentence that may say by themselves what is wanted.

    Args:
        text: What was said.
    """
    parts = _BEGINS.split(text)
    return [part for part in parts if len(part.split()) >= _FEWEST_WORDS] if len(parts) > 1 else []


def sentences(text: str) -> list[str]:
    """Return the sentences in which several things may be wanted, if there is more than one.

    Args:
        text: What was said.
    """
    parts = [part for part in _NEXT.split(text) if part.strip()]
    return parts if len(parts) > 1 else []


def negated_words(text: str) -> set[str]:
    """Return the words that a "not" is about: "cancel" of "I don't want to cancel it".

    Args:
        text: What was said.
    """
    return {match["word"].lower() for match in _NEGATED.finditer(text.replace("’", "'"))}


def plain_words(texts: Iterable[str]) -> set[str]:
    """Return the words that texts have outside of what they negate.

    Args:
        texts: Some texts.
    """
    return {
        word.lower() for text in texts for word in _WORD.findall(_NEGATED.sub(" ", text.lower()))
    }


def without_negated(text: str) -> str:
    """Leave out the clauses that say what is not wanted.

    Args:
        text: What was said.
    """
    text = text.replace("’", "'")
    while match := _NEGATED.search(text):
        starts = [each.end() for each in _CLAUSE.finditer(text, 0, match.start())]
        end = _CLAUSE.search(text, match.end())
        text = f"{text[: starts[-1] if starts else 0]} {text[end.start() :] if end else ''}"
    return text.strip(" ,.;:!?")
