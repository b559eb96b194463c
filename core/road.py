"""Where a processor stands on the road of a call's frames, and whether that is its place."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameProcessor

__all__ = ["Place", "around", "flattened", "misplaced"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a processor belongs, by the names of Pipecat's classes: importing them costs a second.

    Parameters:
        behind: What has to come earlier, if it is there.
        before: What has to come later, if it is there.
        otherwise: What a caller notices of it anywhere else.
        also: Where it belongs besides, for another reason.
    """

    behind: str = ""
    before: str = ""
    otherwise: str
    also: "Place | None" = None


def misplaced(processor: FrameProcessor, place: Place, root: FrameProcessor) -> str | None:
    """Say where a processor has to be moved; None if it stands well.

    Args:
        processor: The processor.
        place: Where it belongs.
        root: The pipeline that it is in. Of parallel branches, none is before another.
    """
    before, behind = around(processor, root)
    for kind, wanted, there, direction in (
        (place.behind, before, behind[::-1], "behind"),
        (place.before, behind, before, "before"),
    ):
        here = next((other for other in there if _is(other, kind)), None)
        if here and not any(_is(other, kind) for other in wanted):
            return f"move {processor} {direction} {here}; {place.otherwise}"
    return misplaced(processor, place.also, root) if place.also else None


def around(
    processor: FrameProcessor, root: FrameProcessor
) -> tuple[list[FrameProcessor], list[FrameProcessor]]:
    """Return who stands before a processor, as frames go downstream, and who behind it.

    Args:
        processor: The processor.
        root: The pipeline that it is in; if it is not, nobody stands anywhere.
    """
    return _around(processor, root) or ([], [])


def flattened(root: FrameProcessor) -> Iterator[FrameProcessor]:
    """Yield a processor, and all that is inside it.

    Args:
        root: The processor, such as a pipeline.
    """
    yield root
    for inner in root.processors:
        yield from flattened(inner)


def _around(
    processor: FrameProcessor, root: FrameProcessor
) -> tuple[list[FrameProcessor], list[FrameProcessor]] | None:
    if root is processor:
        return [], []
    parts = root.processors
    for index, part in enumerate(parts):
        if (found := _around(processor, part)) is None:
            continue
        if not isinstance(root, Pipeline):
            # A branch of several: its neighbours are beside it.
            return found
        before, behind = found
        return (
            [other for earlier in parts[:index] for other in flattened(earlier)] + before,
            behind + [other for later in parts[index + 1 :] for other in flattened(later)],
        )
    return None


def _is(processor: FrameProcessor, kind: str) -> bool:
    return any(cls.__name__ == kind for cls in type(processor).__mro__)
