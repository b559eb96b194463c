"""Attack a server and a library as a stranger, a caller, a vendor and a colleague would.

Real processes on loopback, bounded in count and time. Each row says what was done, what was seen
from outside (what a caller heard, a socket received, a file holds), and whether that is what is
wanted. Exits with 1 if a row fails. What is defended, and what is not: docs/security.md.

    python benchmarks/attack/run.py [--only NAME …] [--quick]
"""

import argparse
import asyncio
import signal
import sys
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterable

from crosstalk import crosstalk
from doors import doors
from files import files
from floods import floods
from graph import graph
from host_log import host_log
from leaks import leaks
from loguru import logger
from recording import recording
from rows import Row
from servers import end_all
from spans import spans
from startup import startup
from stuck_tool import stuck_tool
from unsigned import unsigned
from words import words

Attack = Callable[..., AsyncIterator[Row]]

TOGETHER: dict[str, Attack] = {
    "crosstalk": crosstalk,
    "leaks": leaks,
    "host_log": host_log,
    "graph": graph,
    "spans": spans,
    "doors": doors,
    "startup": startup,
    "files": files,
    "stuck_tool": stuck_tool,
    "words": words,
    "recording": recording,
}
"""Several at once: what they tell does not depend on time."""

ALONE: dict[str, Attack] = {
    "unsigned": unsigned,
    "floods": floods,
}
"""One after the other: they tell how long something takes."""

AT_ONCE = 3
LIMIT_SECS = 150.0
"""For one attack; what takes longer has failed."""


class Table:
    """Prints a row as soon as it is there, and counts."""

    def __init__(self) -> None:
        self.rows = self.failed = 0
        print("| fact | what was done | seen | wanted | |\n|---|---|---|---|---|")

    def add(self, row: Row) -> None:
        """Print a row."""
        self.rows += 1
        self.failed += not row.ok
        cells = (row.fact, row.done, row.seen, row.wanted, "ok" if row.ok else "**FAIL**")
        print(f"| {' | '.join(cell.strip() for cell in cells)} |", flush=True)


async def attempt(name: str, attack: Attack, table: Table, *, quick: bool) -> None:
    """Make one attack; one that cannot be made is a row that fails."""
    try:
        async with asyncio.timeout(LIMIT_SECS):
            async for row in attack(quick=quick):
                table.add(row)
    except Exception as error:
        told = str(error).strip().splitlines()
        seen = f"{type(error).__name__}: {told[-1][:200] if told else ''}"
        table.add(Row(fact=name, done="the attack", seen=seen, wanted="that it runs", ok=False))


async def attack_all(names: Iterable[str], table: Table, *, quick: bool) -> None:
    """Make the attacks."""
    places = asyncio.Semaphore(AT_ONCE)

    async def in_turn(name: str) -> None:
        async with places:
            await attempt(name, TOGETHER[name], table, quick=quick)

    await asyncio.gather(*(in_turn(name) for name in names if name in TOGETHER))
    for name in names:
        if name in ALONE:
            await attempt(name, ALONE[name], table, quick=quick)


def main() -> None:
    """Make the attacks, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [*TOGETHER, *ALONE]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="fewer of everything")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    logger.remove()
    warnings.simplefilter("ignore")
    began, table = time.monotonic(), Table()
    try:
        asyncio.run(attack_all(options.only, table, quick=options.quick))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        end_all()
    print(f"\n{table.failed} of {table.rows} failed, in {time.monotonic() - began:.0f} s")
    sys.exit(1 if table.failed else 0)


if __name__ == "__main__":
    main()
