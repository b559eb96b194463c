"""The frame by which heard words reach the conversation."""

from dataclasses import dataclass

from pipecat.frames.frames import SystemFrame, TTSTextFrame

__all__ = ["CUT_TEXT", "HeardTextFrame"]

CUT_TEXT = "cut"
"""The `text_type` of the mark that a reply was cut off: for the context, not for a client."""


@dataclass
class HeardTextFrame(SystemFrame, TTSTextFrame):
    """A word of the agent's that the caller has heard; it goes into the context.

    A system frame, because nothing else keeps its place before an `InterruptionFrame`: Pipecat's
    own word frames are overtaken by it and lost (pipecat#4996).
    """
