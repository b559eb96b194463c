import asyncio
from collections.abc import Callable

import numpy as np
import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    OutputImageRawFrame,
    SpriteFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)

from antiphon.processors.interruption import PlaybackSettings

from .calls import RATE, call, now, reply, sentence_frames, tone

pytestmark = pytest.mark.looptime(start=0)

TEN = [("One two three four five.", 1500), ("Six seven eight nine ten.", 1500)]


async def test_reply_is_played_unchanged_and_without_a_gap() -> None:
    async with call() as c:
        await c.say(reply(TEN))
        await asyncio.sleep(4)
    played = b"".join(chunk.pcm for chunk in c.transport.played)
    assert played == tone(3000)
    assert [at for at, _ in c.loudness()] == pytest.approx([i * 0.04 for i in range(75)])
    assert c.said("assistant") == ["One two three four five. Six seven eight nine ten."]


@pytest.mark.parametrize("offset", [0.0, 0.001, 0.013, 0.02, 0.039])
async def test_duck_is_heard_within_40_ms_and_undone_as_fast(offset: float) -> None:
    async with call() as c:
        await c.say(reply(TEN))
        await asyncio.sleep(0.5 + offset)
        c.gate.duck()
        at = now()
        await asyncio.sleep(0.5)
        c.gate.restore()
        back = now()
        await asyncio.sleep(1)
    # The chunk in which the ramp begins still has loud samples: look at the last ones.
    quiet = [chunk.at_secs for chunk in c.transport.played if abs(last(chunk.pcm)) < 7000]
    assert 0 <= quiet[0] - at <= 0.0401
    assert -0.0001 <= quiet[-1] + 0.04 - back <= 0.0401


def last(pcm: bytes) -> int:
    return int(np.frombuffer(pcm, "<i2")[-1])


async def test_loudness_never_jumps() -> None:
    async with call() as c:
        await c.say(reply([("A steady voice.", 3000)]))
        await asyncio.sleep(0.5)
        c.gate.duck()
        await asyncio.sleep(0.5)
        c.gate.hold()
        await asyncio.sleep(0.5)
        c.gate.resume()
        await asyncio.sleep(3)
    samples = np.frombuffer(b"".join(chunk.pcm for chunk in c.transport.played), "<i2")
    # A full swing in 20 ms is 1/320 of the voice's loudness from sample to sample.
    assert np.abs(np.diff(np.abs(samples.astype(int)))).max() <= 8000 / 320 + 1


async def test_hold_is_silent_and_loses_nothing() -> None:
    async with call() as c:
        await c.say(reply(TEN))
        await asyncio.sleep(0.7)
        c.gate.hold()
        at = now()
        await asyncio.sleep(0.9)
        assert c.silent_from(at) <= 0.0801
        assert c.said("assistant") == []
        c.gate.resume()
        await asyncio.sleep(4)
    assert c.said("assistant") == ["One two three four five. Six seven eight nine ten."]


@pytest.mark.parametrize(
    ("held", "again_ms"),
    [
        pytest.param(0.5, 0.7 * 1000 - 600, id="the word"),
        pytest.param(1.5, 0.7 * 1000, id="the clause"),
    ],
)
async def test_resume_repeats_what_was_not_understood(held: float, again_ms: float) -> None:
    async with call() as c:
        await c.say(reply([("aaaa bbbb cccc dddd eeee", 1500)]))
        await asyncio.sleep(0.7)
        c.gate.hold()
        await asyncio.sleep(held)
        c.gate.resume()
        await asyncio.sleep(3)
    played_ms = sum(len(chunk.pcm) for chunk in c.transport.played) / 32
    # The chunk that fades out and the one that holds the word's beginning are played twice.
    assert again_ms <= played_ms - 1500 <= again_ms + 120


async def test_what_was_heard_stays_heard_while_it_is_repeated() -> None:
    async with call() as c:
        await c.say(reply([("aaaa bbbb cccc dddd eeee", 1500)]))
        await asyncio.sleep(0.7)
        c.gate.hold()
        await asyncio.sleep(1.5)
        heard_ms = c.gate.heard_ms
        c.gate.resume()
        await asyncio.sleep(0.2)
        assert c.gate.heard_ms == heard_ms > 600
        await asyncio.sleep(0.9)
        assert c.gate.heard_ms > heard_ms
        await c.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(0.1)
        assert c.gate.heard_ms == 0


async def test_context_holds_what_was_heard_and_that_it_was_cut() -> None:
    async with call() as c:
        await c.say(reply(TEN, finished=False))
        await asyncio.sleep(0.85)
        await c.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(1)
    assert c.said("assistant") == ["One two three —"]


async def test_words_with_times_are_cut_to_the_word() -> None:
    async with call() as c:
        await c.say(timed_reply("one two three four five six", each_ms=300))
        await asyncio.sleep(1.0)
        await c.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(1)
    assert c.said("assistant") == ["one two three —"]


