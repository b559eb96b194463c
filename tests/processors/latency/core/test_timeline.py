"""A call is cut into turns, whatever order and holes the moments come in."""

import pytest

from antiphon.processors.latency import BargeIn
from antiphon.processors.latency.core.moments import Mark, Moment
from antiphon.processors.latency.core.timeline import Timeline
from antiphon.processors.latency.core.turn import Turn, TurnKind

M = Moment


def follow(*seen: tuple[Moment, float] | Mark, max_gap_secs: float = 120.0) -> list[Turn | BargeIn]:
    timeline = Timeline(max_gap_secs=max_gap_secs)
    done: list[Turn | BargeIn] = []
    for mark in seen:
        if not isinstance(mark, Mark):
            mark = Mark(moment=mark[0], at=mark[1], secs=0.2 if "CALLER" in mark[0].name else 0.0)
        done += timeline.see(mark)
    return done


def turns(*seen: tuple[Moment, float] | Mark, max_gap_secs: float = 120.0) -> list[Turn]:
    return [d for d in follow(*seen, max_gap_secs=max_gap_secs) if isinstance(d, Turn)]


def asked(at: float) -> list[tuple[Moment, float]]:
    """A caller who speaks for a second and is done."""
    return [
        (M.CALLER_STARTED, at),
        (M.TURN_STARTED, at),
        (M.CALLER_STOPPED, at + 1.0),
        (M.TRANSCRIPT, at + 1.1),
        (M.TURN_ENDED, at + 1.4),
        (M.CONTEXT, at + 1.4),
        (M.LLM_STARTED, at + 1.4),
    ]


def answered(at: float) -> list[tuple[Moment, float]]:
    return [(M.TOKEN, at), (M.SENTENCE, at + 0.1), (M.AUDIO, at + 0.2), (M.WRITTEN, at + 0.2)]


def test_a_call_of_two_answers_is_two_turns() -> None:
    kinds = [
        turn.kind
        for turn in turns(
            *asked(1), *answered(3), (M.BOT_STOPPED, 5), *asked(6), *answered(8), (M.CALL_ENDED, 12)
        )
    ]
    assert kinds == [TurnKind.ANSWERED, TurnKind.ANSWERED]


def test_a_pause_inside_the_callers_turn_starts_the_wait_anew() -> None:
    [turn] = turns(
        (M.CALLER_STARTED, 1),
        (M.TURN_STARTED, 1),
        (M.CALLER_STOPPED, 2),
        (M.CALLER_STARTED, 2.5),
        (M.CALLER_STOPPED, 4),
        (M.TRANSCRIPT, 4.1),
        (M.TURN_ENDED, 4.4),
        *answered(5),
        (M.BOT_STOPPED, 7),
    )
    stopped = turn.last(M.CALLER_STOPPED)
    assert turn.kind is TurnKind.ANSWERED
    assert stopped is not None
    assert stopped.at == 4
    assert [m.moment for m in turn.marks][:3] == [
        M.TURN_STARTED,
        M.CALLER_STARTED,
        M.CALLER_STOPPED,
    ]


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        ([*asked(1), *asked(3)], TurnKind.INTERRUPTED),
        ([*asked(1), (M.CALL_ENDED, 9)], TurnKind.UNANSWERED),
        (
            [(M.CALLER_STARTED, 1), (M.CALLER_STOPPED, 2), (M.TURN_ENDED, 7), (M.CALL_ENDED, 9)],
            TurnKind.EMPTY,
        ),
        # A dead STT: stock Pipecat still has the LLM say something, 5 s later.
        (
            [
                (M.CALLER_STARTED, 1),
                (M.CALLER_STOPPED, 2),
                (M.TURN_ENDED, 7),
                (M.LLM_STARTED, 7),
                *answered(8),
                (M.BOT_STOPPED, 9),
            ],
            TurnKind.EMPTY,
        ),
        ([(M.CONNECTED, 1), (M.LLM_STARTED, 1), *answered(2), (M.BOT_STOPPED, 4)], "greeting"),
        (
            [(M.CONNECTED, 1), (M.LLM_STARTED, 1), *asked(2)[:2], (M.CALL_ENDED, 9)],
            TurnKind.INTERRUPTED,
        ),
    ],
)
def test_a_wait_is_classed_by_how_it_ended(
    seen: list[tuple[Moment, float]], kind: TurnKind
) -> None:
    assert turns(*seen)[0].kind == kind


