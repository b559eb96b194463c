"""What a call has shown of voices whose words do not come.

Pure: no clock.
"""

__all__ = ["WordlessVoices"]

# A voice that is twice as loud as the echo, 6 dB, is not the echo alone.
_ABOVE_ECHO = 2.0


class WordlessVoices:
    """Whether words come while they are spoken, and whether there is a voice that never has any."""

    def __init__(self) -> None:
        self.words_soon = True
        """Whether words can be expected before the voice ends."""
        self.hold = True
        """Whether to fall silent for a voice without words: not where a television is on."""
        self._interim = False
        self._echo = 0.0

    def may_hold(self, loudest: float, *, asked: bool) -> bool:
        """Return whether to fall silent for a voice that has no words yet.

        Args:
            loudest: How loud it has been.
            asked: Whether the agent has asked something.
        """
        return (asked or self.hold) and loudest >= self._echo * _ABOVE_ECHO

    def echoed(self, loudest: float) -> None:
        """Note that a voice is the agent's own.

        Args:
            loudest: How loud it has been.
        """
        self._echo = max(self._echo, loudest)

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
