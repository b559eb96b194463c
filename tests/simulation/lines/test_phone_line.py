"""A caller that takes its turns, on a phone."""

import asyncio

import numpy as np
import pytest

from antiphon.core.wav import Samples
from antiphon.simulation.audio import SAMPLE_RATE_HZ, level_dbfs, spans_of_speech
from antiphon.simulation.caller import Caller, HangUp, Press, Say
from antiphon.simulation.caller.caller import SpokenLine
from antiphon.simulation.lines.babble import speech_pcm
from antiphon.simulation.lines.phone_line import PhoneLine
from antiphon.transports.memory import PlayedAudio

from .phones import babbler, listener, served, sound_of

pytestmark = pytest.mark.virtual_time

BABBLE = np.frombuffer(speech_pcm(1.5), "<i2")


class Ear:
    """Keeps what the caller says and hears."""

    def __init__(self, line: PhoneLine) -> None:
        self.lines: list[SpokenLine] = []
        self.heard: list[PlayedAudio] = []
        self.started_secs = 0.0
        line.add_event_handler("on_audio_played", self._hear)

    async def _hear(self, _: PhoneLine, chunk: PlayedAudio) -> None:
        self.heard.append(chunk)

    @property
    def spans(self) -> list[tuple[float, float]]:
        end_secs = self.heard[-1].at_secs + 1.0 - self.started_secs
        sound = np.zeros(round(end_secs * 8_000), np.int16)
        for chunk in self.heard:
            at = round((chunk.at_secs - self.started_secs) * 8_000)
            samples = np.frombuffer(chunk.pcm, "<i2")
            sound[at : at + len(samples)] = samples
        return [(span.start_secs, span.end_secs) for span in spans_of_speech(sound, 8_000)]

    def call_started(self, at_secs: float) -> None:
        self.started_secs = at_secs

    def caller_audio(self, at_secs: float, samples: Samples) -> None: ...

    def line_started(self, line: SpokenLine) -> None:
        self.lines.append(line)

    def call_ended(self, at_secs: float) -> None: ...


async def test_a_caller_waits_its_turn_and_talks_over_the_agent_by_phone() -> None:
    await asyncio.sleep(100.0)  # the line's times are the loop's, not the call's
    async with served(babbler()) as address:
        line = PhoneLine(f"ws://{address}/ws")
        ear = Ear(line)
        over = Say(audio=BABBLE, after="agent_starts", after_secs=1.0)
        caller = Caller(line, [Say(audio=BABBLE), over, HangUp()], listeners=[ear])
        await caller.call()

    greeting, cut, answer = ear.spans
    asked, barged = (spoken.start_secs - ear.started_secs for spoken in ear.lines)
    assert greeting == pytest.approx((0.0, 3.0), abs=0.1)
    assert asked == pytest.approx(greeting[1] + 0.7, abs=0.1)
    assert barged == pytest.approx(cut[0] + 1.0, abs=0.1)
    assert cut[1] == pytest.approx(barged, abs=0.1)
    (_, cleared) = line.clears
    assert cleared - ear.started_secs == pytest.approx(cut[1], abs=0.05)
    assert answer[1] - answer[0] == pytest.approx(3.0, abs=0.1)
    assert caller.hung_up


async def test_a_server_that_hangs_up_ends_the_call_and_not_the_caller() -> None:
    async with served(babbler(leaves_after=2.0)) as address:
        caller = Caller(PhoneLine(f"ws://{address}/ws"), [Say(audio=BABBLE)])
        await caller.call()

    assert not caller.hung_up


async def test_a_phone_that_nobody_answers_is_told() -> None:
    with pytest.raises(ConnectionError, match=r"cannot call ws://127\.0\.0\.1:9/ws"):
        await Caller(PhoneLine("ws://127.0.0.1:9/ws"), []).call()


@pytest.mark.parametrize(("hz", "dbfs"), [(500, -10), (3_000, -10), (5_500, -60), (7_000, -60)])
async def test_a_phone_lets_through_what_a_phone_lets_through(hz: int, dbfs: float) -> None:
    times = np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ
    tone = (np.sin(times * 2 * np.pi * hz) * 14_654).astype(np.int16)  # -10 dBFS
    sound: list[Samples] = []

    def hear(message: dict[str, object]) -> None:
        if message["event"] == "media":
            sound.append(sound_of(message))

    async with served(listener(hear)) as address:
        line = PhoneLine(f"ws://{address}/ws")
        await line.connect()
        for start in range(0, len(tone), 320):
            await line.send_audio(tone[start : start + 320].tobytes())
        await line.disconnect()

    level = level_dbfs(np.concatenate(sound[1:]))
    assert len(sound) == 25
    assert level == pytest.approx(dbfs, abs=1) if dbfs > -60 else level < -45


async def test_keys_are_pressed_on_the_phone() -> None:
    keys: list[str] = []

    def hear(message: dict[str, dict[str, str]]) -> None:
        if message["event"] == "dtmf":
            keys.append(message["dtmf"]["digit"])

    async with served(listener(hear)) as address:
        await Caller(PhoneLine(f"ws://{address}/ws"), [Press(keys="42#", after="step_done")]).call()

    assert keys == ["4", "2", "#"]
