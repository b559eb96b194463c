"""A spoken card is inaudible in a recording, whatever began, stopped or failed meanwhile.

And what is said around it is not: word times are right in all but the calls whose name says so.
"""

import pytest
from pipecat.frames.frames import Frame, STTMuteFrame, TranscriptionFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.turns.user_mute import BaseUserMuteStrategy
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies

from antiphon.core.unclear import UNCLEAR
from antiphon.processors.redaction import RedactingRecorder

from .tones import (
    CARD,
    Call,
    ToneSTT,
    ToneVAD,
    digits_in,
    line,
)

pytestmark = pytest.mark.virtual_time

BEFORE, AFTER = ["my", "card", "number", "is"], ["thank", "you"]
CARD_AT = 14.0
SAID = [*BEFORE, *CARD, *AFTER]
# Hello at 2 s, the card with words around it at 14 s, more words at 26 s.
TALK = line(32.0, (2.0, ["hello"]), (CARD_AT, SAID), (27.0, ["good", "work"]))


def recorder(**options: object) -> RedactingRecorder:
    given = {"num_channels": 2, "consent": True, "auto_start_recording": True}
    return RedactingRecorder(**{**given, **options})  # type: ignore[arg-type]


def assert_only_the_card_is_gone(heard: dict[str, float], *also_gone: str) -> None:
    assert digits_in(heard) == []
    wanted = {"hello", *BEFORE, *AFTER, "good", "work"} - set(also_gone)
    assert {word for word in wanted if heard.get(word, 0.0) < 0.15} == set()


async def test_a_card_in_a_call_recorded_from_its_start() -> None:
    assert_only_the_card_is_gone(await Call().heard(TALK))


async def test_consent_given_ten_seconds_into_the_call() -> None:
    recording = recorder(consent=False)
    call = Call(recorder=recording, at={10.0: recording.give_consent})

    assert_only_the_card_is_gone(await call.heard(TALK), "hello")


async def test_consent_withdrawn_and_given_again() -> None:
    recording = recorder()
    call = Call(
        recorder=recording,
        at={5.0: recording.withdraw_consent, 11.0: recording.give_consent},
    )

    assert_only_the_card_is_gone(await call.heard(TALK), "hello")


async def test_recording_stopped_and_started_again() -> None:
    recording = recorder()
    call = Call(
        recorder=recording,
        at={6.0: recording.stop_recording, 9.0: recording.start_recording},
    )

    assert_only_the_card_is_gone(await call.heard(TALK))


@pytest.mark.parametrize(
    "at_s", [17.3, *(pytest.param(at, marks=pytest.mark.system) for at in (15.0, 19.9))]
)
async def test_consent_given_in_the_middle_of_the_card(at_s: float) -> None:
    recording = recorder(consent=False)
    heard = await Call(recorder=recording, at={at_s: recording.give_consent}).heard(TALK)

    assert digits_in(heard) == []
    assert heard["thank"] > 0.15


async def test_consent_given_in_the_middle_of_a_card_without_word_times() -> None:
    recording = recorder(consent=False)
    call = Call(
        stt=ToneSTT(word_times=False), recorder=recording, at={17.3: recording.give_consent}
    )
    heard = await call.heard(TALK)

    assert digits_in(heard) == []
    assert heard["good"] > 0.15


async def test_without_word_times_the_utterance_is_gone_and_the_others_are_not() -> None:
    heard = await Call(stt=ToneSTT(word_times=False)).heard(TALK)

    assert set(heard) == {"hello", "good", "work"}


class PuzzledSTT(ToneSTT):
    """Tells no word times, and does not understand what is said of a card."""

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        if isinstance(frame, TranscriptionFrame) and "card" in frame.text:
            frame.text = UNCLEAR
        await super().push_frame(frame, direction)


async def test_what_the_recogniser_did_not_understand_may_be_a_card_and_is_gone() -> None:
    heard = await Call(stt=PuzzledSTT(word_times=False)).heard(TALK)

    assert set(heard) == {"hello", "good", "work"}


@pytest.mark.parametrize(("rate_out", "cover"), [(16000, "silence"), (24000, "bleep")])
async def test_a_recording_at_another_rate_than_the_line(rate_out: int, cover: str) -> None:
    call = Call(recorder=recorder(cover=cover), rate_out=rate_out)
    heard = await call.heard(TALK)
    # A bleep's pitch is that of a digit.
    if cover == "bleep":
        heard = {word: length for word, length in heard.items() if word != CARD[6]}

    assert_only_the_card_is_gone(heard)


async def test_a_line_whose_audio_begins_late() -> None:
    call = Call(arrives=lambda at_s: at_s + 7.5)

    assert_only_the_card_is_gone(await call.heard(TALK))


