"""A recording whose consent comes late, or again: how many spoken digits of a card it holds.

Each digit sounds at a level of its own, so that what is audible can be counted in the recording.
In virtual time.
"""

import asyncio
import json
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InputAudioRawFrame,
    TranscriptionFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.workers.runner import WorkerRunner
from rows import CARD_WORDS, Row
from servers import output_of

from antiphon.processors.redaction import PIIRedactor, RedactingRecorder
from antiphon.simulation.virtual_time import run_virtual

__all__ = ["recording"]

RATE_HZ = 8000
PACKET_SECS = 0.02
WORD_SECS = 0.4
SPEAKS_AT_SECS = 14.0
FINAL_AFTER_SECS = 0.3
CALL_SECS = 32.0
TALK = f"my card number is {CARD_WORDS} thank you".split()
DIGITS = len(CARD_WORDS.split())
FIRST_DIGIT = TALK.index(CARD_WORDS.split()[0])
AUDIBLE_SHARE = 0.25

CONSENTS: Mapping[str, tuple[tuple[float, bool], ...]] = {
    "from the start": ((0.0, True),),
    "10 s into the call": ((10.0, True),),
    "withdrawn at 5 s and given again at 9 s": ((0.0, True), (5.0, False), (9.0, True)),
    "withdrawn at 5 s and given again amid the number": (
        (0.0, True),
        (5.0, False),
        (SPEAKS_AT_SECS + 8 * WORD_SECS, True),
    ),
}


def level(word: int) -> int:
    """How loud a word is; no two are alike."""
    return 2000 + 100 * word


def packet(at_secs: float) -> bytes:
    """What the caller's microphone hears at a time of the call."""
    word = int((at_secs - SPEAKS_AT_SECS) / WORD_SECS) if at_secs >= SPEAKS_AT_SECS else -1
    sample = level(word) if 0 <= word < len(TALK) else 0
    return array("h", [sample] * round(PACKET_SECS * RATE_HZ)).tobytes()


class Stt(STTService):
    """Tells the line once it has been said, with the time of each word in the audio it was sent."""

    def __init__(self, *, times: bool) -> None:
        super().__init__(settings=STTSettings(model="m", language=None))
        self._times = times
        self._secs = 0.0
        self._told = False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        self._secs += len(audio) / 2 / RATE_HZ
        if self._told or self._secs < SPEAKS_AT_SECS + len(TALK) * WORD_SECS + FINAL_AFTER_SECS:
            yield None
            return
        self._told = True
        words = [
            {
                "word": word,
                "start": SPEAKS_AT_SECS + number * WORD_SECS,
                "end": SPEAKS_AT_SECS + (number + 1) * WORD_SECS,
            }
            for number, word in enumerate(TALK)
        ]
        result = {"words": words} if self._times else None
        yield TranscriptionFrame(text=" ".join(TALK), user_id="", timestamp="t", result=result)


async def recorded(consent: tuple[tuple[float, bool], ...], *, times: bool) -> bytes:
    """Make the call; the caller's track of its recording."""
    recorder = RedactingRecorder(sample_rate=RATE_HZ, auto_start_recording=True)
    tracks: list[bytes] = []

    @recorder.event_handler("on_track_audio_data")
    async def on_track(_: Any, user: bytes, bot: bytes, rate: int, channels: int) -> None:
        tracks.append(user)

    worker = PipelineWorker(
        Pipeline([Stt(times=times), PIIRedactor(), recorder]),
        params=PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ),
        enable_rtvi=False,
        cancel_on_idle_timeout=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    async def talk() -> None:
        await asyncio.sleep(0.5)
        loop = asyncio.get_running_loop()
        began, asked = loop.time(), list(consent)
        spoken_until = SPEAKS_AT_SECS + len(TALK) * WORD_SECS
        for number in range(round(CALL_SECS / PACKET_SECS)):
            at = number * PACKET_SECS
            while asked and at >= asked[0][0]:
                _, given = asked.pop(0)
                await (recorder.give_consent() if given else recorder.withdraw_consent())
            if number == round(SPEAKS_AT_SECS / PACKET_SECS):
                await worker.queue_frame(UserStartedSpeakingFrame())
            elif number == round(spoken_until / PACKET_SECS):
                await worker.queue_frame(UserStoppedSpeakingFrame())
            await worker.queue_frame(InputAudioRawFrame(packet(at), RATE_HZ, 1))
            await asyncio.sleep(max(0.0, began + at + PACKET_SECS - loop.time()))
        await worker.queue_frame(EndFrame())

    await asyncio.gather(runner.run(), talk())
    return b"".join(tracks)


def audible(pcm: bytes, words: range) -> int:
    """How many of the words can be heard."""
    samples = array("h", pcm)
    enough = AUDIBLE_SHARE * WORD_SECS * RATE_HZ
    return sum(samples.count(level(word)) >= enough for word in words)


async def recording(*, quick: bool) -> AsyncIterator[Row]:
    """Record with each consent, with word times and without, in a process of virtual time."""
    output = await output_of("recording.py")
    others = len(TALK) - FIRST_DIGIT - DIGITS
    for when, (digits, digits_untimed, kept) in json.loads(output).items():
        yield Row(
            fact="13 recording",
            done=f"a spoken card; consent {when}",
            seen=f"{digits} of {DIGITS} digits audible, {digits_untimed} without word times; "
            f"{kept} of {others} words after them",
            wanted=f"0, 0; {others}",
            ok=not digits and not digits_untimed and kept == others,
        )


def main() -> None:
    """Make the recordings, and print what is audible in each."""
    logger.remove()
    digits = range(FIRST_DIGIT, FIRST_DIGIT + DIGITS)
    after = range(FIRST_DIGIT + DIGITS, len(TALK))
    heard = {}
    for when, consent in CONSENTS.items():
        timed = run_virtual(recorded(consent, times=True))
        untimed = run_virtual(recorded(consent, times=False))
        heard[when] = audible(timed, digits), audible(untimed, digits), audible(timed, after)
    print(json.dumps(heard))


if __name__ == "__main__":
    main()
