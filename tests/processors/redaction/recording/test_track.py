"""Two tracks keep the clock's time, and what was redacted is silent on both."""

import asyncio
import math
import random
from array import array

import numpy as np
import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    OutputAudioRawFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.redaction import PIIRedactedFrame, RedactingRecorder
from antiphon.processors.redaction.recording.track import Track

RATE = 8000
TENTH = RATE // 10


def tone(seconds: float, level: int = 9000) -> bytes:
    return array("h", [level] * int(seconds * RATE)).tobytes()


def loud(pcm: bytes, start_s: float, end_s: float) -> float:
    """The share of samples between two times that are not silent."""
    samples = array("h", pcm)[int(start_s * RATE) : int(end_s * RATE)]
    return sum(s != 0 for s in samples) / max(1, len(samples))


def test_a_gap_is_filled_so_that_audio_stays_where_it_was_heard() -> None:
    track = Track(RATE)
    track.add(tone(0.1), RATE, 0.1)
    track.add(tone(0.1), RATE, 2.0)

    assert track.end_s == 2.0
    assert loud(bytes(track.audio), 0.1, 1.9) == 0
    assert loud(bytes(track.audio), 1.9, 2.0) == 1


def test_audio_that_was_only_late_takes_the_place_of_its_silence() -> None:
    track = Track(RATE)
    for index in range(10):
        track.add(tone(0.1), RATE, 0.1 + index * 0.1)
    for _ in range(11):  # a stall of a second, then a burst of what was missing
        track.add(tone(0.1), RATE, 2.1)

    assert abs(track.end_s - 2.1) < 0.25
    assert track.placed(1.9) == pytest.approx(track.end_s - 0.2)


def test_audio_is_found_behind_a_gap() -> None:
    track = Track(RATE)
    track.add(tone(1.0), RATE, 1.0)
    track.add(tone(1.0), RATE, 5.0)

    assert track.placed(0.5) == 0.5
    assert track.placed(1.5) == 4.5


def test_audio_is_found_in_a_recording_that_began_later() -> None:
    track = Track(RATE, heard_s=30.0)
    track.add(tone(1.0), RATE, 3.0)

    assert track.placed(20.0) <= 0.0
    assert track.placed(30.5) == 2.5


def test_what_has_left_cannot_be_covered_and_what_is_there_can() -> None:
    track = Track(RATE)
    track.add(tone(1.0), RATE, 1.0)
    first = track.take(0.5)
    track.silence(0, 1.0, tone=False)

    assert loud(first, 0, 0.5) == 1
    assert not any(track.audio)


def test_a_bleep_is_audible_and_of_the_length_covered() -> None:
    track = Track(RATE)
    track.add(tone(1.0), RATE, 1.0)
    track.silence(0, 1.0, tone=True)
    power = math.sqrt(sum(s * s for s in array("h", track.audio)) / RATE)

    assert track.end_s == 1.0
    assert 1500 < power < 3000


def test_the_first_audio_tells_the_rate_and_audio_at_another_is_silence() -> None:
    track = Track(24_000)
    track.add(tone(1.0), RATE, 3.0)
    track.add(tone(1.0), 2 * RATE, 3.5)

    assert track.end_s == 3.5
    assert loud(bytes(track.audio), 2.0, 3.0) == 1
    assert loud(bytes(track.audio), 3.0, 3.5) == 0


def test_a_track_of_which_nothing_came_is_handed_out_as_silence() -> None:
    track = Track(RATE)

    assert track.take(2.0) == bytes(4 * RATE)
    track.add(tone(0.5), RATE, 3.0)
    assert track.take(3.0)[-RATE:] == tone(0.5)


