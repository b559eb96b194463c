import statistics
from typing import Any

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSTextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams
from pipecat.utils.errors import ErrorCategory

from antiphon.simulation.fakes import Failure, FakeLLM, FakeSTT, FakeTTS, Latency
from antiphon.simulation.fakes.llm import ToolCall
from antiphon.simulation.frames import (
    frames,
    interruption,
    pause,
    silence,
    speech,
    vad_started,
    vad_stopped,
)
from antiphon.simulation.runs import run_frames
from antiphon.simulation.virtual_time import run_virtual

from .calls import call


def spoken(seconds: float) -> Any:
    return vad_started() + pause(seconds) + vad_stopped() + pause(2.0)


def asked() -> Any:
    return frames(LLMContextFrame(LLMContext([{"role": "user", "content": "hello"}])))


def test_stt_hears_the_script_word_by_word_and_finalizes_after_the_vad() -> None:
    stt = FakeSTT(script=["stop right now", "yes"], latency=Latency(median=0.25), word_secs=0.4)
    out = run_virtual(run_frames(stt, spoken(1.0) + spoken(0.5))).down
    assert out.of(InterimTranscriptionFrame).texts == ["stop", "stop right", "yes"]
    assert out.of(TranscriptionFrame).texts == ["stop right now", "yes"]
    assert out.of(TranscriptionFrame).times == [1.25, 3.75]
    assert all(frame.finalized for frame in out.frames(TranscriptionFrame))


def test_stt_takes_a_caller_who_goes_on_before_the_transcript_for_one_utterance() -> None:
    stt = FakeSTT(script=["my number is five five"], latency=Latency(median=0.5))
    stream = vad_started() + pause(1) + vad_stopped() + pause(0.3) + spoken(1.0)
    out = run_virtual(run_frames(stt, stream))
    assert out.of(TranscriptionFrame).texts == ["my number is five five"]


def test_stt_hears_nothing_past_the_end_of_its_script() -> None:
    out = run_virtual(run_frames(FakeSTT(script=[]), spoken(1.0)))
    assert len(out.of(TranscriptionFrame, InterimTranscriptionFrame)) == 0


def test_llm_streams_its_reply_after_its_latency() -> None:
    llm = FakeLLM(script=["Hello there."], latency=Latency(median=0.4), tokens_per_second=10)
    out = run_virtual(run_frames(llm, asked(), settle_secs=2)).down
    assert out.of(LLMTextFrame).texts == ["Hello", " there."]
    assert out.of(LLMTextFrame).times == [0.4, 0.5]


def test_llm_answers_the_context_when_its_script_is_a_function() -> None:
    def answer(context: LLMContext) -> str:
        return f"You said {context.messages[-1]['content']}."  # type: ignore[index, call-overload]

    out = run_virtual(run_frames(FakeLLM(script=answer), asked(), settle_secs=2))
    assert out.of(LLMTextFrame).text == "You said hello."


def test_an_interruption_stops_the_reply() -> None:
    llm = FakeLLM(script=["one two three four"], latency=Latency(median=0.0), tokens_per_second=2)
    out = run_virtual(run_frames(llm, asked() + pause(0.7) + interruption(), settle_secs=3)).down
    assert out.of(LLMTextFrame).text == "one two"
    assert out.of(InterruptionFrame).times == [0.7]


def test_tts_speaks_for_as_long_as_the_words_take_and_times_them() -> None:
    tts = FakeTTS(latency=Latency(median=0.2), words_per_second=2.0, rtf=0.0)
    out = run_virtual(run_frames(tts, frames(TTSSpeakFrame("one two three")), settle_secs=5)).down
    assert out.of(TTSAudioRawFrame).times[0] == pytest.approx(0.2)
    assert sum(len(f.audio) for f in out.frames(TTSAudioRawFrame)) == 2 * 16_000 * 3 // 2
    words = out.frames(TTSTextFrame)
    assert [word.text for word in words] == ["one", "two", "three"]
    pts = [word.pts or 0 for word in words]
    assert [(t - pts[0]) / 1e9 for t in pts] == pytest.approx([0.0, 0.5, 1.0])


