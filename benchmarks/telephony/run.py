"""100,000 malformed messages over many calls at once, and what the guard costs a sound one.

Prints how many calls of this library's Twilio transport and of stock Pipecat's live through it,
the memory after each tenth of the messages, and the time to read a sound message, guarded and not.

    python benchmarks/telephony/run.py [--messages 100000] [--calls 20]
"""

import argparse
import asyncio
import base64
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import WebSocket
from loguru import logger
from pipecat.frames.frames import Frame, InputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

from antiphon.transports.telephony.media_stream import MessageFilter
from antiphon.transports.telephony.serializer import TelephonySerializer
from antiphon.transports.telephony.twilio import TWILIO, TwilioStart, create_twilio_transport

HEX = "0123456789abcdef" * 2
START = TwilioStart(stream_sid=f"MZ{HEX}", call_sid=f"CA{HEX}", account_sid=f"AC{HEX}")
PACKET = base64.b64encode(b"\xff" * 160).decode()
PACKET_FRAMES = 160
STOCK = TwilioFrameSerializer(
    START.stream_sid, params=TwilioFrameSerializer.InputParams(auto_hang_up=False)
)


def sound(number: int) -> str:
    return json.dumps(
        {
            "event": "media",
            "sequenceNumber": str(number),
            "streamSid": START.stream_sid,
            "media": {"track": "inbound", "chunk": str(number), "payload": PACKET},
        }
    )


def malformed(rng: random.Random) -> str | bytes:
    junk: Any = rng.choice([None, [], "x", 7, {}, -1.5, True, {"payload": []}, "A" * 20_000])
    message: dict[str, Any] = json.loads(sound(rng.randrange(10**9, 10**12)))
    match rng.randrange(8):
        case 0:
            return rng.randbytes(rng.randrange(64))
        case 1:
            text = sound(1)
            return text[: rng.randrange(len(text))]
        case 2:
            return json.dumps(junk)
        case 3:
            return "[" * rng.randrange(1, 9000)
        case 4:
            message["media"]["payload"] = junk
        case 5:
            message["event"] = rng.choice(["dtmf", "mark", "start", "connected", "nonsense", junk])
        case 6:
            message["streamSid"] = rng.choice([junk, f"MZ{'f' * 32}"])
        case 7:
            message["media"] = junk
    return json.dumps(message)


class Ear(FrameProcessor):
    """Counts the packets that came through."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self.heard += frame.num_frames // PACKET_FRAMES
        await self.push_frame(frame, direction)


class Call:
    """A call whose far end is a queue."""

    def __init__(self, make: Callable[[WebSocket], BaseTransport]) -> None:
        self.ear = Ear()
        self.is_over = False
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._make = make

    async def run(self) -> None:
        self._messages.put_nowait({"type": "websocket.connect"})
        websocket = WebSocket(
            {"type": "websocket", "headers": []}, self._messages.get, self._swallow
        )
        await websocket.accept()
        transport = self._make(websocket)
        self.worker = PipelineWorker(
            Pipeline([transport.input(), self.ear, transport.output()]),
            enable_rtvi=False,
            params=PipelineParams(audio_in_sample_rate=8000),
        )
        transport.add_event_handler("on_client_disconnected", self._over)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        await runner.run()

    async def says(self, message: str | bytes) -> None:
        kind = "bytes" if isinstance(message, bytes) else "text"
        self._messages.put_nowait({"type": "websocket.receive", kind: message})
        while self._messages.qsize() > 50 and not self.is_over:  # noqa: ASYNC110 - backpressure
            await asyncio.sleep(0)

    async def is_heard(self, packets: int) -> bool:
        for _ in range(500):
            if self.is_over or self.ear.heard >= packets:
                break
            await asyncio.sleep(0.001)
        return self.ear.heard >= packets

    async def _over(self, *_: Any) -> None:
        self.is_over = True

    async def _swallow(self, _: Any) -> None:
        pass


def guarded(websocket: WebSocket) -> BaseTransport:
    return create_twilio_transport(websocket=websocket, start=START)


def stock(websocket: WebSocket) -> BaseTransport:
    serializer = TwilioFrameSerializer(
        START.stream_sid, params=TwilioFrameSerializer.InputParams(auto_hang_up=False)
    )
    return FastAPIWebsocketTransport(
        websocket,
        FastAPIWebsocketParams(
            serializer=serializer, audio_in_enabled=True, audio_out_enabled=True
        ),
    )


def memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def fuzz(
    name: str, make: Callable[[WebSocket], BaseTransport], messages: int, calls: int
) -> None:
    rng = random.Random(8)
    ends = [Call(make) for _ in range(calls)]
    runs = [asyncio.create_task(end.run()) for end in ends]
    await asyncio.sleep(0.5)
    memory: list[float] = []
    heard: list[bool] = []
    for number in range(messages // calls):
        for end in ends:
            if not end.is_over:
                await end.says(malformed(rng))
        if number % 10 == 0:
            for end in ends:
                await end.says(sound(number // 10 + 2))
            # A caller speaks in real time: without a pause the pipeline's own queues would grow.
            # The packet before the last: one in which no window of the VAD ends waits for the next.
            heard = [await end.is_heard(number // 10) for end in ends]
        if number % (messages // calls // 10) == 0:
            memory.append(memory_mb())
    dropped = heard.count(False)
    print(f"{name}: {messages} malformed messages, {calls} calls, dropped calls {dropped}")
    print(f"{name}: MB after each tenth: {' '.join(f'{mb:.0f}' for mb in memory)}")
    for end in ends:
        await end.worker.cancel()
    await asyncio.gather(*runs)


async def cost(count: int) -> None:
    messages = [sound(number) for number in range(count)]

    async def read(serializer: FrameSerializer, keep: MessageFilter = lambda data: data) -> float:
        started_at = time.process_time()
        for message in messages:
            if (kept := keep(message)) is not None:
                await serializer.deserialize(kept)
        return (time.process_time() - started_at) / count * 1e6

    class Rates:
        audio_in_sample_rate = 8000

    await STOCK.setup(Rates())  # type: ignore[arg-type]  # pyright: ignore
    pairs = []
    for _ in range(5):
        wrapped = TelephonySerializer(STOCK, protocol=TWILIO, stream_id=START.stream_sid)
        pairs.append((await read(STOCK), await read(wrapped, wrapped.filter_message)))
    plain, with_guard = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    print(
        f"a sound message: stock {plain:.1f} us, guarded {with_guard:.1f} us, "
        f"ratio {with_guard / plain:.2f}"
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=20)
    options = parser.parse_args()
    logger.remove()
    await cost(5000)
    await fuzz("antiphon", guarded, options.messages, options.calls)
    await fuzz("stock", stock, options.messages, options.calls)


if __name__ == "__main__":
    asyncio.run(main())
