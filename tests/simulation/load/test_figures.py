"""Figures of calls under load, from when each side was heard."""

import pytest

from antiphon.simulation.audio import VoicedSpan
from antiphon.simulation.load.figures import CallFigures, measure, summarise


def spans(*pairs: tuple[float, float]) -> list[VoicedSpan]:
    return [VoicedSpan(start_secs=start, end_secs=end) for start, end in pairs]


def test_the_wait_is_from_the_end_of_the_line_to_the_first_sound() -> None:
    agent = spans((0.2, 2.0), (4.5, 6.0))

    figures = measure(spans((2.7, 4.0)), agent, agent)

    assert figures.ttfa_secs == [pytest.approx(0.5)]
    assert (figures.unanswered, figures.stop_secs) == (0, [])


def test_a_line_without_an_answer_before_the_next_is_unanswered() -> None:
    figures = measure(spans((1, 2), (5, 6)), spans((6.8, 8)), [])

    assert figures.unanswered == 1
    assert figures.ttfa_secs == [pytest.approx(0.8)]


def test_a_barge_in_lasts_until_the_agent_is_silent() -> None:
    figures = measure(spans((3, 4)), spans((2, 3.4), (4.6, 5)), [])

    assert figures.stop_secs == [pytest.approx(0.4)]


@pytest.mark.parametrize(("gap_secs", "late"), [(0.01, 0), (0.1, 1), (0.25, 1), (0.5, 0)])
def test_a_gap_that_is_no_pause_is_late_audio(gap_secs: float, late: int) -> None:
    figures = measure([], [], spans((0, 1), (1 + gap_secs, 2)))

    assert len(figures.late_secs) == late


def test_all_calls_are_summed_up() -> None:
    summary = summarise(
        [
            CallFigures(secs=30.0, ttfa_secs=[0.5, 0.7], late_secs=[0.1], lag_secs=[0.01]),
            CallFigures(secs=20.0, ttfa_secs=[0.9], unanswered=2),
            CallFigures(failure="refused"),
            CallFigures(failure="refused"),
        ]
    )

    assert summary.ttfa is not None
    assert (summary.ttfa.p50, summary.ttfa.count) == (0.7, 3)
    assert summary.barge_in_stop is None
    assert summary.late_audio is not None
    assert (summary.late_audio.p50, summary.late_audio.count) == (0.1, 1)
    assert summary.caller_lag is not None
    assert (summary.caller_lag.p50, summary.caller_lag.count) == (0.01, 1)
    assert (summary.answers, summary.unanswered, summary.call_secs) == (3, 2, 50.0)
    assert summary.failures == {"refused": 2}
