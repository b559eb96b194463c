"""Who is kept out though they should not be: callers without a number, and a right key."""

from collections.abc import AsyncIterator

from phones import sid
from rows import Row
from servers import API_KEY, Server

__all__ = ["doors"]

WITHHELD = ("+266696687", "Anonymous", "anonymous", "Restricted", "Unavailable", "+7378742833", "")
"""What Twilio sends for a number that is withheld, some as the keys that spell the word."""

EACH = 12
"""Calls in a minute; a number may make ten."""

KEY_USES = 70
GUESSES = 100


async def doors(*, quick: bool) -> AsyncIterator[Row]:
    """Call without a number, start with a key, and guess."""
    async with Server("drone") as server:
        busy = named = 0
        for number, caller in enumerate(caller for caller in WITHHELD for _ in range(EACH)):
            busy += "<Reject" in await server.webhook_says(sid(number), From=caller)
        for number in range(900, 900 + EACH):
            named += "<Reject" in await server.webhook_says(sid(number), From="+49301234567")
        yield Row(
            fact="7 withheld",
            done=f"{EACH} calls of each of {len(WITHHELD)} withheld numbers; as many of one number",
            seen=f"{busy} heard busy; {named}",
            wanted=f"0; {EACH - 10}",
            ok=busy == 0 and named == EACH - 10,
        )
    async with Server("drone") as server:
        uses = [await _start(server, API_KEY) for _ in range(KEY_USES)]
        guesses = [await _start(server, f"guess-{n}") for n in range(GUESSES)]
        after = [await _start(server, API_KEY) for _ in range(5)]
        yield Row(
            fact="7 a right key",
            done=f"{KEY_USES} starts, {GUESSES} guesses from the same address, 5 more starts",
            seen=f"{uses.count(200)} and {after.count(200)} let in; {guesses.count(429)} guesses "
            f"held off, {guesses.count(200)} let in",
            wanted=f"{KEY_USES} and 5; 40 or more, 0",
            ok=uses.count(200) == KEY_USES
            and after.count(200) == 5
            and guesses.count(429) >= GUESSES - 60
            and 200 not in guesses,
        )


async def _start(server: Server, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    async with server.session.post(f"{server.base}/websocket/start", headers=headers) as answer:
        await answer.read()
        return answer.status
