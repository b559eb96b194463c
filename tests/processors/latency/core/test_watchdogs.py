"""What a service owes and does not deliver is reported once, by name, at its limit."""

import pytest

from antiphon.processors.latency.core.moments import Moment
from antiphon.processors.latency.core.watchdogs import Stall, StallKind, WatchdogLimits, Watchdogs

S = Moment
LIMITS = WatchdogLimits(
    transcript_missing=2,
    no_first_token=3,
    tokens_stalled=2,
    no_speech=2,
    speech_unfinished=2.5,
    no_audio_written=1,
    no_answer=6,
)


def follow(*seen: tuple[Moment, float], until: float = 60) -> list[tuple[StallKind, float]]:
    """Let a call go by as a timer would, and return what was overdue and when."""
    dogs = Watchdogs(LIMITS)
    found: list[Stall] = []
    for what, at in seen:
        while (due := dogs.next_due()) is not None and due <= at:
            found += dogs.due(due)
        found += dogs.see(what, at=at, service="service")
    while (due := dogs.next_due()) is not None and due <= until:
        found += dogs.due(due)
    return [(stall.kind, stall.at) for stall in found]


ANSWER = [
    (S.TURN_ENDED, 3.0),
    (S.LLM_STARTED, 3.0),
    (S.TOKEN, 3.5),
    (S.TOKEN, 4.0),
    (S.LLM_ENDED, 4.1),
    (S.TTS_STARTED, 4.1),
    (S.AUDIO, 4.3),
    (S.WRITTEN, 4.4),
    (S.TTS_STOPPED, 5.0),
]


