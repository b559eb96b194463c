"""Callers that cost little: hundreds of them fit on a fraction of a core, beside what they measure.

`antiphon load` speaks to a server through a full websocket client. Here the frames are written by
hand (RFC 6455), a mask of zeros masks nothing, and one timer a millisecond serves the callers whose
turn it is, so that no two of the twenty are in step.

    python callers.py --url ws://127.0.0.1:8000/ws --voices voices --calls 100 --report out.json
"""

import argparse
import asyncio
import base64
import gc
import json
import os
import pickle
import random
import resource
import time
from collections import deque
from enum import Enum, auto
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import numpy as np
from clips import Packets

from antiphon.simulation.lines.twilio_webhook import ask_webhook

STEP_SECS = 0.02
TEXT, PING, PONG = 1, 9, 10
LATE_SECS = 0.06
"""A phone's jitter buffer: audio that comes later than this after its turn leaves a gap."""

NEW_UTTERANCE_SECS = 0.5
PATIENCE_SECS = 8.0
BARGE_IN_EVERY = 4
NOISY_EVERY = 3


class Mood(Enum):
    """What a caller is doing."""

    GREETED = auto()
    THINKING = auto()
    SPEAKING = auto()
    WAITING = auto()
    LISTENING = auto()
    BARGING_IN = auto()


class Caller(asyncio.Protocol):
    """One call, and what was felt in it."""

    def __init__(self, number: int, path: str, parameters: dict[str, str], voice: "Voice") -> None:
        self.dice = random.Random(number)
        self.sid = f"{number:032x}"
        self.path = path
        self.parameters = parameters
        self.voice = voice
        self.mood = Mood.GREETED
        self.until = 0.0
        self.lines = 0
        self.packets: deque[bytes] = deque()
        self.noise_at = self.dice.randrange(len(voice.background))
        self.sequence = 1
        self.spoke_until = 0.0
        self.began_at = 0.0
        self.plays_until = 0.0
        self.marks: deque[tuple[float, str]] = deque()
        self.received = bytearray()
        self.is_open = False
        self.failure: str | None = None
        self.felt: list[tuple[str, float, float]] = []

    # The connection.

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        if self.is_open or not self.began_at:
            self.failure = "the server ended the call" if self.began_at else "refused"
        self.is_open = False

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self.received += data
        if not self.began_at and not self._is_upgraded(now):
            return
        received, at, size = self.received, 0, len(self.received)
        while at + 2 <= size:
            length, begin = received[at + 1] & 127, at + 2
            if length == 126:
                if begin + 2 > size:
                    break
                length, begin = int.from_bytes(received[begin : begin + 2], "big"), begin + 2
            elif length == 127:
                length, begin = int.from_bytes(received[begin : begin + 8], "big"), begin + 8
            if begin + length > size:
                break
            opcode, data = received[at] & 15, bytes(received[begin : begin + length])
            if opcode == TEXT:
                self._take(data, now)
            elif opcode == PING:
                self._send(data, PONG)
            at = begin + length
        del received[:at]

    def _is_upgraded(self, now: float) -> bool:
        head, found, _ = bytes(self.received).partition(b"\r\n\r\n")
        if not found:
            return False
        if b" 101 " not in head.split(b"\r\n")[0]:
            self.transport.close()
            return False
        del self.received[: len(head) + 4]
        self.is_open, self.began_at = True, now
        self.until = now + PATIENCE_SECS
        start = {
            "accountSid": "AC" + "0" * 32,
            "streamSid": f"MZ{self.sid}",
            "callSid": f"CA{self.sid}",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": self.parameters,
        }
        self._send(b'{"event":"connected","protocol":"Call","version":"1.0.0"}')
        self._send(
            json.dumps(
                {
                    "event": "start",
                    "sequenceNumber": "1",
                    "streamSid": f"MZ{self.sid}",
                    "start": start,
                }
            ).encode()
        )
        return True

    def _send(self, data: bytes, opcode: int = TEXT) -> None:
        length = len(data)
        size = bytes((0x80 | length,)) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
        self.transport.write(bytes((0x80 | opcode,)) + size + b"\0\0\0\0" + data)

    def hang_up(self) -> None:
        if self.is_open:
            self.is_open = False
            self._send(b'{"event":"stop","stop":{}}')
            self.transport.close()

    # What is heard.

    def _take(self, message: bytes, now: float) -> None:
        if b'"media"' in message:
            begin = message.index(b'"payload"') + 9
            begin = message.index(b'"', begin) + 1
            self._hear((message.index(b'"', begin) - begin) * 0.75 / 8000, now)
        elif b'"mark"' in message:
            name = json.loads(message)["mark"]["name"]
            self.marks.append((max(now, self.plays_until), name))
        elif b'"clear"' in message:
            self.plays_until = min(self.plays_until, now)
            self.marks = deque((now, mark) for _, mark in self.marks)
            if self.mood is Mood.BARGING_IN:
                self.felt.append(("stop", now, now - self.began_line))
                self.mood = Mood.SPEAKING

    def _hear(self, secs: float, now: float) -> None:
        late = now - self.plays_until
        self.felt.append(("heard", now, secs))
        if late > NEW_UTTERANCE_SECS:
            self.plays_until = now + secs
        else:
            if late > LATE_SECS:
                self.felt.append(("late", now, secs))
                self.plays_until = now
            self.plays_until += secs
        if self.mood is Mood.GREETED:
            self.felt.append(("setup", now, now - self.began_at))
            self.mood = Mood.LISTENING
        elif self.mood is Mood.WAITING:
            self.felt.append(("turn", now, now - self.spoke_until))
            self.mood, self.until = Mood.LISTENING, now + 1.5

    # What is said.

    def step(self, now: float) -> None:
        """Send the next 20 ms."""
        if not self.is_open:
            return
        self._decide(now)
        if self.packets:
            packet = self.packets.popleft()
            if not self.packets:
                self.spoke_until = now + STEP_SECS
                if self.mood is Mood.BARGING_IN:
                    self.felt.append(("not stopped", now, 0.0))
                self.mood, self.until = Mood.WAITING, now + PATIENCE_SECS
        else:
            self.noise_at = (self.noise_at + 1) % len(self.voice.background)
            packet = self.voice.background[self.noise_at]
        self.sequence += 1
        self._send(
            b'{"event":"media","sequenceNumber":"%d","streamSid":"MZ%s","media":{"track":"inbound",'
            b'"chunk":"%d","timestamp":"%d","payload":"%s"}}'
            % (
                self.sequence,
                self.sid.encode(),
                self.sequence,
                self.sequence * 20,
                packet,
            )
        )
        while self.marks and self.marks[0][0] <= now:
            self.sequence += 1
            self._send(
                b'{"event":"mark","sequenceNumber":"%d","streamSid":"MZ%s","mark":{"name":%s}}'
                % (self.sequence, self.sid.encode(), json.dumps(self.marks.popleft()[1]).encode())
            )

    def _decide(self, now: float) -> None:
        match self.mood:
            case Mood.WAITING | Mood.GREETED if now > self.until:
                self.felt.append(("unanswered", now, 0.0))
                self.mood, self.until = Mood.THINKING, now + 0.5
            case Mood.LISTENING if (self.lines + 1) % BARGE_IN_EVERY == 0 and now > self.until:
                self._begin_line(now, Mood.BARGING_IN)
            case Mood.LISTENING if now > self.plays_until + 0.3:
                self.mood, self.until = Mood.THINKING, now + self.dice.uniform(0.2, 1.5)
            case Mood.THINKING if now > self.until:
                self._begin_line(now, Mood.SPEAKING)

    def _begin_line(self, now: float, mood: Mood) -> None:
        clip = self.dice.choice(self.voice.clips)
        self.packets.extend(clip)
        self.lines += 1
        self.mood, self.began_line = mood, now


