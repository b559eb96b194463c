"""hibari's tables, which are read once and looked up ever after, in a seventh of the memory."""

import json
from array import array
from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate

__all__ = ["PackedTable"]

KEYS_PER_BUCKET = 16

AT_HAND = 2048
"""What a table keeps as objects: the words and features of which most of a text consists."""

Value = str | Mapping[str, str | float | None]

_written = json.JSONEncoder(ensure_ascii=False).encode


class PackedTable:
    """What a table has for a key, kept as text and made an object when it is looked up.

    The tables have half a million strings and numbers, each of which is an object of 24 bytes or
    more: 75 MB.

    Args:
        table: By key, what is to be found. Neither has a line break or a tab in it.
    """

    def __init__(self, table: Mapping[str, Value]) -> None:
        buckets = [bytearray(b"\n") for _ in range(len(table) // KEYS_PER_BUCKET + 1)]
        for key, value in table.items():
            text = value if isinstance(value, str) else _written(value)
            buckets[hash(key) % len(buckets)] += f"{key}\t{text}\n".encode()
        self._text = b"".join(buckets)
        self._starts = array("I", accumulate(map(len, buckets), initial=0))
        self.get = lru_cache(AT_HAND)(self._get)

    def _get(self, key: str) -> Value | None:
        bucket = hash(key) % (len(self._starts) - 1)
        mark = f"\n{key}\t".encode()
        at = self._text.find(mark, self._starts[bucket], self._starts[bucket + 1])
        if at < 0:
            return None
        start = at + len(mark)
        text = self._text[start : self._text.index(b"\n", start)].decode()
        return json.loads(text) if text.startswith("{") else text