def test_a_caller_who_connects_and_speaks_first_has_waited_once() -> None:
    [turn] = turns((M.CONNECTED, 0), *asked(1), *answered(3), (M.BOT_STOPPED, 5))
    assert turn.kind is TurnKind.ANSWERED


def test_what_the_agent_says_unasked_is_no_turn() -> None:
    assert turns((M.LLM_STARTED, 1), *answered(2), (M.BOT_STOPPED, 4), (M.CALL_ENDED, 9)) == []


def test_an_aside_over_the_agent_leaves_its_turn_alone() -> None:
    [turn] = turns(
        *asked(1),
        *answered(3),
        (M.CALLER_STARTED, 4),
        (M.CALLER_STOPPED, 4.5),
        (M.BACKCHANNEL, 4.6),
        (M.BOT_STOPPED, 8),
        (M.CALL_ENDED, 20),
    )
    assert turn.kind is TurnKind.ANSWERED
    assert turn.ended_at == 8


def test_an_aside_while_the_answer_is_awaited_does_not_move_the_callers_silence() -> None:
    [turn] = turns(
        *asked(1),
        (M.CALLER_STARTED, 2.6),
        (M.CALLER_STOPPED, 2.9),
        *answered(4),
        (M.BOT_STOPPED, 8),
    )
    stopped = turn.last(M.CALLER_STOPPED)
    assert stopped is not None
    assert stopped.at == 2.0


def test_a_barge_in_is_timed_from_the_voice_to_the_silence() -> None:
    done = follow(
        *asked(1),
        *answered(3),
        (M.CALLER_STARTED, 5.0),
        (M.DUCKED, 5.05),
        (M.TURN_STARTED, 5.3),
        (M.INTERRUPTED, 5.31),
        (M.BOT_STOPPED, 5.35),
    )
    [barge_in] = [d for d in done if isinstance(d, BargeIn)]
    assert barge_in == BargeIn(
        onset_at=4.8, vad_at=5.0, ducked_at=5.05, decided_at=5.31, silent_at=5.35
    )
    assert barge_in.total_secs == pytest.approx(0.55)


def test_an_interruption_that_nobody_announced_is_a_barge_in_too() -> None:
    done = follow(*asked(1), *answered(3), (M.CALLER_STARTED, 5), (M.INTERRUPTED, 5.3))
    assert [d.kind for d in done if isinstance(d, Turn)] == [TurnKind.ANSWERED]
    done = follow(
        *asked(1), *answered(3), (M.CALLER_STARTED, 5), (M.INTERRUPTED, 5.3), (M.BOT_STOPPED, 5.4)
    )
    assert any(isinstance(d, BargeIn) for d in done)


def test_an_interruption_without_a_caller_begins_no_turn() -> None:
    [turn] = turns(*asked(1), (M.INTERRUPTED, 4), *answered(5), (M.BOT_STOPPED, 6))
    assert turn.kind is TurnKind.ANSWERED


def test_what_the_caller_says_over_the_agents_end_is_the_next_turn() -> None:
    [first, second] = turns(
        *asked(1),
        *answered(3),
        (M.CALLER_STARTED, 4.9),
        (M.BOT_STOPPED, 5),
        (M.TURN_STARTED, 5.1),
        (M.CALLER_STOPPED, 6),
        (M.TRANSCRIPT, 6.1),
        (M.TURN_ENDED, 6.2),
        *answered(7),
        (M.BOT_STOPPED, 8),
    )
    assert (first.kind, second.kind) == (TurnKind.ANSWERED, TurnKind.ANSWERED)
    assert second.marks[0] == Mark(moment=M.CALLER_STARTED, at=4.9, secs=0.2)


def test_a_clock_that_goes_back_is_flagged_and_never_makes_time_negative() -> None:
    [turn] = turns(*asked(10), (M.TOKEN, 3), (M.AUDIO, 12), (M.WRITTEN, 12), (M.BOT_STOPPED, 13))
    assert turn.clock_jumped
    times = [mark.at for mark in turn.marks]
    assert times == sorted(times)


