"""What a caller says to a number that was read back: yes, no, another number, or none of these.

Pure text. Whoever is looked up by mistake hears of somebody else's order, so a yes with anything
beside it that may take it back is none.
"""

import re

from antiphon.services.scripted.conversation import yes_or_no
from antiphon.services.scripted.numbers import spoken_numbers

__all__ = ["agrees", "has_number", "was_keyed"]

_I = re.IGNORECASE
_KEYS = re.compile(r"\bDTMF:\s*([\d*#]+)")
# An answer of these alone is a yes, if one of the first is there.
_AGREES = """yes yeah yep yup right correct exactly precisely absolutely definitely perfect okay ok
fine good great alright sure it one got ahead"""
_BESIDE = """um uh oh well and all that's that is it's the quite very please thanks thank you sounds
go do my number order"""
_YES = set(_AGREES.split())
_WITH_YES = _YES.union(_BESIDE.split())
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?", _I)
_DENIES = re.compile(
    r"\b(?:no|nope|nah|not|never|wrong|incorrect|false|mistake|cannot)\b|n't\b|\bdont\b", _I
)
# A yes that goes on like this is not there yet: "right, but …", "okay, let me check".
_TAKES_BACK = re.compile(
    r"\b(?:but|except|wait|hang on|hold on|moment|second|let me|actually|instead|rather|should"
    r"|sorry|mean|meant|almost|nearly|other|another|different|digits?)\b|\?",
    _I,
)


def agrees(text: str, digits: str) -> bool | None:
    """Tell whether a caller agrees to the number that was read back.

    Args:
        text: What was said.
        digits: The number.

    Returns:
        Yes, no, or neither: another number, or something else.
    """
    text = text.replace("’", "'")
    numbers = _numbers(text)
    if any(number != digits for number in numbers):
        return None
    if _DENIES.search(text):
        # "Yes. It has not come yet." says yes, and perhaps something else.
        return None if numbers or yes_or_no(text)[0] else False
    if _TAKES_BACK.search(text):
        return None
    # Heard so a second time, it is.
    words = set(map(str.lower, _WORD.findall(text)))
    is_yes = words & _YES and words <= _WITH_YES
    return True if numbers or is_yes or yes_or_no(text)[0] else None


def has_number(text: str) -> bool:
    """Tell whether a number is said, be it the same.

    Args:
        text: What was said.
    """
    return bool(_numbers(text))


def was_keyed(text: str, digits: str) -> bool:
    """Tell whether a number was keyed in, so that nothing of it can be misheard.

    Args:
        text: What was said or keyed in.
        digits: The number.
    """
    return digits in (keys.strip("*#") for keys in _KEYS.findall(text))


def _numbers(text: str) -> list[str]:
    """The numbers said, without what is only a pronoun: "that's the one"."""
    return [
        each.digits for each in spoken_numbers(text) if text[each.start : each.end].lower() != "one"
    ]
