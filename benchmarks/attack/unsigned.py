"""Requests that no Twilio signed: what they cost, and what the calls beside them hear."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from phones import Party, call, post_raw, send_raw
from rows import SILENCE_MS, Row
from servers import API_KEY, Server

__all__ = ["unsigned"]

GUARDS = 50
"""Each call of the attacked server guards the logs as often as so many calls did."""

COST_RATIO = 1.2
PHONES = 4
A_SECOND = 20

OFTEN: dict[str, Any] = {"ANTIPHON_RATE_PER_ADDRESS": "100000/minute"}
"""So that each request is refused for what it is, and not for how many there were."""

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
BEARER = f"Authorization: Bearer {API_KEY}"


def part(head: str, body: str = "x") -> bytes:
    """A multipart body of one part."""
    return f"--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n--b--\r\n".encode()


FILE = part('name="CallSid"; filename="a"')

REQUESTS: list[tuple[str, bytes, str, str]] = [
    ("/twilio/voice", FILE, MULTIPART, ""),
    ("/twilio/voice", part('name="CallSid"'), MULTIPART, ""),
    ("/twilio/voice", part('name="CallSid"')[:-20], MULTIPART, ""),
    ("/twilio/voice", b"--b\r\nnonsense", "multipart/form-data", ""),
    ("/twilio/voice", b"--c\r\n\r\n\xff\xfe", MULTIPART, ""),
    ("/twilio/voice", part("name=\"\xff\"; filename*=utf-99''a"), MULTIPART, ""),
    ("/twilio/voice", b"CallSid=%ff%fe&From=%00%zz&=&&&", FORM, ""),
    ("/twilio/voice", b"\xff\xfe\x00", f"{FORM}; charset=utf-99", ""),
    ("/twilio/voice", b"CallSid=CA1", FORM, "X-Twilio-Signature: \xff"),
    ("/twilio/status", FILE, MULTIPART, ""),
    ("/twilio/transferred", FILE, MULTIPART, ""),
    ("/twilio/whisper/x", FILE, MULTIPART, ""),
    ("/twilio/call", b'{"to": NaN}', "application/json", BEARER),
    ("/twilio/call", b'{"to": Infinity}', "application/json", ""),
    ("/twilio/call", b"\xff\xfe", "application/json", BEARER),
    ("/twilio/call", b"[" * 9000, "application/json", BEARER),
    ("/twilio/call", b'{"to": "\\ud800"}', "application/json", BEARER),
    ("/websocket/start", b'{"a": NaN}', "application/json", ""),
    ("/websocket/start", b"", "application/json", "Authorization: Bearer \xff"),
]

FILE_PART = REQUESTS[0]

CRUMBS = (
    f"POST /twilio/voice HTTP/1.1\r\nHost: a\r\nContent-Type: {FORM}\r\n"
    "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
).encode() + b"1\r\na\r\n" * 60_000
"""A body of 59 KiB, which a parser of HTTP takes most of a second for."""

AT_ONCE = 5
GARBAGE = b"nonsense\r\n\r\n"
COUNTED = 12
"""Of the requests, those that name Twilio's webhooks come first: each is refused."""


async def unsigned(*, quick: bool) -> AsyncIterator[Row]:
    """Attack live calls, then ask what a refused request costs after many calls."""
    async for row in _answers():
        yield row
    async for row in _costs_and_silence(40 if quick else 200, 2.0 if quick else 4.0):
        yield row


async def _answers() -> AsyncIterator[Row]:
    async with Server("drone", **OFTEN) as server:
        before = await server.metric("antiphon_calls_refused_total")
        statuses = [await _post(server, request) for request in REQUESTS]
        counted = await server.metric("antiphon_calls_refused_total") - before
        garbage = await send_raw(server, b"\x16\x03\x01nonsense\r\n\r\n")
    where = {r[0] for r, s in zip(REQUESTS, statuses, strict=True) if s >= 500 or s == 0}
    errors = sum(status >= 500 or status == 0 for status in statuses)
    yield Row(
        fact="2 unsigned",
        done=f"{len(REQUESTS)} requests: file parts, broken encodings, NaN",
        seen=f"{errors} answered with 5xx or not at all {', '.join(sorted(where))}",
        wanted="0",
        ok=not errors,
    )
    yield Row(
        fact="2 unsigned",
        done=f"the {COUNTED} of them to Twilio's webhooks, in /metrics",
        seen=f"{counted:.0f} counted as refused",
        wanted=f"{COUNTED} or more",
        ok=counted >= COUNTED,
    )
    async with Server("drone") as server:
        limited = [await _post(server, FILE_PART) for _ in range(100)].count(429)
    yield Row(
        fact="2 unsigned",
        done="100 file parts from one address, 60 a minute allowed; garbage instead of HTTP",
        seen=f"{limited} times 429; {garbage}",
        wanted="40 or more; 400",
        ok=limited >= 40 and garbage == 400,
    )


