"""Final transcripts that a speech service sends twice.

Pure: what was heard comes in with its time in seconds.
"""

from antiphon.processors.interruption.lexicon import normalize

__all__ = ["DoubledFinals"]

_WITHIN_SECS = 2.0
# A service may be sure of the last word a little before the voice has ended.
_SLACK_SECS = 0.2

# Nobody says more letters a second, spaces among them.
_FASTEST_LETTER_SECS = 0.033


class DoubledFinals:
    """Tells the same words once more from the same transcript once more: by the voice between."""

    def __init__(self) -> None:
        self._said: tuple[str, list[str]] | None = None
        self._at = 0.0
        self._voice_until = float("inf")
        self._voice_since = float("-inf")

    def voice_began(self, at: float) -> None:
        """Note that somebody speaks.

        Args:
            at: Since when, which is before it is known.
        """
        self._voice_since, self._voice_until = at, float("inf")

    def voice_ended(self, at: float) -> None:
        """Note when the voice ended.

        Args:
            at: When, which is before it is known.
        """
        self._voice_until = at

    def interim(self) -> None:
        """Note that more is about to come."""
        self._said = None

    def again(self, text: str, user_id: str, now: float) -> bool:
        """Take a final transcript, and return whether it is the one before it once more.

        Args:
            text: What was said.
            user_id: By whom.
            now: The time.
        """
        said = (user_id, normalize(text))
        silent = self._voice_until <= self._at + _SLACK_SECS
        # Who goes on meanwhile has not said so many words yet.
        since = max(self._voice_since, self._at)
        silent |= now - since < _FASTEST_LETTER_SECS * len(" ".join(said[1]))
        if said == self._said and said[1] and silent and now - self._at <= _WITHIN_SECS:
            return True
        self._said, self._at = said, now
        return False
