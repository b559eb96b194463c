"""When text is spoken: the settings of the sentence scanner and its shells."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["SentenceSettings"]


@dataclass(frozen=True, kw_only=True)
class SentenceSettings:
    """When a chunk of text goes to the voice.

    The defaults are those of a phone call: the first words soon, no number cut in half, no hole
    when the language model stops to think.

    Parameters:
        mode: `strict` waits for the first letter or digit of the next sentence before it calls
            the last one complete: one token, and the result does not depend on how the text was
            cut into tokens. `eager` does not wait where the end looks safe: about half a token
            sooner, for language models that stream whole tokens.
        first_clause: Let the first chunk of a reply end at a clause (at a comma, say), so that
            the caller hears something while the rest is still being written.
        first_clause_min_chars: The shortest first clause, in characters. A character of Chinese,
            Japanese or Korean counts as three, here and below: it takes as long to say.
        first_clause_max_chars: Where a first chunk without a clause mark is cut between words,
            in characters.
        min_chars: The shortest chunk, in characters, while audio is queued: what is shorter waits
            for the next sentence, since the caller is listening to something else anyway.
        max_chars: The longest chunk, in characters: it is cut at its last clause, or between
            words. This is also the bound of the buffer.
        idle_flush_secs: How long the model may pause before a sentence that looks complete is
            spoken without proof, in seconds.
        stall_flush_secs: How long the model may pause before an incomplete sentence is spoken up to
            a safe place, in seconds.
    """

    mode: Literal["strict", "eager"] = "strict"
    first_clause: bool = True
    first_clause_min_chars: int = 20
    first_clause_max_chars: int = 90
    min_chars: int = 20
    max_chars: int = 400
    idle_flush_secs: float = 0.2
    stall_flush_secs: float = 1.2

    def __post_init__(self) -> None:
        """Refuse values that cannot work."""
        if self.mode not in ("strict", "eager"):
            raise ValueError(f"mode={self.mode!r}: use 'strict' or 'eager'")
        if self.max_chars < 60:
            raise ValueError(f"max_chars={self.max_chars}: use 60 or more")
        if not 0 < self.first_clause_min_chars <= self.first_clause_max_chars:
            raise ValueError(
                f"first_clause_min_chars={self.first_clause_min_chars}: use 1 to "
                f"first_clause_max_chars={self.first_clause_max_chars}"
            )
        if not 0 <= self.min_chars <= self.max_chars:
            raise ValueError(f"min_chars={self.min_chars}: use 0 to max_chars={self.max_chars}")
        if not 0 < self.idle_flush_secs <= self.stall_flush_secs:
            raise ValueError(
                f"idle_flush_secs={self.idle_flush_secs}, "
                f"stall_flush_secs={self.stall_flush_secs}: "
                "use positive values, the stall not before the idle flush"
            )
