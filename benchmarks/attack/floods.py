"""Sockets that send too much: empty frames, tiny messages, nonsense; a log that nobody reads."""

import asyncio
import json
import os
import random
import runpy
from collections.abc import AsyncIterator
from contextlib import suppress
from xml.etree import ElementTree

from phones import Party, call, frame, heard_secs, open_websocket, send_raw, sid
from rows import SILENCE_MS, Row
from servers import HERE, Server

__all__ = ["floods"]

CONTINUATION, TEXT, PING = 0, 1, 9
PHONES = 4
FLOOD_SECS = 12.0
BATCH = 2000
BATCH_SECS = 0.01
"""200,000 frames a second, which cost this process, and so its phones, next to nothing."""

HEALTH_EVERY_SECS = 0.05
HEALTH_MS = 100
"""By so much the slowest answer of /healthz may be slower than when nobody attacks."""

GROWTH_MB = 10.0
UNREAD_LINES = 600


async def floods(*, quick: bool) -> AsyncIterator[Row]:
    """Flood a server in every way."""
    count = 200_000 if quick else 1_000_000
    async with Server("drone") as server, Party(server, count=PHONES) as party:
        await party.left_alone(2)
        stranger, caller = "a socket without a token", "the socket of a call"
        fragment, empty = frame(TEXT, b"a", last=False), frame(CONTINUATION, last=False)
        empties, bytes_ = "empty continuation frames", "messages of a byte"
        kinds = [
            (empties, stranger, fragment, empty),
            (bytes_, caller, await _start_call(server, 100), frame(TEXT, b"x")),
            (bytes_, stranger, b"", frame(TEXT, b"x")),
            ("pings", stranger, b"", frame(PING)),
            (empties, caller, await _start_call(server, 101) + fragment, empty),
        ]
        for what, where, prologue, flood in kinds[: 2 if quick else None]:
            done = f"{count:,} {what} on {where}, {PHONES} calls"
            yield await _flood(server, party, done, prologue, flood, count)
    yield await _unread_log()
    async for row in _nonsense(10_000 if quick else 100_000, 10 if quick else 20):
        yield row


async def _start_call(server: Server, number: int) -> bytes:
    """What a telephone sends before its sound, with the token that the webhook gave it."""
    twiml = await server.webhook_says(sid(number), From=f"+4930{number}")
    stream = ElementTree.fromstring(twiml.partition(" ")[2]).find("Connect/Stream")
    assert stream is not None, twiml
    parameters = {p.attrib["name"]: p.attrib["value"] for p in stream.iter("Parameter")}
    start = {
        "streamSid": "MZ" + sid(number)[2:],
        "callSid": sid(number),
        "accountSid": "AC" + "0" * 32,
        "customParameters": parameters,
    }
    messages = [{"event": "connected"}, {"event": "start", "sequenceNumber": "1", "start": start}]
    return b"".join(frame(TEXT, json.dumps(message).encode()) for message in messages)


