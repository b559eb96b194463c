"""What a call has shown of voices whose words do not come.

Pure: no clock.
"""

__all__ = ["WordlessVoices"]


class WordlessVoices:
    """Whether words come while they are spoken, and whether there is a voice that never has any."""

    def __init__(self) -> None:
        self.words_soon = True
        """Whether words can be expected before the voice ends."""
        self.hold = True
        """Whether to fall silent for a voice without words: not where a television is on."""
        self._interim = False

    def interim(self) -> None:
        """Note words that are not final."""
        self._interim = self.words_soon = self.hold = True

    def final(self) -> None:
        """Note final words: with none before them, none are to be expected."""
        self.words_soon = self._interim
        self._interim = False
        self.hold = True

    def ignored(self, *, held: bool, words: str) -> None:
        """Note that a voice turned out to be no interruption.

        Args:
            held: Whether the agent fell silent for it.
            words: What was said.
        """
        self.hold &= bool(words) or not held
