"""Two calls that meet the same service object: nobody hears the words of another."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress

from phones import call, heard_secs
from rows import Row
from servers import Server, free_port, is_info, run_process

from antiphon.simulation.lines.twilio_caller import TwilioCaller

__all__ = ["crosstalk"]

SERVE = ["-m", "antiphon", "serve", "--agent", "agents:shared_plainly"]

Judge = Callable[[float, float], Row]
"""Makes the row, given how long the two greetings sound."""

WAIT_SECS = 7.0
HEARD_SHARE = 0.15
"""By so much what is heard may differ from the greeting: another phrase's pauses, and the end."""

REFUSAL = re.compile("give .*the class ")
"""Whoever is refused is told what to give instead."""


async def crosstalk(*, quick: bool) -> AsyncIterator[Row]:
    """Attack with calls at once and calls in turn."""
    reference, *tries = await asyncio.gather(
        _greetings(),
        _at_once("shared"),
        _at_once("by_class"),
        _plainly(),
        _in_turn(),
        _many(20 if quick else 100),
    )
    for judge in tries:
        yield judge(*reference)


async def _greetings() -> list[float]:
    async with Server("named") as server:
        return await _heard(server, [1, 2], secs=WAIT_SECS)


async def _heard(server: Server, numbers: list[int], *, secs: float) -> list[float]:
    """What each of the phones hears that call at once; those who are refused hear nothing."""
    async with AsyncExitStack() as stack:
        phones = []
        for number in numbers:
            phone = call(server, number)
            with suppress(ConnectionError):
                await stack.enter_async_context(phone)
            phones.append(phone)
        await asyncio.sleep(secs)
        return [heard_secs(phone) for phone in phones]


async def _at_once(agent: str) -> Judge:
    try:
        async with Server(agent) as server:
            heard = await _heard(server, [1, 2], secs=WAIT_SECS)
            refused = _refusals(server)
            seen = f"heard {heard[0]:.1f} and {heard[1]:.1f} s; {refused} lines of refusal"
    except ConnectionError:
        heard, refused, seen = [0.0, 0.0], 0, "does not start"
    shared = agent == "shared"

    def judge(short: float, long: float) -> Row:
        own = [_is_like(*pair) for pair in zip(heard, (short, long), strict=True)]
        is_refused = own[0] and heard[1] == 0 and refused == 1
        return Row(
            fact="1 crosstalk",
            done=f"{'one TTS object' if shared else 'the TTS class instead'}, two calls at once",
            seen=seen,
            wanted=f"each hears its own greeting, {short:.1f} and {long:.1f} s"
            + (", or is refused with one line" if shared else ""),
            ok=all(own) or (shared and is_refused),
        )

    return judge


async def _plainly() -> Judge:
    code, told = await run_process([*SERVE, "--port", str(free_port())], within=20)
    lines = [line for line in told.splitlines() if line.strip() and not is_info(line)]
    one = len(lines) == 1 and bool(REFUSAL.search(lines[0]))

    def judge(short: float, long: float) -> Row:
        return Row(
            fact="1 crosstalk",
            done="antiphon serve with an agent that was given an object",
            seen=("starts" if code is None else f"exit {code}")
            + f"; {'one line says' if one else 'no line says'} what to give",
            wanted="exit 1 or 2; one line says",
            ok=code in (1, 2) and one,
        )

    return judge


async def _in_turn() -> Judge:
    async with Server("shared_hidden") as server:
        await _heard(server, [1], secs=2)
        await asyncio.sleep(1)
        phone = call(server, 2)
        await _try(phone)
        await asyncio.sleep(WAIT_SECS)
        heard, over = heard_secs(phone), phone.secs == 0 or phone.ended.is_set()
        await phone.hang_up()

    def judge(short: float, long: float) -> Row:
        return Row(
            fact="1 crosstalk",
            done="one TTS object, one call after the other",
            seen=f"the second heard {heard:.1f} s, {'is over' if over else 'still waits'}",
            wanted=f"it hears {long:.1f} s, or is over within {WAIT_SECS:g} s",
            ok=_is_like(heard, long) or (over and not heard),
        )

    return judge


async def _many(count: int) -> Judge:
    async with Server("shared_hidden") as server:
        first = call(server, 1)
        async with first:
            phones = [call(server, 2 + number) for number in range(count)]
            await asyncio.gather(*(_try(phone) for phone in phones))
            await asyncio.sleep(WAIT_SECS)
            heard = sum(heard_secs(phone) > 0 for phone in phones)
            waiting = sum(phone.secs > 0 and not phone.ended.is_set() for phone in phones)
            own = heard_secs(first)
            await asyncio.gather(*(phone.hang_up() for phone in phones), return_exceptions=True)
        refused = _refusals(server)

    def judge(short: float, long: float) -> Row:
        return Row(
            fact="1 crosstalk",
            done=f"{count} calls while another is on the object",
            seen=f"{heard} heard something, {waiting} still wait; {refused} lines of refusal; "
            f"the first heard {own:.1f} s",
            wanted=f"0 and 0; {count} lines; {long:.1f} s",
            ok=not heard and not waiting and _is_like(own, long) and refused == count,
        )

    return judge


def _is_like(heard: float, wanted: float) -> bool:
    return abs(heard - wanted) < HEARD_SHARE * wanted


async def _try(phone: TwilioCaller) -> None:
    with suppress(ConnectionError):
        await phone.__aenter__()


def _refusals(server: Server) -> int:
    """The lines of the log that say what to give instead of an object."""
    lines = [line for line in server.log().splitlines() if line.startswith("{")]
    return sum(bool(REFUSAL.search(str(json.loads(line).get("message")))) for line in lines)