class Clock(FrameProcessor):
    """Lets a tenth of a second pass at each audio frame."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            await asyncio.sleep(0.1)
        await self.push_frame(frame, direction)


def heard() -> InputAudioRawFrame:
    return InputAudioRawFrame(audio=tone(0.1), sample_rate=RATE, num_channels=1)


def played() -> OutputAudioRawFrame:
    return OutputAudioRawFrame(audio=tone(0.1, 500), sample_rate=RATE, num_channels=1)


async def record(recorder: RedactingRecorder, *frames: Frame) -> list[tuple[bytes, bytes]]:
    """The two tracks of each event. System frames overtake, so they are fed one by one."""
    tracks: list[tuple[bytes, bytes]] = []

    @recorder.event_handler("on_track_audio_data")
    async def on_track_audio_data(
        recorder: RedactingRecorder, user: bytes, bot: bytes, rate: int, channels: int
    ) -> None:
        tracks.append((user, bot))

    worker = PipelineWorker(Pipeline([Clock(), recorder]), cancel_on_idle_timeout=False)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    async def feed() -> None:
        for frame in frames:
            await worker.queue_frame(frame)
            await asyncio.sleep(0.15)
        await worker.queue_frame(EndFrame())

    await asyncio.gather(runner.run(), feed())
    return tracks


def recorder(**options: object) -> RedactingRecorder:
    given = {"sample_rate": RATE, "num_channels": 2, "consent": True, "auto_start_recording": True}
    return RedactingRecorder(**{**given, **options})  # type: ignore[arg-type]


@pytest.mark.looptime
async def test_an_utterance_without_word_times_is_covered_whole_on_both_tracks() -> None:
    (tracks,) = await record(
        recorder(),
        *[heard() for _ in range(20)],
        UserStartedSpeakingFrame(),
        *[heard() for _ in range(5)],
        UserStoppedSpeakingFrame(),
        PIIRedactedFrame(counts={"CVV": 1}),
        *[heard() for _ in range(10)],
    )

    user = tracks[0]
    silent = 1 - loud(user, 0, len(user) / 2 / RATE)
    assert 0.3 < silent < 0.95
    assert array("h", user)[-TENTH:].count(0) == 0


@pytest.mark.looptime
async def test_words_with_times_that_no_stt_counted_are_not_believed() -> None:
    (tracks,) = await record(
        recorder(),
        UserStartedSpeakingFrame(),
        *[heard() for _ in range(20)],
        PIIRedactedFrame(counts={"CVV": 1}, spans_s=((0.5, 0.8),), words_s=(0.2, 1.0)),
    )

    assert 9000 not in array("h", tracks[0])


@pytest.mark.looptime
async def test_the_agents_own_saying_it_is_covered_too() -> None:
    (tracks,) = await record(
        recorder(),
        heard(),
        BotStartedSpeakingFrame(),
        *[played() for _ in range(3)],
        PIIRedactedFrame(agent=True),
        *[played() for _ in range(3)],
        BotStoppedSpeakingFrame(),
        *[heard() for _ in range(5)],
        played(),
    )

    assert array("h", tracks[1]).count(500) == TENTH


@pytest.mark.looptime
async def test_an_utterance_whose_transcript_never_came_is_covered_at_the_end() -> None:
    (tracks,) = await record(recorder(), UserStartedSpeakingFrame(), *[heard() for _ in range(5)])

    assert not any(tracks[0])


@pytest.mark.looptime
async def test_a_pressed_key_is_covered() -> None:
    (tracks,) = await record(
        recorder(), *[heard() for _ in range(20)], PIIRedactedFrame(keyed=True), heard()
    )

    assert loud(tracks[0], 0, 1) > 0
    assert array("h", tracks[0])[-TENTH:].count(9000) == 0


@pytest.mark.looptime
async def test_nothing_is_recorded_without_consent() -> None:
    assert await record(recorder(consent=False), *[heard() for _ in range(5)]) == []


@pytest.mark.looptime
async def test_audio_leaves_in_pieces_only_after_the_lag() -> None:
    tracks = await record(recorder(buffer_s=1.0, lag_s=2.0), *[heard() for _ in range(40)])

    assert len(tracks) > 2
    assert len(tracks[-1][0]) >= 2 * RATE * 2 - TENTH * 4


@pytest.mark.parametrize(
    "options", [{"num_channels": 3}, {"cover": "noise"}, {"consent": "yes"}, {"lag_s": -1}]
)
def test_wrong_settings_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(options.values())))):
        recorder(**options)


def record_an_hour(ppm: float, *, jitter_s: float = 0.04) -> tuple[float, float]:
    """Return by how much a click each minute is off at worst, and the last one's `placed`."""
    dice = random.Random(5)
    track = Track(RATE)
    packet, click = bytes(320), array("h", [9000] * 16 + [0] * 144).tobytes()
    every = 0.02 / (1 + ppm / 1e6)
    worst = worst_placed = 0.0
    arrives = 0.0
    for index in range(round(3600 / every)):
        spoken = index * every
        arrives = max(arrives, spoken + every + dice.uniform(0, jitter_s))
        clicks = index % 3000 == 2999
        heard, end = track.heard_s, track.end_s
        track.add(click if clicks else packet, RATE, arrives)
        if clicks:
            at = next(i for i, level in enumerate(array("h", track.audio[-640:])) if level)
            place = track.end_s - min(320, len(track.audio) // 2) / RATE + at / RATE
            assert end - 0.001 <= place
            worst = max(worst, abs(place - spoken - jitter_s / 2))
            worst_placed = max(worst_placed, abs(track.placed(heard) - end))
        if index % 500 == 499:
            track.take(track.end_s - 1)
    return worst, worst_placed


@pytest.mark.parametrize("ppm", [100, -100, 300, 0])
def test_an_hour_of_a_line_whose_clock_differs_stays_in_its_place(ppm: float) -> None:
    off_s, placed_off_s = record_an_hour(ppm)
    assert off_s < 0.04
    # By which what was redacted is found.
    assert placed_off_s < 0.015


def test_a_line_with_a_fast_clock_sounds_as_it_is() -> None:
    track = Track(RATE)
    times = np.arange(60 * RATE) / RATE
    pitch = (np.sin(times * 2 * np.pi * 440) * 9000).astype("<i2").tobytes()
    for index in range(3000):
        track.add(pitch[index * 320 : index * 320 + 320], RATE, (index + 1) * 0.02 * 0.999)
    heard = np.frombuffer(bytes(track.audio), "<i2").astype(float)
    # A pure tone keeps to its curve; a sample left out would leave it by a jump.
    curve = 2 * np.cos(2 * np.pi * 440 / RATE)
    assert np.max(np.abs(heard[2:] + heard[:-2] - curve * heard[1:-1])) < 500
    assert len(heard) / RATE == pytest.approx(60 * 0.999, abs=0.02)
