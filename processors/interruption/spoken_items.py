"""Of which items of a model's conversation the agent's sound is, and how much of each was heard.

Pure. Positions are milliseconds of agent audio, as the ledger counts them.
"""

from dataclasses import dataclass

__all__ = ["HeardItem", "SpokenItems"]


@dataclass(frozen=True)
class HeardItem:
    """An item of which not all was heard.

    Parameters:
        item_id: The model's id of it.
        content_index: Which of its parts is the sound.
        heard_ms: How much of it was heard; never more than has come of it.
    """

    item_id: str
    content_index: int
    heard_ms: int


@dataclass
class _Item:
    content_index: int
    start_ms: float
    end_ms: float


class SpokenItems:
    """The items whose sound is on its way to the caller."""

    def __init__(self) -> None:
        """Begin with none."""
        self._items: dict[str, _Item] = {}

    def receive(self, item_id: str, content_index: int, *, at_ms: float, ms: float) -> None:
        """Note sound of an item.

        Args:
            item_id: The model's id of it.
            content_index: Which of its parts is the sound.
            at_ms: The position at which this sound begins.
            ms: How long it sounds.
        """
        item = self._items.setdefault(item_id, _Item(content_index, at_ms, at_ms))
        item.end_ms = at_ms + ms

    def heard(self, position_ms: float) -> None:
        """Forget what was heard to its end, but for the last, of which more may come.

        Args:
            position_ms: How far was heard.
        """
        *earlier, _ = self._items or [""]
        for item_id in earlier:
            if self._items[item_id].end_ms <= position_ms:
                del self._items[item_id]

    def cut(self, position_ms: float) -> list[HeardItem]:
        """Say of each item that was not heard to its end how much was, and forget all.

        Args:
            position_ms: How far was heard.
        """
        cut = [
            HeardItem(item_id, item.content_index, max(0, int(position_ms - item.start_ms)))
            for item_id, item in self._items.items()
            if item.end_ms > position_ms + 1
        ]
        self._items.clear()
        return cut
