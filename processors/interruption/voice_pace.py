"""How fast a voice speaks, by what it has said so far.

Pure.
"""

from antiphon.core.sounding import sounding_chars
from antiphon.processors.interruption.sentence import Sentence

__all__ = ["FASTEST_MS_PER_CHAR", "VoicePace"]

# Until a service's own pace is known: eight voices of this project's scenes speak 12 to 17
# characters a second.
_MS_PER_CHAR = 65.0
# No voice says a letter or a digit faster, whatever pace was learned from a few letters.
FASTEST_MS_PER_CHAR = 30.0
# A pace that was learned from so many characters is the voice's, give or take a quarter.
_LEARNED_CHARS, _FASTER = 60, 0.75


class VoicePace:
    """Learns the pace of one voice.

    Attributes:
        ms_per_char: How long it takes for a character, with what is between them.
    """

    def __init__(self) -> None:
        """Begin with that of most voices."""
        self.ms_per_char = _MS_PER_CHAR
        self._learned_chars = 0

    def learn(self, ms: float, chars: int) -> None:
        """Take in what it has said.

        Args:
            ms: How long that sounded.
            chars: How many characters it has.
        """
        share = min(0.3, chars / _LEARNED_CHARS)
        self.ms_per_char += share * (ms / chars - self.ms_per_char)
        self._learned_chars += chars

    def least_ms(self, sentence: Sentence) -> float:
        """How long a sentence takes at the least.

        Args:
            sentence: The sentence.
        """
        chars = sounding_chars(sentence.text)
        if self._learned_chars < _LEARNED_CHARS:
            return FASTEST_MS_PER_CHAR * chars
        # The pace is one of characters with what is between them, which signs alone are not.
        ms_per_char = max(FASTEST_MS_PER_CHAR, _FASTER * self.ms_per_char)
        return ms_per_char * min(sentence.length, 1.25 * chars)
