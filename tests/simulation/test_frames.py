import pytest
from hypothesis import given, settings
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from antiphon.processors.safe_processor import SafeProcessor
from antiphon.simulation.frames import (
    FrameStream,
    TimedFrame,
    audio,
    bot_speaking,
    dtmf,
    final,
    frames,
    interim,
    interruption,
    llm_response,
    pause,
    silence,
    speech,
    tool_call,
    tts_response,
    upstream,
    user_turn,
)
from antiphon.simulation.runs import Outputs, run_frames
from antiphon.simulation.strategies import call_streams
from antiphon.simulation.virtual_time import run_virtual


def passed(stream: FrameStream) -> Outputs:
    return run_virtual(run_frames(IdentityFilter(), stream))


def test_a_stream_after_another_starts_when_that_one_ends() -> None:
    out = passed(pause(1.0) + interim("one") + pause(0.5) + final("one two"))
    assert out.of(TextFrame).texts == ["one", "one two"]
    assert out.of(TextFrame).times == [1.0, 1.5]


def test_streams_over_each_other_keep_their_own_times() -> None:
    stream = (pause(0.3) + interim("word")) | frames(InterruptionFrame(), every=0.5) | interim("a")
    out = passed(stream)
    assert stream.seconds == 0.5
    assert [
        (o.at, type(o.frame)) for o in out.of(InterruptionFrame, InterimTranscriptionFrame)
    ] == [
        (0.0, InterruptionFrame),
        (0.0, InterimTranscriptionFrame),
        (0.3, InterimTranscriptionFrame),
    ]


def test_audio_comes_in_frames_of_20_ms_in_real_time() -> None:
    out = passed(audio(bytes(2 * 16_000) + b"\x01\x00"))
    sent = out.frames(InputAudioRawFrame)
    assert [len(frame.audio) for frame in sent] == [640] * 50 + [2]
    assert out.of(InputAudioRawFrame).times[:3] == [0.0, 0.02, 0.04]
    assert b"".join(frame.audio for frame in sent) == bytes(2 * 16_000) + b"\x01\x00"


def test_pipecats_vad_hears_speech_and_not_silence() -> None:
    out = run_virtual(
        run_frames(
            VADProcessor(vad_analyzer=SileroVADAnalyzer()),
            silence(1.0) + speech(1.5) + silence(1.0),
        )
    ).down
    (began,) = out.of(VADUserStartedSpeakingFrame).times
    (ended,) = out.of(VADUserStoppedSpeakingFrame).times
    assert 1.0 < began < 1.6
    assert 2.5 < ended < 3.0


def test_a_user_turn_has_vad_events_around_growing_transcripts() -> None:
    out = passed(user_turn("stop right now", seconds=1.5))
    assert out.between(0, 1.5).of(InterimTranscriptionFrame).texts == ["stop", "stop right"]
    assert out.of(VADUserStartedSpeakingFrame).times == [0.2]
    assert out.of(VADUserStoppedSpeakingFrame).times == [1.7]
    assert out.of(TranscriptionFrame).texts == ["stop right now"]
    assert out.of(TranscriptionFrame).times == [1.8]
    assert out.only(TranscriptionFrame).finalized


def test_llm_tokens_come_at_the_pace_and_in_the_sizes_asked_for() -> None:
    out = passed(llm_response("Hello there, you.", tokens_per_second=10))
    assert out.of(LLMTextFrame).texts == ["Hello", " there,", " you."]
    assert out.of(LLMTextFrame).times == [0.0, 0.1, 0.2]
    kinds = out.of(LLMFullResponseStartFrame, LLMTextFrame, LLMFullResponseEndFrame).kinds
    assert (kinds[0], kinds[-1]) == ("LLMFullResponseStartFrame", "LLMFullResponseEndFrame")
    assert passed(llm_response("abcdefgh", chunk_chars=3)).of(LLMTextFrame).texts == [
        "abc",
        "def",
        "gh",
    ]


def test_word_timestamps_say_when_each_word_is_heard() -> None:
    out = passed(pause(2.0) + tts_response("one two three", words_per_second=2, rtf=0.1))
    words = out.frames(TTSTextFrame)
    first = words[0].pts or 0
    assert [round(((word.pts or 0) - first) / 1e9, 6) for word in words] == [0.0, 0.5, 1.0]
    sound = out.frames(TTSAudioRawFrame)
    assert sum(len(frame.audio) for frame in sound) == 2 * 24_000 * 3 // 2
    assert out.of(TTSStartedFrame).times == [2.0]
    assert out.of(TTSStoppedFrame).times == [2.15]


