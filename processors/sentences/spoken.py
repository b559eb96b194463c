"""What of a written text is not said: Markdown, where links lead, and emoji.

Pipecat's `strip_markdown` does most of it, at the seam where a voice has its text rewritten, so the
context keeps what was written.
"""

import re
from weakref import WeakSet

from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.tts_service import TTSService
from pipecat.utils.text.base_text_aggregator import TextType
from pipecat.utils.text.transforms.strip_markdown import strip_markdown

__all__ = ["say_plainly", "speaks_plainly"]

_EMOJI = (
    "\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50"
    "\u2b55\u3030\u303d\U0001f000-\U0001faff"
)
# What changes the picture before it: colour, sex, flag, text or picture.
_EMOJI_RUN = re.compile(rf"\s*(?:[{_EMOJI}][\ufe0e\ufe0f\u200d\U000e0020-\U000e007f]*\s*)+")
_KEYCAP = re.compile("\ufe0f?\u20e3")
# A link may be long enough to be cut, or have brackets of its own in what it leads to.
_TARGET = re.compile(r"\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+[\"'][^\"']*[\"'])?\)")
_REFERENCE = re.compile(r"(?<=\])\[[^\]\s]{0,40}\]|^\s*\[[^\]]{1,40}\]:\s+\S+.*$", re.MULTILINE)
_LABEL = re.compile(r"!?\[(?![^\[\]]*\](?!\())")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>")
_SCHEME = re.compile(r"(?<![\w/])(?:https?://(?:www\.)?|mailto:)(?=\w)")
_TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{3,}[-:| \t]*$\n?", re.MULTILINE)
_TABLE_ROW = re.compile(r"^[ \t]*\|(.*?)\|?[ \t]*$", re.MULTILINE)
_HALVES = re.compile(
    r"(?<![\s\d])\*{2,}|\*{2,}(?![\s\d])|(?<!\w)_{2,}|_{2,}(?!\w)|(?<!\w)\*(?=\w)|(?<=[^\W\d_])\*(?!\w)|`+"
)

# Voices that have been told; one in a pipeline of antiphon's is told as it is composed.
_told: WeakSet[TTSService] = WeakSet()


def speaks_plainly(voice: FrameProcessor) -> None:
    """Have a voice leave out what is not said: a TTS service, or a switcher of several.

    Args:
        voice: It. What is no TTS service of Pipecat's stays as it is.
    """
    if not isinstance(voice, TTSService):
        for part in voice.processors:
            speaks_plainly(part)
    elif voice not in _told:
        _told.add(voice)
        voice.add_text_transformer(say_plainly)


async def say_plainly(text: str, text_type: TextType | str) -> str:
    """Leave out of a text what is not said.

    Args:
        text: A sentence or more, as it was written.
        text_type: Pipecat's type of it, which makes no difference.

    Returns:
        The text to be said.
    """
    if text.isascii() and not _may_have_markup(text):
        return text
    text = _TARGET.sub("]()", text)  # Pipecat's ends at the first bracket that closes
    text = _REFERENCE.sub("", text)
    text = _AUTOLINK.sub(r"\1", text)
    text = _TABLE_ROW.sub(lambda row: row[1].replace("|", ", "), _TABLE_RULE.sub("", text))
    text = await strip_markdown(text, text_type)
    text = _HALVES.sub("", _LABEL.sub("", text.replace("]()", "")))
    text = _KEYCAP.sub("", _SCHEME.sub("", text))
    return _EMOJI_RUN.sub(_space, text).strip() if _EMOJI_RUN.search(text) else text


def _space(emoji: re.Match[str]) -> str:
    return "" if emoji.string[emoji.end() : emoji.end() + 1] in ".,!?…;:)" else " "


def _may_have_markup(text: str) -> bool:
    return any(mark in text for mark in "*_`[~#|>-+") or "://" in text or "mailto:" in text