@pytest.mark.parametrize(
    ("seen", "overdue"),
    [
        (
            [(S.CALLER_STARTED, 1), (S.CALLER_STOPPED, 2)],
            [(StallKind.TRANSCRIPT_MISSING, 4.0)],
        ),
        # Words came, but not for what was said after them.
        (
            [
                (S.CALLER_STARTED, 1),
                (S.TRANSCRIPT, 1.5),
                (S.INTERIM, 1.8),
                (S.CALLER_STOPPED, 2),
            ],
            [(StallKind.TRANSCRIPT_MISSING, 4.0)],
        ),
        ([(S.CALLER_STARTED, 1), (S.TRANSCRIPT, 1.9), (S.CALLER_STOPPED, 2)], []),
        # A cough, and the turn that it made: nobody owes a word.
        ([(S.CALLER_STARTED, 1), (S.CALLER_STOPPED, 1.4), (S.TURN_ENDED, 6)], []),
        # A short word of which something was heard.
        (
            [(S.CALLER_STARTED, 1), (S.INTERIM, 1.3), (S.CALLER_STOPPED, 1.4)],
            [(StallKind.TRANSCRIPT_MISSING, 3.4)],
        ),
        # Words that never came are still missing after a cough.
        (
            [
                (S.CALLER_STARTED, 1),
                (S.CALLER_STOPPED, 3),
                (S.CALLER_STARTED, 4),
                (S.CALLER_STOPPED, 4.3),
            ],
            [(StallKind.TRANSCRIPT_MISSING, 6.3)],
        ),
        # The caller goes on: what was owed is not yet.
        ([(S.CALLER_STOPPED, 2), (S.CALLER_STARTED, 3)], []),
        ([(S.LLM_STARTED, 3)], [(StallKind.NO_FIRST_TOKEN, 6.0)]),
        ([(S.LLM_STARTED, 3), (S.TOKEN, 5)], [(StallKind.TOKENS_STALLED, 7.0)]),
        ([(S.LLM_STARTED, 3), (S.LLM_ENDED, 4)], [(StallKind.EMPTY_ANSWER, 4.0)]),
        (
            [(S.LLM_STARTED, 3), (S.TOKEN, 4), (S.LLM_FAILED, 5), (S.LLM_ENDED, 5)],
            [(StallKind.ANSWER_CUT_SHORT, 5.0)],
        ),
        ([(S.LLM_STARTED, 3), (S.LLM_ENDED, 9)], [(StallKind.NO_FIRST_TOKEN, 6.0)]),
        ([(S.LLM_STARTED, 3), (S.TOOL_STARTED, 4), (S.LLM_ENDED, 4)], []),
        ([(S.LLM_STARTED, 3), (S.INTERRUPTED, 4), (S.LLM_ENDED, 4)], []),
        ([(S.TTS_STARTED, 3)], [(StallKind.NO_SPEECH, 5.0)]),
        (
            [(S.TTS_STARTED, 3), (S.AUDIO, 4), (S.WRITTEN, 4.1)],
            [(StallKind.SPEECH_UNFINISHED, 6.5)],
        ),
        (
            [(S.AUDIO, 4), (S.TO_WRITE, 4), (S.TTS_STOPPED, 4.2)],
            [(StallKind.NO_AUDIO_WRITTEN, 5.0)],
        ),
        (
            [(S.AUDIO, 4), (S.TO_WRITE, 4), (S.TO_WRITE, 4.9), (S.TTS_STOPPED, 4.9)],
            [(StallKind.NO_AUDIO_WRITTEN, 5.0)],
        ),
        # A gate holds it.
        ([(S.AUDIO, 4), (S.TTS_STOPPED, 4.2)], []),
        # What a gate let out before does not vouch for what follows.
        (
            [*ANSWER, (S.TO_WRITE, 7), (S.WRITTEN, 7), (S.BOT_STOPPED, 7.2), (S.TO_WRITE, 8)],
            [(StallKind.NO_AUDIO_WRITTEN, 9.0)],
        ),
        ([(S.AUDIO, 4), (S.WRITTEN, 4.1), (S.AUDIO, 4.5), (S.TTS_STOPPED, 4.9)], []),
        (
            [*ANSWER, (S.AUDIO, 8.0), (S.TO_WRITE, 8.0), (S.TTS_STOPPED, 8.1)],
            [(StallKind.NO_AUDIO_WRITTEN, 9.0)],
        ),
        ([(S.TURN_ENDED, 3)], [(StallKind.NO_ANSWER, 9.0)]),
        ([(S.TURN_ENDED, 3), (S.TOOL_STARTED, 4)], []),
        ([(S.TURN_ENDED, 3), (S.TOOL_STARTED, 4), (S.TOOL_ENDED, 30)], [("no_answer", 36.0)]),
        (ANSWER, []),
        # A restored or redacted token comes after the LLM is done: it owes no further one.
        ([*ANSWER, (S.TOKEN, 5.1)], []),
        # While the LLM still streams, the TTS service is not to blame for a pause.
        (
            [(S.LLM_STARTED, 1), (S.TOKEN, 2), (S.AUDIO, 2.5), (S.WRITTEN, 2.5), (S.TOKEN, 3)],
            [(StallKind.TOKENS_STALLED, 5.0)],
        ),
    ],
)
def test_what_is_overdue_is_found_at_its_limit(
    seen: list[tuple[Moment, float]], overdue: list[tuple[StallKind, float]]
) -> None:
    assert follow(*seen) == overdue


def test_a_stall_names_the_service_and_for_how_long_it_has_been_owed() -> None:
    dogs = Watchdogs(LIMITS)
    dogs.see(Moment.LLM_STARTED, at=1.0, service="OpenAILLMService#0")
    assert dogs.owes(StallKind.NO_FIRST_TOKEN)
    assert not dogs.owes(StallKind.NO_SPEECH)
    assert dogs.due(3.9) == []
    assert dogs.due(4.5) == [
        Stall(
            kind=StallKind.NO_FIRST_TOKEN,
            service="OpenAILLMService#0",
            elapsed_secs=3.5,
            at=4.5,
        )
    ]
    assert dogs.due(99.0) == []


def test_audio_that_goes_on_moves_the_deadline_of_its_end() -> None:
    dogs = Watchdogs(LIMITS)
    assert not dogs.more_audio(1.0)
    dogs.see(Moment.AUDIO, at=1.0, service="tts")
    dogs.see(Moment.WRITTEN, at=1.0)
    assert dogs.more_audio(3.0)
    assert dogs.next_due() == 5.5


def test_a_limit_of_none_never_barks() -> None:
    dogs = Watchdogs(WatchdogLimits(no_first_token=None))
    dogs.see(Moment.LLM_STARTED, at=1.0)
    assert dogs.next_due() is None
    assert dogs.due(1e9) == []


def test_a_limit_that_is_always_exceeded_is_refused() -> None:
    with pytest.raises(ValueError, match="no_first_token must be above 0"):
        WatchdogLimits(no_first_token=0)
