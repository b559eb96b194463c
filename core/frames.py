"""Frames by which parts that may not import each other talk: what was heard, what was not."""

from dataclasses import dataclass

from pipecat.frames.frames import AggregatedTextFrame, SystemFrame, TTSTextFrame

__all__ = [
    "CUT_TEXT",
    "UNASKED_TEXT",
    "GoodbyeFrame",
    "HeardTextFrame",
    "NodeEnteredFrame",
    "NotUnderstoodFrame",
    "heard_text",
]

CUT_TEXT = "cut"
"""The `text_type` of the mark that a reply was cut off: for the context, not for a client."""

UNASKED_TEXT = "unasked"
"""The `text_type` of what the agent says of its own accord, as to a silent caller: no answer."""


@dataclass
class HeardTextFrame(SystemFrame, TTSTextFrame):
    """A word of the agent's that the caller has heard; it goes into the context.

    A system frame, because nothing else keeps its place before an `InterruptionFrame`: Pipecat's
    own word frames are overtaken by it and lost (pipecat#4996).
    """


@dataclass
class GoodbyeFrame(SystemFrame):
    """What the agent says now is its goodbye: the call is over when that has been heard."""


@dataclass
class NodeEnteredFrame(SystemFrame):
    """The call has gone on to a node of its flow.

    Parameters:
        node: What it is called.
    """

    node: str


@dataclass
class NotUnderstoodFrame(SystemFrame):
    """The agent could make nothing of what the caller said, and says so next."""


def heard_text(text: str, *, source: AggregatedTextFrame, joined: bool) -> HeardTextFrame:
    """Make the frame of words that were heard.

    Args:
        text: The words.
        source: The frame that they are of.
        joined: Whether they bring their own spaces.
    """
    said = source if isinstance(source, TTSTextFrame) else None
    frame = HeardTextFrame(
        text,
        text_type=source.text_type,
        context_id=source.context_id,
        segment_id=said.segment_id if said else source.id,
        # One word's own; a whole sentence's has no place in a part of it.
        raw_text=said.raw_text if said and said.pts else None,
    )
    # Words of a rewritten span are none of the context's: the last one brings what was written. Of
    # an announced text all are.
    frame.append_to_context = said is None or said.append_to_context
    frame.includes_inter_frame_spaces = joined
    frame.will_be_spoken = True
    return frame
