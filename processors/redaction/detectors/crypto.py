"""Cryptocurrency addresses: Bitcoin (base58 and bech32) and Ethereum."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "CRYPTO"
FEWEST, MOST = 26, 62
BASE58 = frozenset("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
BECH32 = frozenset("023456789acdefghjklmnpqrstuvwxyz")
HEX = frozenset("0123456789abcdef")


def detect(view: View) -> Iterator[Entity]:
    """Long words of letters and digits of one of the three forms."""
    text, starts, ends = view.text, view.scan.starts, view.scan.ends
    index, count = 0, len(starts)
    while index < count:
        begin = starts[index]
        end = ends[index]
        index += 1
        while index < count and starts[index] == end and text[end].isalnum():
            end = ends[index]
            index += 1
        if FEWEST <= end - begin <= MOST and _address(text[begin:end]):
            yield Entity(begin, end, TYPE, 0.9, "format", text[begin:end])


def _address(word: str) -> bool:
    lower = word.lower()
    if lower.startswith(("bc1", "tb1")):
        return BECH32.issuperset(lower[3:])
    if lower.startswith("0x"):
        return len(word) == 42 and HEX.issuperset(lower[2:])
    return word[0] in "13" and len(word) <= 35 and BASE58.issuperset(word) and not word.isdecimal()
