"""What waits to be played, from when words are timed, and what is played again."""

import pytest
from pipecat.frames.frames import Frame, OutputAudioRawFrame, TTSStoppedFrame

from antiphon.processors.interruption.playback import FrameQueue, PlayedAudio, WordTimes


def audio(*samples: int, protected: bool = False) -> OutputAudioRawFrame:
    """A frame of which each sample sounds 1 ms."""
    frame = OutputAudioRawFrame(bytes(samples), 1000, 1)
    frame.interruptible = not protected
    return frame


def waiting(queue: FrameQueue) -> list[bytes | type[Frame]]:
    return [
        frame.audio if isinstance(frame, OutputAudioRawFrame) else type(frame) for frame, _ in queue
    ]


def test_a_frame_is_taken_piece_by_piece_and_goes_with_its_last() -> None:
    queue = FrameQueue([(audio(1, 2, 3, 4), 0.0), (audio(5, 6), 2.0)])
    assert [queue.take_audio(2), queue.take_audio(2), len(queue)] == [b"\1\2", b"\3\4", 1]
    assert [queue.take_audio(9), len(queue)] == [b"\5\6", 0]


def test_what_is_put_back_comes_before_what_was_left_of_a_frame() -> None:
    queue = FrameQueue([(audio(1, 2, 3, 4), 0.0)])
    first = queue.take_audio(2)
    queue.put_back([(audio(*first), 0.0)])
    assert waiting(queue) == [b"\1\2", b"\3\4"]
    assert [queue.take_audio(2), queue.take_audio(2)] == [b"\1\2", b"\3\4"]


def test_an_interruption_drops_all_but_what_must_be_heard() -> None:
    protected = audio(1, 2, 3, 4, protected=True)
    queue = FrameQueue([(protected, 0.0), (audio(5, 6), 2.0), (TTSStoppedFrame(), 3.0)])
    queue.take_audio(2)
    queue.drop_interruptible()
    assert waiting(queue) == [b"\3\4"]
    assert not queue[0][0].interruptible


def test_words_of_a_context_are_timed_from_its_first_audio_or_the_last_word() -> None:
    times = WordTimes()
    assert times.begin("a", received_ms=0.0, clock=lambda: 1000) == (1000, 0.0)
    assert times.begin("a", received_ms=500.0, clock=lambda: 2000) == (1000, 0.0)
    times.said(5000)
    times.said(4000)
    assert times.begin("b", received_ms=900.0, clock=lambda: 3000) == (5000, 900.0)


@pytest.mark.parametrize(
    ("position_ms", "begins"), [(0, [4, 2, 0]), (1.9, [4, 2, 0]), (2, [4, 2]), (5, [4]), (6, [])]
)
def test_what_sounded_after_a_position_is_taken_up_again(
    position_ms: float, begins: list[float]
) -> None:
    played = PlayedAudio()
    assert played.last is None
    for at_ms in (0, 2, 4):
        played.add(audio(at_ms, 0, at_ms, 0), at_ms=at_ms)
    assert played.last is not None
    assert played.last.audio == bytes((4, 0, 4, 0))
    assert [at_ms for _, at_ms in played.take_after(position_ms)] == begins
    assert [at_ms for _, at_ms in played.take_after(0)] == [
        at_ms for at_ms in (4, 2, 0) if at_ms not in begins
    ]


def test_only_the_last_15_seconds_can_be_taken_up_again() -> None:
    played = PlayedAudio()
    for at_ms in range(0, 20_000, 1000):
        played.add(OutputAudioRawFrame(bytes(2000), 1000, 1), at_ms=at_ms)
    assert [at_ms for _, at_ms in played.take_after(0)] == list(range(19_000, 3_000, -1000))


def test_a_context_that_speaks_again_after_its_end_is_timed_anew() -> None:
    times = WordTimes()
    times.begin("a", received_ms=0, clock=lambda: 1_000)
    assert times.begin("a", received_ms=500, clock=lambda: 9_000) == (1_000, 0)
    times.ended("a")
    assert times.begin("a", received_ms=500, clock=lambda: 9_000) == (9_000, 500)


def test_a_context_that_goes_on_behind_another_is_timed_as_before_and_stands_later() -> None:
    times = WordTimes()
    times.begin("answer", received_ms=0, clock=lambda: 1_000)
    times.begin("apology", received_ms=500, clock=lambda: 2_000)
    times.ended("apology")
    assert times.unfinished("answer")
    assert not times.knows("answer")
    assert times.begin("answer", received_ms=4_500, clock=lambda: 3_000) == (1_000, 4_000)
    assert times.knows("answer")