def test_tts_without_word_timestamps_sends_the_text_behind_its_audio() -> None:
    tts = FakeTTS(word_timestamps=False)
    out = run_virtual(run_frames(tts, frames(TTSSpeakFrame("one two")), settle_secs=5)).down
    assert out.of(TTSAudioRawFrame, TTSTextFrame).kinds[-1] == "TTSTextFrame"
    assert out.of(TTSTextFrame).texts == ["one two"]


FAIL = Failure(message="503 from the vendor", after=2, text="one two three four")


@pytest.mark.parametrize(
    ("service", "stream", "still_comes"),
    [
        (FakeSTT(script=[FAIL]), spoken(3.0), (InterimTranscriptionFrame, 2)),
        (FakeLLM(script=[FAIL]), asked() + pause(5), (LLMTextFrame, 2)),
        (
            FakeTTS(failures={0: FAIL}),
            frames(TTSSpeakFrame("one two three four")) + pause(5),
            (TTSAudioRawFrame, 2),
        ),
    ],
    ids=["stt", "llm", "tts"],
)
def test_a_failure_on_cue_breaks_off_and_is_reported(
    service: Any, stream: Any, still_comes: tuple[type, int]
) -> None:
    out = run_virtual(run_frames(service, stream))
    error = out.up.only(ErrorFrame)
    assert "503 from the vendor" in error.error
    assert error.category is ErrorCategory.SERVER
    assert service.is_usable
    kind, count = still_comes
    assert len(out.down.of(kind)) == count
    assert len(out.of(TranscriptionFrame)) == 0


def test_a_permanent_failure_makes_the_service_unusable() -> None:
    llm = FakeLLM(script=[Failure(category=ErrorCategory.AUTHENTICATION)])
    run_virtual(run_frames(llm, asked() + pause(2)))
    assert not llm.is_usable


def test_a_stall_is_silence_without_an_error_until_interrupted() -> None:
    llm = FakeLLM(script=[Failure(stall=True, after=1, text="Let me"), "Sorry."])
    stream = asked() + pause(20) + interruption() + asked() + pause(2)
    out = run_virtual(run_frames(llm, stream))
    assert len(out.of(ErrorFrame)) == 0
    assert out.between(0, 20).of(LLMTextFrame).text == "Let"
    assert out.between(20, 30).of(LLMTextFrame).text == "Sorry."
    assert out.of(LLMFullResponseEndFrame).times[0] == 20.0


def test_latencies_have_the_median_and_tail_asked_for_and_follow_from_the_seed() -> None:
    def draws(seed: int) -> list[float]:
        latency = Latency(median=0.3, p95=1.2, seed=seed)
        return [latency.draw() for _ in range(4_000)]

    first = draws(1)
    assert first == draws(1) != draws(2)
    assert statistics.median(first) == pytest.approx(0.3, rel=0.1)
    assert statistics.quantiles(first, n=20)[-1] == pytest.approx(1.2, rel=0.1)
    assert Latency(median=0.3).draw() == 0.3


@pytest.mark.parametrize(("median", "p95"), [(-0.1, None), (0.5, 0.4)])
def test_an_impossible_latency_is_refused(median: float, p95: float | None) -> None:
    with pytest.raises(ValueError, match="0 <= median <= p95"):
        Latency(median=median, p95=p95)


def test_a_whole_call_with_a_tool() -> None:
    async def opening_hours(params: FunctionCallParams) -> None:
        await params.result_callback({"sunday": "closed"})

    llm = FakeLLM(
        script=[ToolCall(name="opening_hours", arguments={"day": "sunday"}), "On Sunday we rest."]
    )
    llm.register_function("opening_hours", opening_hours)
    heard = silence(0.5) + speech(1.5) + silence(6.0)
    transport, context = run_virtual(
        call(FakeSTT(script=["are you open on sunday"]), llm, FakeTTS(), heard)
    )
    roles = [message["role"] for message in context.messages if isinstance(message, dict)]
    assert roles == ["user", "assistant", "tool", "assistant"]
    assert context.messages[-1]["content"] == "On Sunday we rest."  # type: ignore[index, call-overload]
    assert transport.played[0].at_secs > 2.0
