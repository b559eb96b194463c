"""What a far end has played, where its marks tell and where none come."""

import pytest

from antiphon.processors.interruption.far_end import FarEnd


def with_marks() -> FarEnd:
    far_end = FarEnd()
    far_end.expect_marks()
    return far_end


def say(far_end: FarEnd, secs: float, *, at: float) -> None:
    for piece in range(round(secs / 0.04)):
        far_end.send(40, now=at + piece * 0.04)


def marks(far_end: FarEnd, *positions_ms: float, buffer_secs: float, at: float) -> None:
    """Marks of speech that was sent from a moment on; the last came back at that position."""
    for position_ms in positions_ms:
        far_end.reached(behind_secs=buffer_secs, now=at + position_ms / 1000 + buffer_secs)


def test_played_follows_paced_writes() -> None:
    far_end = FarEnd()
    far_end.send(40, now=10.0)
    far_end.send(40, now=10.0)
    assert far_end.played(10.0) == pytest.approx(0, abs=1e-6)
    assert far_end.played(10.05) == pytest.approx(50)
    assert far_end.played(11.0) == pytest.approx(80)


def test_acknowledgement_corrects_what_pacing_claims() -> None:
    far_end = FarEnd()
    for at in range(10):
        far_end.send(100, now=at / 10)
    far_end.acknowledge(behind_secs=0.4)
    assert far_end.played(1.0) == pytest.approx(600)
    # What is on its way still arrives, and a pause makes up for it.
    assert far_end.played(1.4) == pytest.approx(1000)
    far_end.send(100, now=5.0)
    assert far_end.played(5.0) == pytest.approx(1000)
    assert far_end.played(5.45) == pytest.approx(1050)


def test_a_short_gap_in_sending_is_no_new_beginning() -> None:
    far_end = FarEnd()
    far_end.send(100, now=1.0)
    far_end.acknowledge(behind_secs=0.4)
    far_end.send(100, now=1.11)
    assert far_end.played(1.3) == pytest.approx(0, abs=1)


def test_a_gap_in_which_the_far_end_falls_silent_is_a_new_beginning() -> None:
    far_end = FarEnd()
    far_end.send(100, now=0.0)
    far_end.acknowledge(behind_secs=0.4)
    now = 0.1 + 0.4 + 0.1
    far_end.send(100, now=now)
    assert far_end.played(now) == 100


def test_what_is_sent_again_is_not_yet_heard() -> None:
    far_end = FarEnd()
    far_end.send(1000, now=0.0)
    assert far_end.played(2.0) == pytest.approx(1000)
    far_end.rewind(500)
    assert far_end.played(2.0) == 500
    far_end.send(100, now=2.0)
    assert far_end.played(2.0) == pytest.approx(500)
    assert far_end.played(2.1) == pytest.approx(600)


def test_nothing_counts_as_played_until_a_mark_says_so() -> None:
    far_end = with_marks()
    say(far_end, 2.0, at=0.0)
    assert far_end.played(2.9) == 0
    marks(far_end, 40, buffer_secs=3.0, at=0.0)
    assert far_end.played(3.04) == pytest.approx(40)
    assert far_end.played(3.24) == pytest.approx(240)


def test_speech_that_was_sent_whole_is_played_as_its_marks_come_back() -> None:
    far_end = with_marks()
    say(far_end, 2.0, at=0.0)
    marks(far_end, 40, 240, 440, 640, buffer_secs=1.0, at=0.0)
    assert far_end.late(1.64)
    assert far_end.played(1.74) == pytest.approx(740)
    marks(far_end, 840, 1040, 1240, 1440, 1640, 1840, 2000, buffer_secs=1.0, at=0.0)
    assert far_end.played(3.0) == pytest.approx(2000)
    assert not far_end.late(3.0)


def test_a_far_end_that_stops_to_fill_its_buffer_is_not_thought_to_play_on() -> None:
    far_end = with_marks()
    say(far_end, 2.0, at=0.0)
    marks(far_end, 40, 240, buffer_secs=1.0, at=0.0)
    assert far_end.played(2.2) == pytest.approx(240 + 300)
    far_end.reached(behind_secs=2.0, now=2.44)
    assert far_end.played(2.54) == pytest.approx(540)