def test_a_machine_that_slept_is_flagged() -> None:
    [turn] = turns(*asked(1), *answered(500), (M.BOT_STOPPED, 502))
    assert turn.clock_jumped


def test_a_flag_does_not_outlive_its_turn() -> None:
    [jumped, steady] = turns(
        *asked(1),
        *answered(500),
        (M.BOT_STOPPED, 502),
        *asked(503),
        *answered(505),
        (M.CALL_ENDED, 507),
    )
    assert (jumped.clock_jumped, steady.clock_jumped) == (True, False)


def test_an_endless_turn_keeps_a_bounded_number_of_moments() -> None:
    [turn] = turns(
        *asked(1),
        *[Mark(moment=M.TOOL_STARTED, at=3, key=str(i)) for i in range(2000)],
        *answered(5),
        (M.BOT_STOPPED, 7),
    )
    assert len(turn.marks) == 256 + 1  # that it was answered is never dropped
    assert turn.kind is TurnKind.ANSWERED


def test_a_turn_tells_the_first_the_last_and_all_of_a_moment() -> None:
    marks = tuple(Mark(moment=m, at=at) for at, m in enumerate([M.TOKEN, M.AUDIO, M.TOKEN]))
    turn = Turn(kind=TurnKind.ANSWERED, marks=marks, ended_at=9)
    assert (turn.first(M.TOKEN), turn.last(M.TOKEN)) == (marks[0], marks[2])
    assert list(turn.all(M.TOKEN)) == [marks[0], marks[2]]
    assert (turn.first(M.HEARD), turn.last(M.HEARD)) == (None, None)
    assert not turn.clock_jumped


@pytest.mark.parametrize("barge_in", [BargeIn(onset_at=1.0), BargeIn(silent_at=1.0)])
def test_a_barge_in_that_was_half_seen_has_no_length(barge_in: BargeIn) -> None:
    assert barge_in.total_secs is None


def test_an_answer_is_known_while_it_is_spoken() -> None:
    timeline = Timeline()
    told = []
    for moment, at in [(M.CONNECTED, 0.0), *asked(1), *answered(3), (M.BOT_STOPPED, 5.0)]:
        timeline.see(Mark(moment=moment, at=at))
        known = timeline.answered(at)
        told.append((moment, timeline.waiting, timeline.speaking, known and known.kind))
    assert [moment for moment, waiting, _, _ in told if waiting] == [
        M.CONNECTED,
        M.CALLER_STARTED,
        M.TURN_ENDED,
        M.CONTEXT,
        M.LLM_STARTED,
        M.TOKEN,
        M.SENTENCE,
        M.AUDIO,
    ]
    assert [row for row in told if row[2] or row[3]] == [
        (M.WRITTEN, False, True, TurnKind.ANSWERED)
    ]


def test_an_agent_that_speaks_unasked_speaks() -> None:
    timeline = Timeline()
    timeline.see(Mark(moment=M.WRITTEN, at=1.0))
    assert timeline.speaking


def test_only_the_first_connection_is_greeted() -> None:
    [turn] = turns(
        (M.CONNECTED, 0),
        *asked(1),
        *answered(3),
        (M.BOT_STOPPED, 5),
        (M.CONNECTED, 6),
        (M.LLM_STARTED, 6),
        *answered(7),
        (M.BOT_STOPPED, 9),
    )
    assert turn.kind is TurnKind.ANSWERED


@pytest.mark.parametrize(
    ("seen", "work", "waiting"),
    [
        ([], M.LLM_STARTED, False),
        ([M.CALLER_STOPPED], M.LLM_STARTED, True),
        ([M.TRANSCRIPT], M.LLM_STARTED, True),
        ([M.CALLER_STOPPED, M.TRANSCRIPT], M.LLM_STARTED, True),
        ([M.CALLER_STOPPED], M.STAMP, False),
    ],
)
def test_work_on_what_the_caller_has_said_is_the_end_of_the_callers_turn(
    seen: list[Moment], work: Moment, waiting: bool
) -> None:
    timeline = Timeline()
    for moment in (M.CALLER_STARTED, *seen, work):
        timeline.see(Mark(moment=moment, at=1.0))
    assert timeline.waiting is waiting


