"""Ordinary words on the default agent: what the voice is sent, and what the model reads.

Deepgram, OpenAI and Cartesia stand on loopback and keep what they get.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Any

from phones import call
from rows import CARD_WORDS, Row, traces
from servers import Server

from antiphon.simulation.lines.babble import speech_pcm
from antiphon.simulation.vendors.cartesia import CartesiaServer
from antiphon.simulation.vendors.deepgram import DeepgramServer
from antiphon.simulation.vendors.openai import OpenAIServer

__all__ = ["words"]

CALLER = (
    "can I speak to Maria Lopez",
    "my name is John Smithson",
    "please call me back at zero three zero one two three four five six seven",
)
AGENT = (
    "You can reach us at 030 1234567.",
    "Please ask for Maria Lopez at the desk.",
    "We are at 12 Harbour Street in Bristol.",
    "Write to help@harbour.example at any time.",
    "Your appointment is on 3 May 2027.",
    "Your order number is 4821377.",
)
TURN_SECS = 12.0


async def words(*, quick: bool) -> AsyncIterator[Row]:
    """Say three ordinary lines and a card, and be answered in six."""
    async with AsyncExitStack() as stack:
        script = [*CALLER, f"my card is {CARD_WORDS}"]
        deepgram = await stack.enter_async_context(DeepgramServer(script=script))
        replies = [f"{a} {b}" for a, b in zip(AGENT[::2], AGENT[1::2], strict=True)]
        openai = await stack.enter_async_context(OpenAIServer(script=[*replies, "Thank you."]))
        cartesia = await stack.enter_async_context(CartesiaServer())
        settings: dict[str, Any] = {
            "DEEPGRAM_API_KEY": "k",
            "DEEPGRAM_BASE_URL": deepgram.url,
            "OPENAI_API_KEY": "k",
            "OPENAI_BASE_URL": openai.url,
            "CARTESIA_API_KEY": "k",
            "CARTESIA_VOICE_ID": "v",
            "CARTESIA_URL": cartesia.url,
        }
        server = await stack.enter_async_context(Server("ordinary", **settings))
        phone = await stack.enter_async_context(call(server, 1))
        await asyncio.sleep(1)
        for number in range(len(script)):
            await phone.say(speech_pcm(1.5), sample_rate_hz=16_000)
            with suppress(TimeoutError):
                async with asyncio.timeout(TURN_SECS):
                    while len(openai.requests) <= number:  # noqa: ASYNC110
                        await asyncio.sleep(0.1)
            # The answer is spoken at the pace of a voice; the next line waits for its end.
            await _until_quiet(cartesia)
    spoken = _spoken(cartesia.received)
    read = _read(openai.requests)
    told = [line for line in AGENT if line not in spoken]
    yield Row(
        fact="12 the voice",
        done="six ordinary lines of the model, as the voice is sent them",
        seen=f"{len(AGENT) - len(told)} of {len(AGENT)} as written"
        + (f"; {_as_sent(spoken)!r}" if told else ""),
        wanted=f"{len(AGENT)}",
        ok=not told,
    )
    hidden = [line for line in CALLER if line not in read]
    card = "hidden" if read and not traces(read) else "read"
    has_all = len(openai.requests) >= len(script)
    yield Row(
        fact="12 the model",
        done="three ordinary lines of a caller and a spoken card, as the model reads them",
        seen=f"{len(CALLER) - len(hidden)} of {len(CALLER)} as said; the card is {card}"
        + ("" if has_all else f"; only {len(openai.requests)} turns")
        + (f"; {read.splitlines()[0]!r}" if hidden and read else ""),
        wanted=f"{len(CALLER)}; hidden",
        ok=not hidden and card == "hidden" and has_all,
    )


async def _until_quiet(cartesia: CartesiaServer) -> None:
    count = -1
    while count != len(cartesia.received):
        count = len(cartesia.received)
        await asyncio.sleep(1.0)


def _spoken(received: list[dict[str, Any]]) -> str:
    return " ".join("".join(f"{m.get('transcript') or ''} " for m in received).split())


def _as_sent(spoken: str) -> str:
    begin = AGENT[0][:12]
    at = spoken.find(begin)
    return spoken[at : at + 40] if at >= 0 else spoken[:40]


def _read(requests: list[dict[str, Any]]) -> str:
    messages = requests[-1]["messages"] if requests else []
    contents = [m.get("content") for m in messages if m["role"] == "user"]
    return "\n".join(c if isinstance(c, str) else json.dumps(c) for c in contents)
