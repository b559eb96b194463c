"""Callers that keep a server busy: each asks, listens, asks again, and now and then barges in."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from antiphon.core.wav import Samples
from antiphon.simulation.audio import SAMPLE_RATE_HZ, SpeechActivity, VoicedSpan
from antiphon.simulation.caller import Caller, EspeakVoice, Say
from antiphon.simulation.caller.caller import SpokenLine
from antiphon.simulation.caller.voice import Voice
from antiphon.simulation.lines.phone_line import PhoneLine
from antiphon.simulation.load.figures import CallFigures, Summary, measure, summarise
from antiphon.transports.memory import PlayedAudio

__all__ = ["LINES", "run_load"]

LINES = (
    "what are your opening hours",
    "are you open on friday",
    "i would like to pay by card",
)

BARGE_IN_EVERY = 3
BARGE_IN_AFTER_SECS = 1.0
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
    """Makes one call, and follows it as a `CallerListener`."""

    def __init__(
        self, index: int, audio: Sequence[Samples], secs: float, url: str, auth_token: str | None
    ) -> None:
        sid = secrets.token_hex(16)
        line = PhoneLine(
            url,
            call_sid=f"CA{sid}",
            stream_sid=f"MZ{sid}",
            # Each from a number of its own: servers limit how often one may call.
            from_number=f"+1555{index:07}",
            auth_token=auth_token,
        )
        line.add_event_handler("on_audio_played", self._hear)
        # More than can be said: a line and its answer take longer than a second.
        numbers = range(1, round(secs) + 2)
        script = [_step(number, audio[(index + number) % len(audio)]) for number in numbers]
        self._caller = Caller(line, script, listeners=[self])
        self._secs = secs
        self._limit = asyncio.timeout(None)
        self._agent = SpeechActivity()
        self._arrived: list[VoicedSpan] = []
        self._lines: list[SpokenLine] = []
        self._lag_secs = [0.0]
        self._began_secs = self._until_secs = 0.0
        self._failure: str | None = None
        self.under_way = False

    async def call(self, wait_secs: float) -> None:
        await asyncio.sleep(wait_secs)
        try:
            async with self._limit:
                await self._caller.call()
        except TimeoutError:
            return
        except ConnectionError as error:
            self._failure = str(error)
        else:
            self._failure = "the server ended the call"

    def figures(self) -> CallFigures:
        # The last line may have been cut short by the end of the call.
        answered = [line for line in self._lines if line.end_secs + 2.0 < self._until_secs]
        return measure(
            answered,
            self._agent.spans,
            self._arrived,
            lag_secs=self._lag_secs,
            secs=self._until_secs - self._began_secs,
            failure=self._failure,
        )

    def call_started(self, at_secs: float) -> None:
        self._began_secs = self._until_secs = at_secs
        self._limit.reschedule(at_secs + self._secs)
        self.under_way = True

    def caller_audio(self, at_secs: float, samples: Samples) -> None:
        self._until_secs = at_secs + len(samples) / SAMPLE_RATE_HZ
        lag_secs = asyncio.get_running_loop().time() - self._until_secs
        if len(self._lag_secs) <= at_secs - self._began_secs:
            self._lag_secs.append(lag_secs)
        self._lag_secs[-1] = max(self._lag_secs[-1], lag_secs)

    def line_started(self, line: SpokenLine) -> None:
        self._lines.append(line)

    def call_ended(self, at_secs: float) -> None:
        self._until_secs = at_secs
        self.under_way = False

    async def _hear(self, line: PhoneLine, chunk: PlayedAudio) -> None:
        samples = np.frombuffer(chunk.pcm, "<i2")
        self._agent.feed(chunk.at_secs, samples, chunk.sample_rate_hz)
        start_secs = chunk.at_secs
        # What one look at the buffer has cut in two is one piece.
        if self._arrived and start_secs - self._arrived[-1].end_secs < SEAM_SECS:
            start_secs = self._arrived.pop().start_secs
        end_secs = chunk.at_secs + chunk.duration_secs
        self._arrived.append(VoicedSpan(start_secs=start_secs, end_secs=end_secs))
