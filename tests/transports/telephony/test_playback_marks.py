"""When marks are set, and what they prove."""

import pytest

from antiphon.transports.telephony.playback_marks import PlaybackMarks

PACKET_SECS = 0.02


def speak(marks: PlaybackMarks, packets: int, *, now: float = 0.0) -> list[str]:
    names = []
    for number in range(packets):
        marks.sent(PACKET_SECS, until=now + (number + 1) * PACKET_SECS)
        names.append(marks.due())
    return [name for name in names if name is not None]


def test_an_utterance_is_marked_after_its_first_packet_then_regularly_then_at_its_end() -> None:
    marks = PlaybackMarks(every_secs=0.2)
    names = speak(marks, 25)
    last = marks.finished(now=0.5)
    assert last is not None
    positions = [back.position_secs for n in [*names, last] if (back := marks.came_back(n, now=1))]
    assert positions == pytest.approx([0.02, 0.22, 0.42, 0.5])


def test_an_utterance_that_ends_on_a_mark_gets_no_second_one() -> None:
    marks = PlaybackMarks(every_secs=0.2)
    speak(marks, 1)
    assert marks.finished(now=1.0) is None


def test_a_mark_that_falls_into_the_middle_of_a_packet_is_set_after_it() -> None:
    marks = PlaybackMarks(every_secs=0.375)
    set_marks = []
    for until in (0.25, 0.5):
        marks.sent(0.25, until=until)
        set_marks.append(marks.due())
    assert set_marks == ["p1", "p2"]


def test_nothing_said_is_nothing_marked() -> None:
    assert PlaybackMarks().finished(now=1.0) is None


def test_a_mark_is_due_once() -> None:
    marks = PlaybackMarks()
    speak(marks, 1)
    assert marks.due() is None


def test_the_next_utterance_is_marked_after_its_first_packet_again() -> None:
    marks = PlaybackMarks(every_secs=0.2)
    speak(marks, 3)
    marks.finished(now=0.1)
    assert speak(marks, 1, now=5.0) != []


def test_a_mark_tells_how_late_the_far_end_plays() -> None:
    marks = PlaybackMarks()
    [name] = speak(marks, 1, now=10.0)
    back = marks.came_back(name, now=10.25)
    assert back
    assert back.delay_secs == pytest.approx(0.25 - PACKET_SECS)
    assert back.packet_secs == PACKET_SECS


def test_a_mark_that_a_clear_sent_back_proves_nothing() -> None:
    marks = PlaybackMarks(every_secs=0.2)
    first, second = speak(marks, 12)
    marks.came_back(first, now=0.1)
    marks.cleared()
    back = marks.came_back(second, now=0.3)
    assert back is not None
    assert back.cleared


def test_audio_that_was_cleared_is_not_marked_as_finished() -> None:
    marks = PlaybackMarks(every_secs=0.2)
    speak(marks, 5)
    marks.cleared()
    assert marks.finished(now=1.0) is None


def test_audio_that_was_cleared_before_its_mark_was_set_gets_none() -> None:
    marks = PlaybackMarks()
    marks.sent(PACKET_SECS, until=1.0)
    marks.cleared()
    assert marks.due() is None


def test_a_mark_after_a_clear_is_proof_again() -> None:
    marks = PlaybackMarks()
    speak(marks, 5)
    marks.cleared()
    [name] = speak(marks, 1, now=1.0)
    back = marks.came_back(name, now=1.2)
    assert back is not None
    assert not back.cleared


def test_an_unknown_or_repeated_mark_means_nothing() -> None:
    marks = PlaybackMarks()
    [name] = speak(marks, 1)
    assert marks.came_back("p999", now=1.0) is None
    assert marks.came_back(name, now=1.0) is not None
    assert marks.came_back(name, now=1.0) is None


def test_a_far_end_that_never_answers_fills_no_memory() -> None:
    marks = PlaybackMarks(every_secs=0.02)
    names = speak(marks, 10_000)
    assert [name for name in names if marks.came_back(name, now=300.0)] == names[-256:]