async def _post(server: Server, request: tuple[str, bytes, str, str]) -> int:
    path, body, kind, header = request
    return await post_raw(server, path, body, kind, *([header] if header else []))


async def _costs_and_silence(calls: int, secs: float) -> AsyncIterator[Row]:
    asked: dict[str, Callable[[Server], Awaitable[int]]] = {
        "a refused request": lambda server: _post(server, REQUESTS[6]),
        "a refused file part": lambda server: _post(server, FILE_PART),
        "a log line (garbage instead of HTTP)": lambda server: send_raw(server, GARBAGE),
    }
    # Two servers, asked in turn: the machine is shared, and what it lends changes.
    async with (
        Server("guarded", **OFTEN) as young,
        Server("guarded", ATTACK_GUARDS=GUARDS, **OFTEN) as old,
    ):
        await _ring_and_leave(young, 1)
        async with asyncio.timeout(40):
            for number in range(calls):
                await _ring_and_leave(old, number)
        for number, (name, ask) in enumerate(asked.items()):
            if number == 1:
                yield await _silence(old, calls, secs)
                yield await _tiny_chunks(old, secs)
            # What was asked in vain before is not to be felt in this row.
            await old.is_free(within=20)
            ratio = await _cost_ratio(young, old, ask, secs)
            yield Row(
                fact="2 cost",
                done=f"{name}, after {calls} calls that guard the logs {GUARDS} times each",
                seen=f"{ratio:.2f} times that after the first",
                wanted=f"{COST_RATIO} at most",
                ok=ratio <= COST_RATIO,
            )


async def _ring_and_leave(server: Server, number: int) -> None:
    async with call(server, 1000 + number):
        pass


async def _cost_ratio(
    young: Server, old: Server, ask: Callable[[Server], Awaitable[int]], secs: float
) -> float:
    """How much longer the fastest answer of the old server takes."""
    best = {young: float("inf"), old: float("inf")}
    until = time.monotonic() + secs
    while time.monotonic() < until or best[old] == float("inf"):
        for server in (young, old):
            began = time.perf_counter()
            await ask(server)
            best[server] = min(best[server], time.perf_counter() - began)
    return best[old] / best[young]


async def _tiny_chunks(server: Server, secs: float) -> Row:
    async def attack() -> None:
        end = CRUMBS + b"0\r\n\r\n"
        await asyncio.gather(*(send_raw(server, end, within=20) for _ in range(AT_ONCE)))

    async with Party(server, count=PHONES, first=7000) as party:
        await party.left_alone(secs)
        await party.attacked(attack())
        alone = party.longest_silence_ms(attacked=False)
        attacked = party.longest_silence_ms(attacked=True)
        lost = party.lost
    return Row(
        fact="2 silence",
        done=f"{AT_ONCE} bodies of 59 KiB at once in chunks of a byte, {PHONES} calls",
        seen=f"longest silence {attacked:.0f} ms, unattacked {alone:.0f} ms; {lost} calls lost",
        wanted=f"{alone + SILENCE_MS:.0f} ms at most; 0",
        ok=attacked <= alone + SILENCE_MS and not lost,
    )


async def _silence(server: Server, calls: int, secs: float) -> Row:
    sent = 0

    async def attack() -> None:
        nonlocal sent
        loop = asyncio.get_running_loop()
        until = loop.time() + secs
        async with asyncio.TaskGroup() as group:
            while loop.time() < until:
                kind = sent % (len(REQUESTS) + 1)
                asking = (
                    send_raw(server, GARBAGE)
                    if kind == len(REQUESTS)
                    else _post(server, REQUESTS[kind])
                )
                group.create_task(asking)
                sent += 1
                await asyncio.sleep(1 / A_SECOND)

    async with Party(server, count=PHONES, first=5000) as party:
        await party.left_alone(secs)
        await party.attacked(attack())
        alone = party.longest_silence_ms(attacked=False)
        attacked = party.longest_silence_ms(attacked=True)
        lost = party.lost
    return Row(
        fact="2 silence",
        done=f"{sent} such requests in {secs:g} s, {PHONES} calls, {calls * GUARDS} guards before",
        seen=f"longest silence {attacked:.0f} ms, unattacked {alone:.0f} ms; {lost} calls lost",
        wanted=f"{alone + SILENCE_MS:.0f} ms at most; 0",
        ok=attacked <= alone + SILENCE_MS and not lost,
    )
