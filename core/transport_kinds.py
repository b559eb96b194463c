"""What a transport is called, so that its calls and their latency are counted under one label."""

from weakref import WeakKeyDictionary

from pipecat.processors.frame_processor import FrameProcessor

__all__ = ["kind_of", "name_kind"]

_kinds: WeakKeyDictionary[FrameProcessor, str] = WeakKeyDictionary()


def name_kind(output: FrameProcessor, kind: str) -> None:
    """Note under which name a transport was made.

    Args:
        output: The transport's output.
        kind: The name.
    """
    _kinds[output] = kind


def kind_of(output: FrameProcessor) -> str | None:
    """Return the name under which a transport was made, if it was made by one.

    Args:
        output: The transport's output.
    """
    return _kinds.get(output)
