"""What a voice of ours makes of a text: samples, and when each of its words sounds."""

from dataclasses import dataclass

from antiphon.services.word_times import WordTiming

__all__ = ["MAX_TEXT_CHARS", "Speech", "SpeechChunk", "refuse_long"]

MAX_TEXT_CHARS = 5_000
"""About six minutes of speech: a longer text would keep every other call waiting."""


@dataclass(frozen=True, kw_only=True)
class SpeechChunk:
    """A piece of an utterance, as it is synthesised.

    Parameters:
        pcm: Mono signed 16-bit little-endian samples.
        sample_rate_hz: Their rate.
        words: The words whose timing became known with this piece.
    """

    pcm: bytes
    sample_rate_hz: int
    words: tuple[WordTiming, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Speech:
    """A whole utterance.

    Parameters:
        pcm: Mono signed 16-bit little-endian samples.
        sample_rate_hz: Their rate.
        words: One timing for each whitespace-delimited word of the text.
    """

    pcm: bytes
    sample_rate_hz: int
    words: tuple[WordTiming, ...]


def refuse_long(text: str) -> None:
    """Refuse a text that would take too long.

    Args:
        text: What is to be spoken.

    Raises:
        ValueError: If it has more than `MAX_TEXT_CHARS` characters.
    """
    if len(text) > MAX_TEXT_CHARS:
        raise ValueError(
            f"text of {len(text)} characters is longer than {MAX_TEXT_CHARS}: "
            "speak it sentence by sentence"
        )
