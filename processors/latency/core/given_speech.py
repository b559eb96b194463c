"""Whether a voice gave as much sound as its text takes."""

from antiphon.core.sounding import sounding_chars

__all__ = ["GivenSpeech"]

# Of letters and digits; voices speak 12 to 17 characters a second.
FASTEST_SECS_PER_CHAR = 0.03
MISSING_SECS = 0.2


class GivenSpeech:
    """Adds up what a voice was given to say, and how long it sounds."""

    def __init__(self) -> None:
        """Start with nothing to say."""
        self._chars = 0
        self._secs = 0.0
        self._failed = False

    def announced(self, text: str) -> None:
        """The voice is about to say a text."""
        self._chars += sounding_chars(text)

    def began(self) -> None:
        """The voice begins."""
        self._secs = 0.0
        self._failed = False

    def failed(self) -> None:
        """The voice has told that it failed; if more of it sounds, it has gone on."""
        self._failed = True

    def sounded(self, secs: float) -> None:
        """The voice has given so much sound."""
        self._secs += secs
        self._failed = False

    def dropped(self) -> None:
        """What was announced will not be said."""
        self._chars = 0

    def ended(self) -> bool:
        """The voice has ended: whether it broke off, as one without a sound was never heard to."""
        needed_secs, self._chars = self._chars * FASTEST_SECS_PER_CHAR, 0
        missing = self._failed or needed_secs - self._secs > MISSING_SECS
        return self._secs > 0 and missing
