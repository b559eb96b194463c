"""Who takes a frame, whatever came before it."""

from pipecat.frames.frames import DataFrame, Frame, TextFrame, TTSTextFrame

from antiphon.core.by_kind import ByKind


class _Plain(DataFrame):
    """A kind that nobody takes in particular."""


class _PlainText(_Plain, TextFrame):
    """A text that is of such a kind besides."""


def test_a_kind_has_what_the_nearest_of_its_bases_has() -> None:
    kinds = ByKind({Frame: "any", TextFrame: "text"})
    assert [kinds[each] for each in (DataFrame, TextFrame, TTSTextFrame)] == ["any", "text", "text"]


def test_what_a_kind_has_does_not_depend_on_which_kinds_came_before() -> None:
    kinds = ByKind({Frame: "any", TextFrame: "text"})
    assert kinds[_Plain] == "any"
    assert kinds[_PlainText] == "text"