@pytest.mark.parametrize(
    ("cut_at", "kept"),
    [(None, "It costs $5.50 today."), (2.15, "It costs $5.50 —"), (1.9, "It costs —")],
)
async def test_what_the_voice_says_otherwise_enters_the_context_as_it_was_written(
    cut_at: float | None, kept: str
) -> None:
    # As Pipecat tells it: the last word of the span brings what was written for all of them.
    frames = timed_reply("It costs five dollars and fifty cents today.", each_ms=300)
    words = [frame for frame in frames if isinstance(frame, TTSTextFrame)]
    for word in words[2:6]:
        word.append_to_context = False
    words[6].raw_text = "$5.50"

    async with call() as c:
        await c.say(frames)
        await asyncio.sleep(cut_at or 4.0)
        if cut_at:
            await c.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(1)
    assert c.said("assistant") == [kept]


async def test_words_with_times_wait_while_the_agent_is_held() -> None:
    async with call() as c:
        await c.say(timed_reply("one two three four five six", each_ms=300))
        await asyncio.sleep(0.7)
        c.gate.hold()
        await asyncio.sleep(3)
        await c.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(1)
    assert c.said("assistant") == ["one two —"]


def timed_reply(text: str, *, each_ms: float) -> list[Frame]:
    """A reply as a service with word times sends it: `call` gives the words their clock times."""
    words = text.split()
    frames: list[Frame] = [LLMFullResponseStartFrame(), TTSStartedFrame(context_id="t")]
    spoken = AggregatedTextFrame(text, text_type="sentence", context_id="t")
    spoken.will_be_spoken, spoken.append_to_context = True, False
    frames += [spoken, TTSAudioRawFrame(tone(each_ms * len(words)), RATE, 1, context_id="t")]
    for index, word in enumerate(words):
        said = TTSTextFrame(word, text_type="word", segment_id=spoken.id, context_id="t")
        said.pts = round(index * each_ms * 1e6) + 1
        frames.append(said)
    return [*frames, TTSStoppedFrame(context_id="t"), LLMFullResponseEndFrame()]


async def test_heard_words_survive_an_interruption_that_follows_at_once() -> None:
    async with call() as c:
        await c.say(reply([("One.", 400), ("Two three.", 800)], finished=False))
        await asyncio.sleep(0.41)
        for _ in range(3):
            await c.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(1)
    assert c.said("assistant") == ["One. —"]


async def test_reply_that_was_heard_to_its_end_is_not_marked() -> None:
    async with call() as c:
        await c.say(reply([("One two.", 600)]))
        await asyncio.sleep(0.61)
        await c.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(0.5)
    assert c.said("assistant") == ["One two."]


async def test_reply_after_an_interruption_starts_at_full_loudness() -> None:
    async with call() as c:
        await c.say(reply(TEN))
        await asyncio.sleep(0.5)
        c.gate.duck()
        await asyncio.sleep(0.2)
        await c.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(0.5)
        again = now()
        await c.say(reply([("Hello again.", 800)]))
        await asyncio.sleep(1.5)
    assert {loud for _, loud in c.loudness(again)} == {1.0}
    assert c.said("assistant")[-1] == "Hello again."


async def test_end_of_the_call_waits_for_what_is_still_to_be_said() -> None:
    async with call() as c:
        await c.say(reply(TEN))
        await asyncio.sleep(0.3)
        c.gate.hold()
        await asyncio.sleep(0.1)
    assert sum(len(chunk.pcm) for chunk in c.transport.played) / 32 >= 3000
    assert c.said("assistant") == ["One two three four five. Six seven eight nine ten."]


async def test_speech_that_is_not_for_the_context_stays_out_of_it() -> None:
    async with call() as c:
        started = TTSStartedFrame(context_id="c")
        started.append_to_context = False
        await c.say([LLMFullResponseStartFrame(), started, *sentence_frames("One moment.", 600)])
        await c.say([TTSStoppedFrame(context_id="c"), LLMFullResponseEndFrame()])
        await asyncio.sleep(1)
    assert c.said("assistant") == []


async def test_full_gate_makes_the_voice_wait_instead_of_growing() -> None:
    async with call(playback=PlaybackSettings(max_buffer_secs=0.5)) as c:
        await c.say(reply([("A long story that goes on and on.", 6000)]))
        await asyncio.sleep(1)
        waiting = c.gate.ledger.received_ms - c.gate.ledger.sent_ms
        await asyncio.sleep(6)
    assert waiting <= 700
    assert sum(len(chunk.pcm) for chunk in c.transport.played) / 32 == 6000


@pytest.mark.parametrize(
    ("wrong", "quoted"),
    [
        (lambda: PlaybackSettings(duck_gain=1.5), "1.5"),
        (lambda: PlaybackSettings(ramp_secs=0), "ramp_secs is 0"),
        (lambda: PlaybackSettings(clause_after_secs=-1), "-1"),
        (lambda: PlaybackSettings(max_buffer_secs=0), "max_buffer_secs is 0"),
    ],
)
def test_settings_that_cannot_be_played_are_refused(
    wrong: Callable[[], PlaybackSettings], quoted: str
) -> None:
    with pytest.raises(ValueError, match=quoted):
        wrong()


