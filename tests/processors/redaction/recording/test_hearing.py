"""What is covered of the caller's audio, told in the seconds of it that have come."""

import pytest

from antiphon.processors.redaction.recording.hearing import MARGIN_S, PAD_S, Hearing

PACKET_S = 0.1


class Line:
    """Feeds a `Hearing` at the pace of the clock."""

    def __init__(self, *, lag_s: float = 10.0) -> None:
        self.hearing = Hearing(lag_s=lag_s)
        self.now_s = self.stt_s = 0.0

    def listen(self, seconds: float, *, stt: bool = True, recorder: bool = True) -> None:
        for _ in range(round(seconds / PACKET_S)):
            self.now_s += PACKET_S
            if recorder:
                self.hearing.audio(PACKET_S, self.now_s, self.stt_s if stt else None)
            self.stt_s += PACKET_S if stt else 0.0

    def speak(self, seconds: float) -> None:
        """Speak so that the VAD tells both ends of it as it does."""
        self.listen(0.2)
        self.hearing.started(self.now_s, vad_s=0.2)
        self.listen(seconds - 0.2 + 0.5)
        self.hearing.stopped(vad_s=0.5)


def test_words_are_covered_with_what_their_times_may_be_off() -> None:
    line = Line()
    line.listen(5)
    line.speak(3)
    words, whole = line.hearing.transcript(((6.0, 7.0),), (5.2, 7.9))

    assert words == [(pytest.approx(6.0 - PAD_S), pytest.approx(7.0 + PAD_S))]
    assert whole == []


def test_audio_that_did_not_come_this_far_or_not_to_the_stt_moves_no_word() -> None:
    line = Line()
    line.listen(3, recorder=False)
    line.listen(4, stt=False)
    line.speak(2)  # 3.0 to 5.0 as the STT counts, 4.0 to 6.0 as it came here
    words, whole = line.hearing.transcript(((3.5, 4.0),), (3.1, 4.9))

    assert words == [(pytest.approx(4.5 - PAD_S), pytest.approx(5.0 + PAD_S))]
    assert whole == []


@pytest.mark.parametrize("words_s", [(0.3, 1.5), (9.0, 12.0), (5.5, 9.9), None])
def test_words_outside_the_utterance_are_not_believed(words_s: tuple[float, float] | None) -> None:
    line = Line()
    line.listen(5)
    line.speak(3)
    spans = ((words_s[0], words_s[0] + 0.5),) if words_s else ()
    words, (whole,) = line.hearing.transcript(spans, words_s)

    assert words == []
    assert whole[0] == pytest.approx(5.0 - MARGIN_S, abs=PACKET_S + 0.01)
    assert whole[1] == line.hearing.heard_s


def test_words_that_run_backwards_are_of_another_stream() -> None:
    line = Line()
    line.listen(1)
    line.speak(1)
    line.hearing.transcript((), (1.0, 1.9))
    line.listen(3)
    line.speak(2)
    _, whole = line.hearing.transcript(((0.6, 1.0),), (0.5, 1.0))

    assert len(whole) == 1


def test_a_second_transcript_of_one_utterance_reaches_back_over_all_of_it() -> None:
    line = Line()
    line.listen(5)
    line.speak(3)
    line.hearing.transcript()
    line.listen(0.5)
    _, (whole,) = line.hearing.transcript()

    assert whole[0] < 5.0


def test_a_transcript_without_speech_reaches_back_to_the_one_before_and_no_further() -> None:
    line = Line()
    line.speak(3)
    line.hearing.transcript()
    line.listen(60)
    line.hearing.transcript()
    line.listen(20)
    _, (whole,) = line.hearing.transcript()

    assert 50 < whole[0] <= line.hearing.heard_s - 20


def test_what_comes_in_a_burst_is_taken_for_the_utterance_that_begins_in_it() -> None:
    line = Line()
    line.listen(5)
    line.now_s += 3.0
    for _ in range(30):
        line.hearing.audio(PACKET_S, line.now_s, line.stt_s)
        line.stt_s += PACKET_S
    line.hearing.started(line.now_s, vad_s=0.2)

    assert line.hearing.waiting_from_s == pytest.approx(5.0)


def test_only_speech_whose_transcript_does_not_come_is_given_up() -> None:
    line = Line(lag_s=2.0)
    line.speak(1)
    line.listen(1.4)
    assert line.hearing.overdue() == []
    line.listen(1)
    ((start_s, end_s),) = line.hearing.overdue()

    assert start_s == 0.0
    assert end_s == pytest.approx(1.0 + MARGIN_S)
    assert line.hearing.waiting_from_s is None


def test_a_long_speech_that_is_transcribed_all_along_is_never_given_up() -> None:
    line = Line(lag_s=2.0)
    line.hearing.started(0.0, vad_s=0.2)
    for _ in range(60):
        line.listen(1)
        line.hearing.transcript()
        assert line.hearing.overdue() == []

    assert line.hearing.waiting_from_s == pytest.approx(54.0)


def test_a_long_speech_without_a_transcript_is_given_up_piece_by_piece() -> None:
    line = Line(lag_s=2.0)
    line.hearing.started(0.0, vad_s=0.2)
    line.listen(6.1)

    assert line.hearing.overdue() == [(0.0, line.hearing.heard_s)]
    assert line.hearing.waiting_from_s == line.hearing.heard_s


def test_a_turn_tells_of_speech_only_where_no_vad_does() -> None:
    line = Line()
    line.listen(10)
    line.hearing.started(line.now_s)
    assert line.hearing.waiting_from_s == pytest.approx(8.0, abs=0.11)
    line.hearing.stopped()
    line.speak(1)
    line.hearing.transcript()
    line.hearing.started(line.now_s)

    assert line.hearing.waiting_from_s is None


def test_a_transcript_that_comes_behind_further_utterances_reaches_back_to_its_own() -> None:
    line = Line()
    line.listen(5)
    for _ in range(3):
        line.speak(0.6)
    second_s = line.hearing.heard_s - 2 * 1.1
    line.hearing.transcript()
    _, (whole,) = line.hearing.transcript()

    assert whole[0] < second_s


def test_an_utterance_that_was_over_long_before_a_transcript_is_left_alone() -> None:
    line = Line()
    line.listen(5)
    line.speak(1)
    line.hearing.transcript()
    over_s = line.hearing.heard_s
    line.listen(1)
    line.speak(3)
    _, (whole,) = line.hearing.transcript()

    assert whole[0] > over_s