def test_a_pause_that_the_far_end_bridges_moves_no_word() -> None:
    far_end = with_marks()
    say(far_end, 0.4, at=0.0)
    say(far_end, 0.4, at=0.9)
    marks(far_end, 40, 240, 400, buffer_secs=2.0, at=0.0)
    assert far_end.played(2.4) == pytest.approx(400)
    # The second half follows the first without the pause in which it was sent.
    far_end.reached(behind_secs=1.5, now=2.44)
    assert far_end.played(2.44) == pytest.approx(440)


def test_an_utterance_after_silence_waits_for_a_mark_of_its_own() -> None:
    far_end = with_marks()
    say(far_end, 0.4, at=0.0)
    marks(far_end, 40, 240, 400, buffer_secs=0.2, at=0.0)
    say(far_end, 1.0, at=5.0)
    assert far_end.played(5.3) == pytest.approx(400)
    far_end.reached(behind_secs=0.6, now=5.64)
    assert far_end.played(5.64) == pytest.approx(440)


def test_half_of_the_marks_are_enough() -> None:
    far_end = with_marks()
    say(far_end, 2.0, at=0.0)
    marks(far_end, 240, 640, 840, buffer_secs=0.2, at=0.0)
    assert far_end.played(1.24) == pytest.approx(1040)
    # Even where the last is lost.
    marks(far_end, 1240, 1840, buffer_secs=0.2, at=0.0)
    assert far_end.played(2.3) == pytest.approx(2000)


def test_where_marks_were_lost_as_many_are_no_sign_that_nothing_is_played() -> None:
    far_end = with_marks()
    say(far_end, 4.0, at=0.0)
    marks(far_end, 40, 640, buffer_secs=1.0, at=0.0)
    assert far_end.played(2.44) == pytest.approx(1440)
    # So many in a row were not.
    assert far_end.played(2.84) == pytest.approx(640 + 600 + 300)


def test_where_marks_are_lost_the_first_is_not_waited_for() -> None:
    far_end = with_marks()
    say(far_end, 1.0, at=0.0)
    marks(far_end, 440, 1000, buffer_secs=1.0, at=0.0)
    far_end.clear()
    say(far_end, 1.0, at=5.0)
    assert far_end.played(5.9) == 0
    assert far_end.played(6.5) == pytest.approx(500)


@pytest.mark.parametrize(("after_secs", "played_ms"), [(3.9, 0), (4.1, 2000)])
def test_a_far_end_that_never_sends_a_mark_is_believed_to_keep_pace(
    after_secs: float, played_ms: float
) -> None:
    far_end = with_marks()
    say(far_end, 2.0, at=0.0)
    assert far_end.played(after_secs) == played_ms


def test_a_far_end_that_sent_no_mark_is_not_waited_for_again() -> None:
    far_end = with_marks()
    say(far_end, 1.0, at=0.0)
    say(far_end, 1.0, at=10.0)
    assert far_end.played(10.5) == pytest.approx(1500)
    # One that comes after all is proof.
    far_end.reached(behind_secs=0.4, now=10.64)
    assert far_end.played(10.64) == pytest.approx(1240)


def test_a_far_end_that_sent_no_mark_is_not_waited_for_after_a_clear_either() -> None:
    far_end = with_marks()
    say(far_end, 1.0, at=0.0)
    assert far_end.played(5.0) == pytest.approx(1000)
    # As at each turn of a caller.
    far_end.clear()
    say(far_end, 1.0, at=10.0)
    assert far_end.played(10.5) == pytest.approx(500)


def test_what_was_cleared_proves_nothing_of_what_follows() -> None:
    far_end = with_marks()
    say(far_end, 1.0, at=0.0)
    marks(far_end, 40, 240, buffer_secs=0.2, at=0.0)
    far_end.clear()
    far_end.reached(behind_secs=0.2, now=0.66)
    assert far_end.played(1.0) == 0
    say(far_end, 1.0, at=1.0)
    assert far_end.played(1.3) == 0
