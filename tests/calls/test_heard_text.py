"""The words of a cut reply are those that a phone with a buffer of its own has played."""

import runpy
from pathlib import Path

import pytest

CUT_REPLIES = Path(__file__).parents[2] / "benchmarks/telephony/cut_replies.py"
cut_replies = runpy.run_path(str(CUT_REPLIES))["cut_replies"]

pytestmark = pytest.mark.virtual_time(start=0)


@pytest.mark.parametrize("word_times", [True, False])
@pytest.mark.parametrize("buffer_secs", [0.2, pytest.param(1.0, marks=pytest.mark.system), 3.0])
async def test_the_context_is_within_a_word_of_what_the_phone_played(
    buffer_secs: float, word_times: bool
) -> None:
    cuts = await cut_replies(cuts=12, buffer_secs=buffer_secs, word_times=word_times, seed=7)
    sent_whole = [error for whole, error in cuts if whole]
    assert len(sent_whole) >= 2
    assert max(abs(error) for _, error in cuts) <= 1


async def test_the_context_is_as_near_where_half_of_the_marks_are_lost() -> None:
    cuts = await cut_replies(cuts=24, buffer_secs=1.0, word_times=False, seed=1, marks_lost=0.5)
    assert max(abs(error) for _, error in cuts) <= 1
