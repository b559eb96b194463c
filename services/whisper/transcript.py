"""What the model wrote, read with care: it writes sentences of noise as well as of speech."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from antiphon.services.phrases import UNCLEAR

__all__ = ["Heard", "agreed", "joined", "judged", "loops", "text_of"]

NO_SPEECH = 0.6
"""Silence, noise and a burst have 0.74 to 0.99 of it, speech about 0.02."""

DIGITS_OF_SPEECH = 4
"""The rest of a number, behind a pause, may have 0.7 of it. But of noise the model makes none."""

CONFIDENT = ((8, 0.48), (4, 0.43), (3, 0.33), (2, 0.25), (1, 0.12))
"""What a text of so many words or more must have; less, and it is not English, or not speech.

Of 24 clips in eight other languages (PyPI's pytest-audioeval 0.1.3) the longer had 0.42 at most, a
German sentence of eSpeak's 0.44; of English ones that were understood, 0.5 at least. A word alone
has little: how a sentence ends is a guess as well.
"""

REPEATS = 2.4
"""A text that packs better than this says the same again and again."""


LOOP_TIMES = 4
LOOP_WORDS = 3
"""So many words, so many times in a row, may have been said, or the model does not find out."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What was heard in a window, or in a turn.

    Parameters:
        text: The words, cased and punctuated; nothing if nobody spoke; `UNCLEAR` if it makes none.
        no_speech: How likely nobody spoke, from 0 to 1.
        confidence: How likely a token is the right one, on (geometric) average, from 0 to 1.
        language: An ISO 639-1 code; "" if the model knows but one.
    """

    text: str
    no_speech: float
    confidence: float
    language: str = ""


def judged(written: str, *, no_speech: float, confidence: float) -> str:
    """What to make of a text that the model wrote.

    Args:
        written: The text.
        no_speech: As in `Heard`.
        confidence: As in `Heard`.

    Returns:
        The text, nothing, or `UNCLEAR`.
    """
    is_number = sum(map(str.isdigit, written)) >= DIGITS_OF_SPEECH
    if (no_speech > NO_SPEECH and not is_number) or not any(map(str.isalnum, written)):
        return ""
    words = len(written.split())
    needed = next(needed for least, needed in CONFIDENT if words >= least)
    return UNCLEAR if confidence < needed or _repeats(written) else written


def loops(text: str) -> bool:
    """Whether a text may owe its length to the model, which says a digit or two for ever.

    Args:
        text: The text.
    """
    words = [_plain(word) for word in text.split()]
    for size in range(1, LOOP_WORDS + 1):
        same = 0
        for word, before in zip(words[size:], words, strict=False):
            same = same + 1 if word == before else 0
            if same == size * (LOOP_TIMES - 1):
                return True
    return False


def joined(parts: Sequence[Heard]) -> Heard:
    """Put together what was heard in the windows of one turn.

    Args:
        parts: In order, at least one.

    Returns:
        All words, and where some were not understood that they are missing; the confidence is that
        of the worst of those that were.
    """
    spoken = [part for part in parts if part.text]
    clear = [part for part in spoken if part.text != UNCLEAR]
    if not clear:
        return spoken[-1] if spoken else parts[-1]
    return Heard(
        text=" ".join(part.text for part in spoken),
        no_speech=min(part.no_speech for part in clear),
        confidence=min(part.confidence for part in clear),
        language=clear[-1].language,
    )


def agreed(before: str, now: str) -> str:
    """The words on which two looks at a turn agree, one later than the other.

    What the model makes of half a word, it takes back.

    Args:
        before: What the first one said.
        now: What the second one says.

    Returns:
        The beginning of `now`.
    """
    words = now.split()
    pairs = zip(before.split(), words, strict=False)
    same = takewhile(lambda pair: _plain(pair[0]) == _plain(pair[1]), pairs)
    return " ".join(words[: len(list(same))])


def text_of(tokens: Iterable[str]) -> str:
    """Read a model's tokens, which spell bytes in an alphabet of printable characters.

    Args:
        tokens: As the vocabulary has them; "<|endoftext|>" and the like say nothing.
    """
    spelled = "".join(token for token in tokens if not token.startswith("<|"))
    data = bytes(_alphabet()[character] for character in spelled)
    # Cut in the middle of a character, where a window was.
    return " ".join(data.decode(errors="ignore").split())


@cache
def _alphabet() -> dict[str, int]:
    """By character, the byte: itself where that is printable, and from U+0100 on for the others."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(0x100 + place): byte for place, byte in enumerate(others)
    }


def _plain(word: str) -> str:
    return word.strip(".,;:!?\"'-…").casefold()


def _repeats(text: str) -> bool:
    data = text.encode()
    return len(data) / len(zlib.compress(data)) > REPEATS
