"""Which of eSpeak's voices speaks a language."""

from antiphon.core.language_tags import language_of

__all__ = ["voice_for"]

# What eSpeak calls otherwise than the rest of the world.
_VOICES = {"en": "en-us", "zh": "cmn", "pt": "pt-br"}


def voice_for(language: object, now: str) -> str:
    """Return a voice for a language, in the variant of another; that one if it speaks it already.

    Args:
        language: A code, with or without a region; of none, nothing changes.
        now: A voice such as "en-us+f2".
    """
    code = language_of(language)
    spoken, plus, variant = now.partition("+")
    if not code or language_of(spoken) == code:
        return now
    return f"{_VOICES.get(code, code)}{plus}{variant}"