class Voice:
    """What a caller can say, ready to be sent."""

    def __init__(self, clips: list[Packets], background: Packets) -> None:
        self.clips = [[base64.b64encode(packet) for packet in clip] for clip in clips]
        self.background = [base64.b64encode(packet) for packet in background]


class Street:
    """Callers, each served every 20 ms, twenty groups of them one after the other."""

    def __init__(self, url: str, voices: Path) -> None:
        self.url = url
        self.slips: list[float] = []
        self._voices = [Voice(*voice) for voice in pickle.loads(voices.read_bytes())]
        self._groups: list[list[Caller]] = [[] for _ in range(20)]

    async def __aenter__(self) -> "Street":
        gc.disable()  # its pauses would be felt as the server's
        self._session = aiohttp.ClientSession()
        self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ticking.cancel()
        await self._session.close()

    async def call(self, number: int) -> Caller:
        parts = urlsplit(self.url)
        path, parameters = parts.path, {}
        if parts.scheme == "http":
            form = {"CallSid": f"CA{number:032x}", "To": "+493000"}
            url, parameters = await ask_webhook(
                self._session, self.url, form, auth_token=os.environ["TWILIO_AUTH_TOKEN"]
            )
            path = urlsplit(url).path
        caller = Caller(number, path, parameters, self._voices[number % NOISY_EVERY == 0])
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: caller, parts.hostname or "", parts.port or 80)
        self._groups[caller.dice.randrange(20)].append(caller)
        return caller

    def hang_up(self, caller: Caller) -> None:
        caller.hang_up()
        for group in self._groups:
            if caller in group:
                group.remove(caller)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        number = 0
        while True:
            now = time.perf_counter()
            for caller in self._groups[number % 20]:
                caller.step(now)
            number += 1
            due += STEP_SECS / 20
            late = loop.time() - due
            self.slips.append(late)
            # Behind, it catches up without sleeping, and lets the sockets be read.
            await asyncio.sleep(max(0.0, -late))


async def callers(options: argparse.Namespace) -> dict[str, Any]:
    """Make the calls, and return what was felt while it was measured."""
    async with Street(options.url, options.voices) as street:
        calls = []
        for number in range(options.calls):
            calls.append(await street.call(number))
            await asyncio.sleep(options.ramp_secs / options.calls)
        await asyncio.sleep(options.settle_secs)
        street.slips.clear()
        start, wall, used = time.perf_counter(), time.time(), _cpu_secs()
        print("measuring", flush=True)
        await asyncio.sleep(options.secs)
        end, cpu_secs = time.perf_counter(), _cpu_secs() - used
        print("measured", flush=True)
        for caller in calls:
            street.hang_up(caller)
    return {
        "calls": options.calls,
        "secs": end - start,
        "from": wall,
        "cpu_secs": cpu_secs,
        "slip_p99_ms": 1000 * float(np.percentile(street.slips, 99)),
        "failures": [caller.failure for caller in calls if caller.failure],
        "felt": [
            (what, secs)
            for caller in calls
            for what, at, secs in caller.felt
            if start <= at <= end or what == "setup"
        ],
    }


def _cpu_secs() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--voices", type=Path, required=True, help="written by run.py")
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--secs", type=float, default=30.0)
    parser.add_argument("--ramp-secs", type=float, default=5.0)
    parser.add_argument("--settle-secs", type=float, default=5.0)
    parser.add_argument("--report", type=Path, required=True)
    options = parser.parse_args()
    options.report.write_text(json.dumps(asyncio.run(callers(options))))


if __name__ == "__main__":
    main()
