"""Callers that keep a server busy: each asks, listens, asks again, and now and then barges in."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np
from antiphon.simulation.audio import SAMPLE_RATE_HZ, Samples, Span, SpeechActivity, spans_of_speech
from antiphon.simulation.caller import EspeakVoice, Say, ScriptFollower, Voice
from antiphon.simulation.load.figures import CallFigures, Summary, measure, summarise
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


Follow = Callable[[float, int, Summary], None]
"""Is told each second how many seconds have passed, how many calls go on, and how they were."""


async def run_load(
    url: str,
    *,
    calls: int,
    secs: float,
    lines: Sequence[str] = LINES,
    voice: Voice | None = None,
    auth_token: str | None = None,
    follow: Follow | None = None,
) -> list[CallFigures]:
    """Make calls at once, all for the same time.

    Args:
        url: The server's webhook or its WebSocket.
        calls: How many calls; they begin within one second, evenly.
        secs: How long each lasts.
        lines: What the callers say, over and over; each third line talks over the agent.
        voice: What they speak with; by default eSpeak's.
        auth_token: Signs the requests to a webhook.
        follow: Shows how it goes.

    Returns:
        The figures of each call; one that failed has a `failure`.

    Raises:
        ValueError: If nobody can be called at the address.
    """
    voice = voice or EspeakVoice()
    audio = [await voice.speak(line) for line in lines]
    callers = [_Caller(index, audio, secs, url, auth_token) for index in range(calls)]
    showing = asyncio.create_task(_show(callers, follow)) if follow else None
    try:
        async with asyncio.TaskGroup() as group:
            for index, caller in enumerate(callers):
                group.create_task(caller.call(index / calls))
    finally:
        if showing:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing
    return [caller.figures() for caller in callers]


async def _show(callers: Sequence["_Caller"], follow: Follow) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        await asyncio.sleep(1.0)
        under_way = sum(caller.under_way for caller in callers)
        follow(loop.time() - began, under_way, summarise([c.figures() for c in callers]))


def _step(number: int, audio: Samples) -> Say:
    if number % BARGE_IN_EVERY == 0:
        return Say(audio=audio, after="agent_starts", after_secs=BARGE_IN_AFTER_SECS)
    return Say(audio=audio)


class _Caller:
    """Takes its turns by what it hears, as a scenario's caller does."""

    def __init__(
        self, index: int, audio: Sequence[Samples], secs: float, url: str, auth_token: str | None
    ) -> None:
        self._secs = secs
        self._phone = TwilioCaller(
            url,
            call_sid=f"CA{index:032x}",
            stream_sid=f"MZ{index:032x}",
            # Each from a number of its own: servers limit how often one may call.
            from_number=f"+1555{index:07}",
            auth_token=auth_token,
        )
        # More than can be said: a line and its answer take longer than a second.
        numbers = range(1, round(secs) + 2)
        self._follower = ScriptFollower(
            [_step(number, audio[(index + number) % len(audio)]) for number in numbers]
        )
        self._agent = SpeechActivity()
        self._arrived: list[Span] = []
        self._lines: list[Span] = []
        self._until_secs = 0.0
        self._failure: str | None = None
        self.under_way = False

    async def call(self, wait_secs: float) -> None:
        await asyncio.sleep(wait_secs)
        try:
            async with self._phone:
                self.under_way = True
                await self._talk(self._phone)
        except ConnectionError as error:
            self._failure = "the server ended the call" if self.under_way else str(error)
        finally:
            self.under_way = False

    def figures(self) -> CallFigures:
        # The last line may have been cut short by the end of the call.
        answered = [line for line in self._lines if line.end_secs + 2.0 < self._until_secs]
        return measure(
            answered,
            self._agent.spans,
            self._arrived,
            secs=self._until_secs,
            failure=self._failure,
        )

    async def _talk(self, phone: TwilioCaller) -> None:
        self._follower.begin(0.0)
        while phone.secs < self._secs:
            self._hear(phone)
            match self._follower.due(phone.secs, self._agent.spans):
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
        self._lines.append(Span(start_secs=start, end_secs=end))
        self._follower.step_done(end)

    def _hear(self, phone: TwilioCaller) -> None:
        for piece in phone.heard_since(self._until_secs):
            samples = np.frombuffer(piece.pcm, "<i2")
            self._agent.feed(piece.at_secs, samples, PHONE_RATE_HZ)
            end = piece.at_secs + len(samples) / PHONE_RATE_HZ
            self._arrive(piece.at_secs, end)
        self._until_secs = phone.secs

    def _arrive(self, start_secs: float, end_secs: float) -> None:
        # What one look at the buffer has cut in two is one piece.
        if self._arrived and start_secs - self._arrived[-1].end_secs < SEAM_SECS:
            start_secs = self._arrived.pop().start_secs
        self._arrived.append(Span(start_secs=start_secs, end_secs=end_secs))
