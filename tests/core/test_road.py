"""Where a processor stands among others, also beside and inside parallel branches."""

import pytest
from pipecat.pipeline.base_pipeline import BasePipeline
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.sync_parallel_pipeline import SyncParallelPipeline
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.core.road import Place, around, flattened, misplaced


class Llm(FrameProcessor): ...


class Voice(FrameProcessor): ...


class LoudVoice(Voice): ...


class Ours(FrameProcessor): ...


class Holder(BasePipeline):
    """Holds processors in a way of its own."""

    def __init__(self, *inner: FrameProcessor) -> None:
        super().__init__()
        self._inner = list(inner)

    @property
    def processors(self) -> list[FrameProcessor]:
        return self._inner


BEFORE_A_VOICE = Place(behind="Llm", before="Voice", otherwise="nobody hears it")


@pytest.fixture
def part() -> Ours:
    return Ours(name="ours")


def told(part: Ours, *processors: FrameProcessor) -> str | None:
    return misplaced(part, BEFORE_A_VOICE, Pipeline(list(processors)))


def test_a_processor_in_its_place_is_told_nothing(part: Ours) -> None:
    assert told(part, Llm(), part, Voice()) is None


def test_what_is_not_there_is_not_missed(part: Ours) -> None:
    for processors in ([part], [Llm(), part], [part, Voice()], [Voice()], [Voice(), Llm()]):
        assert told(part, *processors) is None


def test_one_that_is_too_late_or_too_early_is_told_where_to_go(part: Ours) -> None:
    late = told(part, Llm(), LoudVoice(name="tts"), part)
    assert late == "move ours before tts; nobody hears it"
    early = told(part, part, Llm(name="llm"), Voice())
    assert early == "move ours behind llm; nobody hears it"


def test_it_is_moved_past_all_of_a_kind(part: Ours) -> None:
    late = told(part, Llm(), Voice(name="one"), Voice(name="two"), part)
    assert late == "move ours before one; nobody hears it"
    early = told(part, part, Llm(name="one"), Llm(name="two"))
    assert early == "move ours behind two; nobody hears it"


def test_a_second_of_a_kind_on_the_right_side_is_enough(part: Ours) -> None:
    assert told(part, Llm(), Voice(), Llm(), part, Voice()) is None
    assert told(part, Voice(), Llm(), part, Voice(), Llm()) is None


@pytest.mark.parametrize("parallel", [ParallelPipeline, SyncParallelPipeline])
def test_what_stands_in_a_branch_beside_is_neither_before_nor_behind(
    part: Ours, parallel: type[ParallelPipeline | SyncParallelPipeline]
) -> None:
    assert told(part, parallel([Voice()], [part]), Llm()) is not None
    assert told(part, Llm(), parallel([Voice()], [part])) is None
    assert told(part, Llm(), parallel([Voice()], [part, Voice()])) is None
    late = told(part, Llm(), parallel([Llm()], [Voice(name="tts"), part]))
    assert late == "move ours before tts; nobody hears it"


@pytest.mark.parametrize("parallel", [ParallelPipeline, SyncParallelPipeline])
def test_what_stands_inside_the_branches_before_or_behind_counts(
    part: Ours, parallel: type[ParallelPipeline | SyncParallelPipeline]
) -> None:
    assert told(part, parallel([Llm()], [Llm()]), part, parallel([Voice()], [Voice()])) is None
    assert told(part, parallel([Llm(), Voice(name="tts")], [Llm()]), part) is not None
    nested = Pipeline([Pipeline([Llm()]), Pipeline([part]), Pipeline([Voice()])])
    assert told(part, nested) is None


def test_nothing_is_said_of_an_order_that_is_not_known(part: Ours) -> None:
    assert told(part, Holder(Voice(), part)) is None
    assert told(part, Llm(), Holder(part, Voice()), Voice()) is None


def test_all_before_and_behind_are_named_in_their_order(part: Ours) -> None:
    llm, voice, loud = Llm(), Voice(), LoudVoice()
    first, last = Pipeline([llm]), ParallelPipeline([voice], [loud])
    road = Pipeline([first, part, last])
    before, behind = around(part, road)
    assert [p for p in before if type(p) is Llm] == [llm]
    assert [p for p in behind if isinstance(p, Voice)] == [voice, loud]
    assert part in list(flattened(road))
    assert around(Ours(), road) == ([], [])