async def test_audio_that_is_lost_before_the_stt() -> None:
    lost = Call(arrives=lambda at_s: None if 4.0 < at_s < 9.0 or round(at_s, 2) == 15.0 else at_s)

    assert_only_the_card_is_gone(await lost.heard(TALK))


@pytest.mark.parametrize(
    ("begins_s", "ends_s"),
    [
        (13.0, 15.5),
        pytest.param(4.0, 9.0, marks=pytest.mark.system),
        pytest.param(16.0, 19.0, marks=pytest.mark.system),
    ],
)
async def test_a_line_that_stalls_and_catches_up(begins_s: float, ends_s: float) -> None:
    call = Call(arrives=lambda at_s: ends_s if begins_s < at_s < ends_s else at_s)

    assert_only_the_card_is_gone(await call.heard(TALK))


@pytest.mark.parametrize(
    ("begins_s", "ends_s"), [(13.0, 15.5), pytest.param(16.0, 19.0, marks=pytest.mark.system)]
)
async def test_a_stall_without_word_times(begins_s: float, ends_s: float) -> None:
    call = Call(
        stt=ToneSTT(word_times=False),
        arrives=lambda at_s: ends_s if begins_s < at_s < ends_s else at_s,
    )
    heard = await call.heard(TALK)

    assert digits_in(heard) == []
    assert {"hello", "good", "work"} <= set(heard)


async def test_pieces_that_leave_while_the_call_goes_on() -> None:
    call = Call(recorder=recorder(buffer_s=1.0, lag_s=10.0), rate_out=16000)

    assert_only_the_card_is_gone(await call.heard(TALK))


async def test_an_stt_that_was_muted_for_a_while() -> None:
    stt = ToneSTT()
    call = Call(
        stt=stt,
        at={
            4.0: lambda: stt.queue_frame(STTMuteFrame(mute=True)),
            8.0: lambda: stt.queue_frame(STTMuteFrame(mute=False)),
        },
    )

    assert_only_the_card_is_gone(await call.heard(TALK))


async def test_an_stt_that_was_muted_while_the_caller_spoke() -> None:
    stt = ToneSTT()
    call = Call(
        stt=stt,
        at={
            14.2: lambda: stt.queue_frame(STTMuteFrame(mute=True)),
            15.5: lambda: stt.queue_frame(STTMuteFrame(mute=False)),
        },
    )
    heard = await call.heard(TALK)

    assert digits_in(heard) == []
    assert heard["thank"] > 0.15


@pytest.mark.parametrize("at_s", [6.0, 12.0, 15.5])
async def test_an_stt_that_lost_its_connection_is_not_believed(at_s: float) -> None:
    stt = ToneSTT()
    heard = await Call(stt=stt, at={at_s: stt.new_stream}).heard(TALK)

    assert digits_in(heard) == []
    assert {"hello", "good", "work"} <= set(heard)


async def test_an_stt_that_tells_of_its_new_connection_early_in_a_long_utterance() -> None:
    stt = ToneSTT()
    call = Call(stt=stt, at={0.0: stt.connect, 3.0: stt.connect})
    said = line(16.0, (0.8, [*BEFORE, "the", "good", *CARD, *AFTER]))

    assert digits_in(await call.heard(said)) == []


class Deaf(BaseUserMuteStrategy):
    """Mutes the caller while told so."""

    muted = False

    async def process_frame(self, frame: Frame) -> bool:
        await super().process_frame(frame)
        return self.muted

    def mute(self, muted: bool) -> None:
        self.muted = muted


@pytest.mark.parametrize("vad_first", [True, False])
async def test_a_caller_who_was_muted_for_the_agent(vad_first: bool) -> None:
    deaf = Deaf()
    aggregator = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(
            user_mute_strategies=[deaf], user_turn_strategies=ExternalUserTurnStrategies()
        ),
    ).user()
    call = Call(
        before_recorder=[ToneVAD(), aggregator] if vad_first else [aggregator, ToneVAD()],
        at={4.0: lambda: deaf.mute(True), 9.0: lambda: deaf.mute(False)},
    )

    assert_only_the_card_is_gone(await call.heard(TALK))


async def test_an_stt_behind_others_is_found_in_its_pipeline() -> None:
    assert_only_the_card_is_gone(await Call(heard_by=[Pipeline([ToneSTT()])]).heard(TALK))


async def test_of_several_stts_none_is_believed() -> None:
    switcher = ServiceSwitcher([ToneSTT(), ToneSTT()])
    heard = await Call(heard_by=[switcher]).heard(TALK)

    assert digits_in(heard) == []
    assert {"hello", "good", "work"} <= set(heard)