def test_what_follows_the_first_of_an_answer_is_not_kept() -> None:
    [turn] = turns(
        *asked(1),
        (M.LLM_STARTED, 2.5),
        (M.HEARD, 2.6),
        (M.FILLER_WRITTEN, 2.7),
        (M.FILLER_WRITTEN, 2.8),
        (M.TURN_ENDED, 2.9),
        *answered(3),
        (M.TOKEN, 3.3),
        (M.WRITTEN, 3.3),
        (M.HEARD, 3.4),
        (M.HEARD, 3.5),
        (M.FILLER_WRITTEN, 3.5),
        (M.LLM_STARTED, 3.6),
        (M.FIRST_CHUNK, 3.7),
        (M.TURN_ENDED, 3.8),
        (M.TOOL_STARTED, 3.9),
        (M.TOOL_STARTED, 4.0),
        (M.BOT_STOPPED, 5),
    )
    assert [mark.moment for mark in turn.marks[7:]] == [
        M.LLM_STARTED,
        M.FILLER_WRITTEN,
        M.TURN_ENDED,
        M.TOKEN,
        M.SENTENCE,
        M.AUDIO,
        M.WRITTEN,
        M.HEARD,
        M.TOOL_STARTED,
        M.TOOL_STARTED,
    ]


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(
            [
                (M.CALLER_STARTED, 4),
                (M.TRANSCRIPT, 4.5),
                (M.BOT_STOPPED, 5),
                (M.CALLER_STOPPED, 6),
                (M.TURN_ENDED, 6.2),
            ],
            id="words that came over the agent's end",
        ),
        pytest.param(
            [(M.CALLER_STOPPED, 4), (M.TRANSCRIPT, 4.1), (M.TURN_ENDED, 4.2)],
            id="a pipeline without start strategies",
        ),
        pytest.param(
            [
                (M.BOT_STOPPED, 5),
                (M.CALLER_STARTED, 5.5),
                (M.CALLER_STOPPED, 6),
                (M.TURN_ENDED, 6.1),
                (M.TRANSCRIPT, 6.2),
            ],
            id="words that came after the turn was ended",
        ),
        pytest.param(
            [(M.BOT_STOPPED, 5), (M.TURN_STARTED, 5.2), (M.CALLER_STOPPED, 6), (M.TRANSCRIPT, 6)],
            id="a voice whose beginning was not seen",
        ),
    ],
)
def test_what_the_caller_said_in_whatever_order_is_the_next_turn(
    seen: list[tuple[Moment, float]],
) -> None:
    first, second = turns(*asked(1), *answered(3), *seen, *answered(7), (M.BOT_STOPPED, 8))
    assert (first.kind, second.kind) == (TurnKind.ANSWERED, TurnKind.ANSWERED)
    assert second.first(M.CALLER_STOPPED) is not None
    assert second.last(M.TRANSCRIPT) is not None


def test_a_sound_over_the_agent_that_came_to_nothing_is_no_turn() -> None:
    [turn] = turns(
        *asked(1),
        *answered(3),
        (M.CALLER_STARTED, 4),
        (M.CALLER_STOPPED, 4.4),
        (M.BOT_STOPPED, 5),
        (M.CALL_ENDED, 9),
    )
    assert turn.ended_at == 5


@pytest.mark.parametrize(("at", "jumped"), [(12, False), (12.5, True)])
def test_a_wait_of_no_more_than_the_gap_is_an_agent_that_thinks(at: float, jumped: bool) -> None:
    [turn] = turns(
        (M.TURN_STARTED, 0),
        (M.TRANSCRIPT, 1),
        (M.TURN_ENDED, 2),
        (M.TOKEN, at),
        (M.WRITTEN, at),
        (M.BOT_STOPPED, 14),
        max_gap_secs=10.0,
    )
    assert turn.clock_jumped is jumped