def test_without_word_timestamps_the_text_follows_its_audio() -> None:
    out = passed(tts_response("one two", word_timestamps=False)).of(TTSAudioRawFrame, TTSTextFrame)
    assert out.kinds[-2:] == ["TTSAudioRawFrame", "TTSTextFrame"]
    assert out.texts == ["one two"]


def test_a_tool_call_lasts_as_long_as_the_tool() -> None:
    out = passed(tool_call("check_order", {"id": 7}, result={"state": "sent"}, seconds=2.0))
    assert out.of(FunctionCallInProgressFrame).times == [0.0]
    assert out.of(FunctionCallResultFrame).times == [2.0]
    assert out.only(FunctionCallResultFrame).result == {"state": "sent"}


def test_upstream_frames_come_out_upstream() -> None:
    out = passed(bot_speaking(1.5))
    assert out.up.of(BotStartedSpeakingFrame).times == [0.0]
    assert out.up.of(BotStoppedSpeakingFrame).times == [1.5]
    assert len(out.down.of(BotStartedSpeakingFrame)) == 0


def test_keys_are_pressed_one_after_the_other() -> None:
    out = passed(dtmf("4#", every=0.5))
    assert [frame.button.value for frame in out.frames(InputDTMFFrame)] == ["4", "#"]
    assert out.of(InputDTMFFrame).times == [0.0, 0.5]


def test_a_stream_may_end_the_call_itself() -> None:
    out = passed(interim("word") + frames(CancelFrame()))
    assert len(out.of(CancelFrame)) == 1
    assert len(out.of(EndFrame)) == 0


def test_a_call_that_ends_in_the_middle_of_a_stream_is_looked_at_all_the_same() -> None:
    out = passed(final("first") + pause(1.0) + frames(CancelFrame()) + pause(30.0) + final("late"))
    assert out.of(TranscriptionFrame).texts == ["first"]
    assert out.of(CancelFrame).times == [1.0]


def test_a_processor_that_keeps_the_end_to_itself_is_named() -> None:
    class Swallower(FrameProcessor):
        async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
            await super().process_frame(frame, direction)
            if not isinstance(frame, EndFrame):
                await self.push_frame(frame, direction)

    with pytest.raises(TimeoutError, match="EndFrame did not come out of Swallower"):
        run_virtual(run_frames(Swallower(), interim("word")))


def test_what_a_processor_adds_late_is_timed() -> None:
    class Echo(SafeProcessor):
        async def handle(self, frame: Frame, direction: FrameDirection) -> None:
            await self.push_frame(frame, direction)
            if isinstance(frame, TranscriptionFrame):
                await self.push_frame(TextFrame(text="again"), FrameDirection.UPSTREAM)

    out = run_virtual(run_frames([Echo(), IdentityFilter()], pause(1.0) + final("first")))
    assert out.up.of(TextFrame).texts == ["again"]
    assert out.up.of(TextFrame).times == [1.0]
    with pytest.raises(AssertionError, match="expected one LLMTextFrame, not 0"):
        out.only(LLMTextFrame)


@pytest.mark.parametrize(
    "stream",
    [
        lambda: FrameStream(
            items=(TimedFrame(at=1.0, frame=EndFrame()), TimedFrame(at=0.5, frame=EndFrame())),
            seconds=2.0,
        ),
        lambda: FrameStream(items=(TimedFrame(at=1.0, frame=EndFrame()),), seconds=0.5),
        lambda: user_turn("  "),
    ],
)
def test_an_impossible_stream_is_refused(stream: object) -> None:
    assert callable(stream)
    with pytest.raises(ValueError, match=r"order of time|do not fit|at least one word"):
        stream()


@settings(max_examples=30, deadline=None)
@given(stream=call_streams())
def test_whatever_is_sent_passes_a_processor_that_does_nothing(stream: FrameStream) -> None:
    down = [i.frame.id for i in stream if i.direction == FrameDirection.DOWNSTREAM]
    up = [i.frame.id for i in stream if i.direction == FrameDirection.UPSTREAM]
    interrupted = any(isinstance(i.frame, InterruptionFrame) for i in stream)
    out = passed(stream)
    assert {o.frame.id for o in out.up} >= set(up)
    if not interrupted:
        assert {o.frame.id for o in out.down} >= set(down)
    ends = [o.at for o in out.of(EndFrame)]
    assert ends == [pytest.approx(stream.seconds, abs=1e-5)]


def test_upstream_keeps_times_and_length() -> None:
    stream = upstream(pause(0.4) + interruption() + pause(0.1))
    assert [item.at for item in stream] == [0.4]
    assert stream.seconds == pytest.approx(0.5)
