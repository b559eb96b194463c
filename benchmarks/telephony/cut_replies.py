"""Cuts replies at any moment, sent whole or not, and compares the context with what a phone played.

In virtual time, over the telephone transport, with a phone that keeps 0.2, 1 or 3 s of sound back.
A word counts as heard if half of it was played. Run:

    python benchmarks/telephony/cut_replies.py [--cuts 200] [--seed 1] [--marks-lost 0.5]
"""

import argparse
import asyncio
import random
import re
from typing import Any

from loguru import logger
from pipecat.frames.frames import InterruptionFrame, LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline.fast_path.playback import connect_playback
from antiphon.processors.interruption import PlaybackGate
from antiphon.simulation.fakes import FakeLLM, FakeTTS
from antiphon.simulation.lines.buffered_phone import BufferedPhone
from antiphon.simulation.virtual_time import run_virtual
from antiphon.transports import create_transport
from antiphon.transports.telephony.twilio import TwilioStart

BUFFERS_SECS = (0.2, 1.0, 3.0)
WORDS_PER_SEC = 2.7
WORDS = "Seven parcels left the harbour on a Tuesday and nobody at the counter had seen them"


def reply(rng: random.Random) -> str:
    """A reply of one to three sentences."""
    words = WORDS.split()
    lengths = [rng.randint(2, 8) for _ in range(rng.randint(1, 3))]
    return " ".join(" ".join(rng.choices(words, k=length)) + "." for length in lengths)


async def cut_replies(
    *,
    cuts: int,
    buffer_secs: float,
    word_times: bool,
    seed: int,
    network_secs: float = 0.04,
    marks_lost: float = 0.0,
) -> list[tuple[bool, int]]:
    """Return whether each reply had been sent whole, and by how many words the context is off."""
    rng = random.Random(seed)
    replies = [reply(rng) for _ in range(cuts)]
    phone = BufferedPhone(buffer_secs=buffer_secs, network_secs=network_secs, marks_lost=marks_lost)
    sid = "0" * 32
    start = TwilioStart(stream_sid=f"MZ{sid}", call_sid=f"CA{sid}", account_sid=f"AC{sid}")
    transport = create_transport("twilio", websocket=await phone.connect(), start=start)
    context = LLMContext()
    pair = LLMContextAggregatorPair(context)
    gate = PlaybackGate()
    connect_playback(transport, gate=gate, latency=None)
    tts = FakeTTS(words_per_second=WORDS_PER_SEC, word_timestamps=word_times)
    agent = [pair.user(), FakeLLM(script=replies), tts, gate, transport.output(), pair.assistant()]
    worker = PipelineWorker(
        Pipeline([transport.input(), *agent]),
        params=PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000),
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    errors = []
    for text in replies:
        secs = len(text.split()) / WORDS_PER_SEC
        context.set_messages([])
        await worker.queue_frame(LLMRunFrame())
        while not phone.played_secs:  # noqa: ASYNC110 - in virtual time
            await asyncio.sleep(0.01)
        # Counted from the first sound that the caller hears.
        await asyncio.sleep(rng.uniform(0.0, secs + 0.3))
        whole = gate.ledger.sent_ms >= secs * 1000 - 1
        await worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(4 * network_secs + 0.1)
        heard_words = sum((n + 0.5) / WORDS_PER_SEC <= phone.clears[-1] for n in range(99))
        heard_words = min(heard_words, len(text.split()))
        errors.append((whole, len(written(context)) - heard_words))
        await asyncio.sleep(rng.uniform(0.0, 2.0))
    await worker.cancel()
    await running
    return errors


def written(context: LLMContext) -> list[str]:
    """The agent's words in the context."""
    messages: list[Any] = context.get_messages()
    said = " ".join(str(m["content"]) for m in messages if m["role"] == "assistant")
    return re.findall(r"[a-z']+", said.lower())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--marks-lost", type=float, default=0.0)
    options = parser.parse_args()
    logger.remove()
    print("buffer  word times  cut  exact  one off  more  sent whole: cut  exact  one off  more")
    for buffer_secs in BUFFERS_SECS:
        for word_times in (True, False):
            errors = run_virtual(
                cut_replies(
                    cuts=options.cuts,
                    buffer_secs=buffer_secs,
                    word_times=word_times,
                    seed=options.seed,
                    marks_lost=options.marks_lost,
                )
            )
            cells = [f"{buffer_secs:4.1f} s   {'yes' if word_times else 'no ':10}"]
            for group in ([e for _, e in errors], [e for whole, e in errors if whole]):
                exact, one = (sum(abs(error) == n for error in group) for n in (0, 1))
                more = len(group) - exact - one
                cells.append(f"{len(group):4} {exact:6} {one:8} {more:5}")
            print("  ".join(cells))


if __name__ == "__main__":
    main()