@pytest.mark.parametrize("over_the_agent", [False, True])
def test_words_that_come_before_a_pause_of_the_voice_are_no_empty_turn(
    over_the_agent: bool,
) -> None:
    before = [*asked(0), *answered(2)] if over_the_agent else []
    *_, turn = turns(
        *before,
        (M.CALLER_STARTED, 3),
        *([] if over_the_agent else [(M.TURN_STARTED, 3.0)]),
        (M.TRANSCRIPT, 3.8),
        (M.CALLER_STOPPED, 4),
        (M.CALLER_STARTED, 4.1),
        *([(M.TURN_STARTED, 4.2)] if over_the_agent else []),
        (M.CALLER_STOPPED, 4.6),
        (M.TURN_ENDED, 5),
        (M.CONTEXT, 5),
        *answered(5.5),
        (M.CALL_ENDED, 8),
    )
    assert turn.kind is TurnKind.ANSWERED


def test_a_silence_in_which_the_agent_gave_way_to_a_voice_is_known_when_it_is_over() -> None:
    timeline = Timeline()
    for moment, at in [*asked(0), *answered(2), (M.CALLER_STARTED, 3.0)]:
        timeline.see(Mark(moment=moment, at=at))
    before = timeline.ducked(since=3.0)
    timeline.see(Mark(moment=M.DUCKED, at=3.1))
    during = timeline.ducked(since=3.5)
    timeline.see(Mark(moment=M.BACKCHANNEL, at=4.0))
    assert (before, during) == (False, True)
    # The first sound after a held breath comes when the voice is settled already.
    assert timeline.ducked(since=3.5)
    assert not timeline.ducked(since=4.1)


@pytest.mark.parametrize("agent_is_done", [False, True])
def test_words_that_come_late_and_begin_a_turn_are_waited_for_since_their_voice_ended(
    agent_is_done: bool,
) -> None:
    first, second = turns(
        (M.CALLER_STARTED, 1),
        (M.TURN_STARTED, 1),
        (M.CALLER_STOPPED, 1.5),
        (M.CALLER_STARTED, 1.8),
        (M.TRANSCRIPT, 1.9),
        (M.CALLER_STOPPED, 2),
        (M.TURN_ENDED, 2.4),
        *answered(3),
        *([(M.BOT_STOPPED, 3.7)] if agent_is_done else []),
        (M.TRANSCRIPT, 3.8),
        (M.TURN_STARTED, 4.9),
        (M.TURN_ENDED, 5),
        *answered(5.5),
        (M.BOT_STOPPED, 7),
    )
    assert [first.kind, second.kind] == [TurnKind.ANSWERED, TurnKind.ANSWERED]
    assert [mark.at for mark in second.all(M.CALLER_STOPPED)] == [2]


def test_words_without_a_voice_that_begin_a_turn_during_another_are_of_the_new_one() -> None:
    first, second = turns(
        *asked(1),
        (M.TRANSCRIPT, 4),
        (M.TURN_STARTED, 4),
        (M.TURN_ENDED, 4.2),
        *answered(5),
        (M.BOT_STOPPED, 7),
    )
    assert [first.kind, second.kind] == [TurnKind.INTERRUPTED, TurnKind.ANSWERED]
    assert not second.first(M.CALLER_STOPPED)


def test_the_rest_of_an_answer_that_a_turn_cut_off_does_not_end_that_turn() -> None:
    kinds = [
        turn.kind
        for turn in turns(
            *asked(1),
            (M.TOKEN, 3),
            (M.CALLER_STARTED, 3.2),
            (M.CALLER_STOPPED, 3.5),
            (M.TRANSCRIPT, 3.6),
            (M.TURN_STARTED, 3.6),
            (M.SENTENCE, 3.6),
            (M.CALLER_STARTED, 3.7),
            (M.CALLER_STOPPED, 4),
            (M.CONTEXT, 4.3),
            (M.TURN_ENDED, 4.3),
            *answered(5),
            (M.BOT_STOPPED, 7),
        )
    ]
    assert kinds == [TurnKind.INTERRUPTED, TurnKind.ANSWERED]


def test_a_noise_while_a_stuck_request_is_ended_takes_no_turn_from_the_caller() -> None:
    [turn] = turns(
        *asked(1),
        (M.CALLER_STARTED, 3),
        (M.CALLER_STOPPED, 3.5),
        (M.INTERRUPTED, 5),
        *answered(6),
        (M.BOT_STOPPED, 8),
    )
    assert turn.kind is TurnKind.ANSWERED
    stopped = turn.last(M.CALLER_STOPPED)
    assert stopped is not None
    assert stopped.at == 2.0