async def _flood(
    server: Server, party: Party, done: str, prologue: bytes, flood: bytes, count: int
) -> Row:
    # What the flood before has left is not to be felt in this one.
    await server.is_free(within=20)
    quiet = await _health_ms(server, 1.0)
    before_mb, lost_before = server.memory_mb(), party.lost
    sent, health = 0, 0.0

    async def send() -> None:
        nonlocal sent
        with suppress(TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            async with asyncio.timeout(FLOOD_SECS), open_websocket(server) as (reader, writer):
                writer.write(prologue)
                await asyncio.sleep(0.3)
                closed = asyncio.create_task(_until_closed(reader))
                while sent < count and not closed.done():
                    writer.write(flood * BATCH)
                    await writer.drain()
                    sent += BATCH
                    await asyncio.sleep(BATCH_SECS)
                closed.cancel()

    async def attack() -> None:
        nonlocal health
        sending = asyncio.create_task(send())
        health = await _health_ms(server, 1.0, until=sending)
        await sending

    party.forget_attacks()
    await party.attacked(attack())
    growth_mb = server.memory_mb() - before_mb
    silence = party.longest_silence_ms(attacked=True)
    alone = party.longest_silence_ms(attacked=False)
    lost = party.lost - lost_before
    return Row(
        fact="9 frames",
        done=done,
        seen=f"{sent:,} taken; /healthz {health:.0f} ms at worst, {quiet:.0f} before; silence "
        f"{silence:.0f} ms, {alone:.0f} unattacked; {growth_mb:+.0f} MB; {lost} calls lost",
        wanted=f"{quiet + HEALTH_MS:.0f} ms; {alone + SILENCE_MS:.0f} ms; {GROWTH_MB:+.0f} MB; 0",
        ok=health <= quiet + HEALTH_MS
        and silence <= alone + SILENCE_MS
        and growth_mb <= GROWTH_MB
        and not lost,
    )


async def _until_closed(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while await reader.read(65536):
            pass


async def _health_ms(
    server: Server, secs: float, *, until: "asyncio.Task[None] | None" = None
) -> float:
    """The slowest answer of `/healthz` in so many seconds, and until a task is done."""
    loop = asyncio.get_running_loop()
    end, worst = loop.time() + secs, 0.0
    while loop.time() < end or (until and not until.done()):
        took = await server.health_secs(within=FLOOD_SECS)
        worst = max(worst, FLOOD_SECS if took is None else took)
        await asyncio.sleep(HEALTH_EVERY_SECS)
    return 1000 * worst


async def _unread_log() -> Row:
    """A server whose stderr is a pipe, as a supervisor's that hangs."""
    read_end, write_end = os.pipe()
    # A pipe of one page, so that it is full as soon as may be.
    with suppress(ImportError, OSError, AttributeError):
        import fcntl

        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    try:
        async with Server("drone", stderr=write_end) as server:
            answered = 0
            for _ in range(UNREAD_LINES):
                status = await send_raw(server, b"nonsense\r\n\r\n", within=1.0)
                if not status:
                    break
                answered += 1
            healthy = await server.is_healthy()
            phone, heard = call(server, 1), 0.0
            with suppress(ConnectionError):
                async with asyncio.timeout(12), phone:
                    await asyncio.sleep(2)
                    heard = heard_secs(phone)
    finally:
        os.close(read_end)
        os.close(write_end)
    return Row(
        fact="9 logs",
        done=f"stderr is a pipe that nobody reads; {UNREAD_LINES} requests that each log a line",
        seen=f"{answered} answered, then {'alive' if healthy else 'dead'}; a caller hears "
        f"{heard:.1f} s",
        wanted=f"{UNREAD_LINES}, alive, more than 0 s",
        ok=answered == UNREAD_LINES and healthy and heard > 0,
    )


async def _nonsense(messages: int, calls: int) -> AsyncIterator[Row]:
    malformed = runpy.run_path(str(HERE.parent / "telephony" / "run.py"))["malformed"]
    rng = random.Random(8)
    # A call takes memory for a minute, until it has heard as much as it remembers; so what messages
    # take is what is more than in calls of the same age that get none.
    async with (
        Server("drone") as alone,
        Party(alone, count=calls),
        Server("drone") as server,
        Party(server, count=calls) as party,
    ):
        before_mb, alone_before_mb = server.memory_mb(), alone.memory_mb()
        each = messages // calls
        done = 0

        async def babble(phone_number: int) -> None:
            nonlocal done
            socket = party.phones[phone_number]._stream._ws
            assert socket
            for number in range(each):
                message = malformed(rng)
                with suppress(ConnectionError):
                    if isinstance(message, bytes):
                        await socket.send_bytes(message)
                    else:
                        await socket.send_str(message)
                done += 1
                if number % 10 == 0:
                    await asyncio.sleep(0)

        with suppress(TimeoutError):
            async with asyncio.timeout(40):
                await asyncio.gather(*(babble(number) for number in range(calls)))
        growth = server.memory_mb() - before_mb
        alone_growth = alone.memory_mb() - alone_before_mb
        before = [heard_secs(phone) for phone in party.phones]
        await asyncio.sleep(2)
        deaf = sum(heard_secs(p) <= b for p, b in zip(party.phones, before, strict=True))
        lost = party.lost
    yield Row(
        fact="9 nonsense",
        done=f"{messages:,} malformed messages over {calls} calls",
        seen=f"{done:,} sent; {lost} calls lost, {deaf} without sound; "
        f"{growth:+.0f} MB, in as many calls left alone {alone_growth:+.0f}",
        wanted=f"all sent; 0, 0; {alone_growth + GROWTH_MB:+.0f} MB at most",
        ok=done == messages and not lost and not deaf and growth <= alone_growth + GROWTH_MB,
    )
