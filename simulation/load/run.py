"""Callers that keep a server busy: each asks, listens, asks again, and now and then barges in."""

import asyncio
from collections.abc import Sequence

import numpy as np
from antiphon.simulation.audio import SAMPLE_RATE_HZ, Samples, Span, SpeechActivity, spans_of_speech
from antiphon.simulation.caller import EspeakVoice, Say, ScriptFollower, Voice
from antiphon.simulation.load.figures import CallFigures, measure
from antiphon.simulation.twilio_caller import SAMPLE_RATE_HZ as PHONE_RATE_HZ
from antiphon.simulation.twilio_caller import TwilioCaller

__all__ = ["LINES", "run_load"]

LINES = (
    "what are your opening hours",
    "are you open on friday",
    "i would like to pay by card",
)

BARGE_IN_EVERY = 3
BARGE_IN_AFTER_SECS = 1.0
POLL_SECS = 0.05
SEAM_SECS = 0.01
NUMBERS = range(1, 10_000)
"""Of the lines: more than any caller comes to say."""


async def run_load(
    url: str,
    *,
    calls: int,
    secs: float,
    lines: Sequence[str] = LINES,
    voice: Voice | None = None,
) -> list[CallFigures]:
    """Make calls at once, all for the same time.

    Args:
        url: The server's WebSocket.
        calls: How many calls; they begin within one second, evenly.
        secs: How long each lasts.
        lines: What the callers say, over and over; each third line talks over the agent.
        voice: What they speak with; by default eSpeak's.

    Returns:
        The figures of each call; one that failed has a `failure`.
    """
    voice = voice or EspeakVoice()
    audio = [await voice.speak(line) for line in lines]
    return await asyncio.gather(
        *(_call(url, index, index / calls, secs, audio) for index in range(calls))
    )


async def _call(
    url: str, index: int, wait_secs: float, secs: float, audio: Sequence[Samples]
) -> CallFigures:
    await asyncio.sleep(wait_secs)
    caller = _Caller(index, audio)
    failure = None
    try:
        async with TwilioCaller(url, call_sid=f"CA{index:032x}", stream_sid=f"MZ{index:032x}") as p:
            await caller.talk(p, secs)
    except ConnectionError as error:
        failure = str(error)
    # The last line may have been cut short by the end of the call.
    answered = [line for line in caller.lines if line.end_secs + 2.0 < caller.until_secs]
    return measure(answered, caller.agent.spans, caller.arrived, failure=failure)


def _step(number: int, audio: Samples) -> Say:
    if number % BARGE_IN_EVERY == 0:
        return Say(audio=audio, after="agent_starts", after_secs=BARGE_IN_AFTER_SECS)
    return Say(audio=audio)


class _Caller:
    """Takes its turns by what it hears, as a scenario's caller does."""

    def __init__(self, index: int, audio: Sequence[Samples]) -> None:
        steps = [_step(number, audio[(index + number) % len(audio)]) for number in NUMBERS]
        self._follower = ScriptFollower(steps)
        self.agent = SpeechActivity()
        self.arrived: list[Span] = []
        self.lines: list[Span] = []
        self.until_secs = 0.0

    async def talk(self, phone: TwilioCaller, secs: float) -> None:
        self._follower.begin(0.0)
        while phone.secs < secs:
            self._hear(phone)
            match self._follower.due(phone.secs, self.agent.spans):
                case Say(audio=samples) if samples is not None:
                    await self._say(phone, samples)
                case _:
                    await phone.listen(POLL_SECS)
        self._hear(phone)

    async def _say(self, phone: TwilioCaller, samples: Samples) -> None:
        spoken = spans_of_speech(samples, SAMPLE_RATE_HZ)
        at_secs = phone.secs
        start, end = at_secs + spoken[0].start_secs, at_secs + spoken[-1].end_secs
        await phone.say(samples.astype("<i2").tobytes(), sample_rate_hz=SAMPLE_RATE_HZ)
        self.lines.append(Span(start_secs=start, end_secs=end))
        self._follower.step_done(end)

    def _hear(self, phone: TwilioCaller) -> None:
        for piece in phone.heard_since(self.until_secs):
            samples = np.frombuffer(piece.pcm, "<i2")
            self.agent.feed(piece.at_secs, samples, PHONE_RATE_HZ)
            end = piece.at_secs + len(samples) / PHONE_RATE_HZ
            self._arrive(piece.at_secs, end)
        self.until_secs = phone.secs

    def _arrive(self, start_secs: float, end_secs: float) -> None:
        # What one look at the buffer has cut in two is one piece.
        if self.arrived and start_secs - self.arrived[-1].end_secs < SEAM_SECS:
            start_secs = self.arrived.pop().start_secs
        self.arrived.append(Span(start_secs=start_secs, end_secs=end_secs))
