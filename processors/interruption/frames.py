"""The frame by which heard words reach the conversation."""

from dataclasses import dataclass

from pipecat.frames.frames import SystemFrame, TTSTextFrame

__all__ = ["HeardTextFrame"]


@dataclass
class HeardTextFrame(SystemFrame, TTSTextFrame):
    """A word of the agent's that the caller has heard; it goes into the context.

    A system frame, because nothing else keeps its place before an `InterruptionFrame`: Pipecat's
    own word frames are overtaken by it and lost (pipecat#4996).
    """