async def test_uninterruptible_speech_goes_on_where_an_interruption_found_it() -> None:
    async with call() as c:
        notice = TTSAudioRawFrame(tone(2000), RATE, 1, context_id="c")
        notice.interruptible = False
        await c.say([notice])
        await asyncio.sleep(0.7)
        await c.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(3)
    assert sum(chunk.duration_secs for chunk in c.transport.played) == pytest.approx(2.0)


async def test_a_reply_ends_when_its_words_were_heard_not_when_they_were_sent() -> None:
    async with call() as c:
        c.gate.ledger.far_end.acknowledge(behind_secs=1.0)
        await c.say(reply(TEN))
        await asyncio.sleep(3.5)
        assert c.said("assistant") == []
        await asyncio.sleep(0.7)
        assert c.said("assistant") == ["One two three four five. Six seven eight nine ten."]


async def test_a_reply_that_was_sent_whole_is_cut_where_the_caller_heard_it() -> None:
    async with call() as c:
        c.gate.ledger.far_end.acknowledge(behind_secs=1.0)
        await c.say(reply(TEN))
        await asyncio.sleep(3.4)
        await c.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(1)
    assert c.said("assistant") == ["One two three four five. Six seven eight —"]


async def test_the_next_reply_comes_behind_one_that_is_still_heard() -> None:
    async with call() as c:
        c.gate.ledger.far_end.acknowledge(behind_secs=1.0)
        await c.say([*reply(TEN), *reply([("Eleven twelve.", 800)])])
        await asyncio.sleep(3.2)
        assert len(c.transport.played) * 0.04 == pytest.approx(3.2, abs=0.05)
        await asyncio.sleep(2)
    assert c.said("assistant") == [
        "One two three four five. Six seven eight nine ten.",
        "Eleven twelve.",
    ]


async def test_the_end_of_the_call_waits_until_all_was_heard() -> None:
    async with call() as c:
        c.gate.ledger.far_end.acknowledge(behind_secs=1.0)
        await c.say(reply(TEN))
        await asyncio.sleep(0.1)
        began = now() - 0.1
    assert now() - began >= 4.0
    assert c.said("assistant") == ["One two three four five. Six seven eight nine ten."]


async def test_a_tool_is_not_kept_waiting_for_what_the_caller_still_hears() -> None:
    announced = FunctionCallsStartedFrame(
        [FunctionCallFromLLM(function_name="f", tool_call_id="1", arguments={}, context=None)]
    )
    runs = FunctionCallInProgressFrame("f", "1", {})
    result = FunctionCallResultFrame("f", "1", {}, result="ready")
    async with call() as c:
        c.gate.ledger.far_end.acknowledge(behind_secs=1.0)
        await c.say([announced, *reply([("One moment.", 800)]), runs, result])
        await asyncio.sleep(1.0)
        said, results = c.said("assistant"), c.said("tool")
    # The model reads what the agent said and the result together.
    assert "One moment." in said
    assert results == ['"ready"']


async def test_what_the_far_end_keeps_back_is_heard_while_the_agent_holds_its_breath() -> None:
    async with call() as c:
        c.gate.ledger.far_end.acknowledge(behind_secs=1.0)
        await c.say(reply(TEN))
        await asyncio.sleep(0.85)
        c.gate.hold()
        await asyncio.sleep(2)
        await c.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(1)
    assert c.said("assistant") == ["One two three —"]


def picture(*, synced: bool = False) -> OutputImageRawFrame:
    frame = OutputImageRawFrame(image=b"\0" * 12, size=(2, 2), format="RGB")
    frame.sync_with_audio = synced
    return frame


async def test_pictures_pass_the_voice_unless_they_are_bound_to_it() -> None:
    shown: list[float] = []

    async def note(_: object, frame: Frame) -> None:
        if isinstance(frame, OutputImageRawFrame | SpriteFrame):
            shown.append(round(now(), 1))

    async with call() as c:
        c.gate.add_event_handler("on_before_push_frame", note)
        await c.say(reply([("One two three four five.", 3000)]))
        await c.say([picture(synced=True)])
        began = now()
        for _ in range(10):
            await c.say([picture()])
            await asyncio.sleep(0.1)
        await c.say([SpriteFrame(images=[picture()])])
        await asyncio.sleep(3)
    steps = [round(at - began, 1) for at in shown]
    assert steps == pytest.approx([*(i / 10 for i in range(11)), 3.0], abs=0.11)


async def test_no_picture_is_lost_to_an_interruption() -> None:
    shown: list[Frame] = []
    async with call() as c:
        c.gate.add_event_handler(
            "on_before_push_frame",
            lambda _, frame: (
                shown.append(frame) if isinstance(frame, OutputImageRawFrame) else None
            ),
        )
        await c.say(reply([("One two three four five.", 3000)]))
        for i in range(20):
            await c.say([picture()])
            if i == 10:
                await c.worker.queue_frame(InterruptionFrame())
            await asyncio.sleep(0.05)
    assert len(shown) == 20
