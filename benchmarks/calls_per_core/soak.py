"""Calls that come and go for an hour, and the memory of the server's processes each minute.

python benchmarks/calls_per_core/soak.py [--lines 12] [--minutes 60] [--agent whole]
"""

import argparse
import asyncio
import os
import pickle
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
from callers import Caller, Street
from clips import background, make_clips
from run import TOKEN, Config, pin, serving

CALL_SECS = (20.0, 120.0)


class Soak:
    """Lines that are never idle for long."""

    def __init__(self, lines: int) -> None:
        self.lines = lines
        self.made = 0
        self.failed = 0
        self.felt: list[tuple[str, float, float]] = []

    async def line(self, street: Street, dice: random.Random) -> None:
        await asyncio.sleep(dice.uniform(0, CALL_SECS[0]))
        while True:
            self.made += 1
            try:
                caller = await street.call(self.made)
            except OSError:
                self.failed += 1
                await asyncio.sleep(1)
                continue
            await self._talk(caller, dice.uniform(*CALL_SECS))
            street.hang_up(caller)
            await asyncio.sleep(dice.uniform(0.5, 3))

    async def _talk(self, caller: Caller, secs: float) -> None:
        until = time.perf_counter() + secs
        while time.perf_counter() < until and not caller.failure:
            await asyncio.sleep(1)
            self.felt += caller.felt
            caller.felt.clear()
        self.failed += caller.failure is not None

    def minute(self) -> str:
        """Tell what was felt since the last time."""
        turns = [1000 * secs for what, _, secs in self.felt if what == "turn"]
        heard = sum(secs for what, _, secs in self.felt if what == "heard")
        late = sum(secs for what, _, secs in self.felt if what == "late")
        unanswered = sum(what == "unanswered" for what, _, _ in self.felt)
        self.felt.clear()
        p50, p95 = np.percentile(turns or [0], (50, 95))
        return (
            f"| {self.made} | {self.failed} | {len(turns)} | {unanswered} | {p50:.0f}/{p95:.0f} "
            f"| {100 * late / max(heard, 1):.2f} |"
        )


def _processes(server: psutil.Process) -> Sequence[psutil.Process]:
    everybody = [server, *server.children(recursive=True)]
    return [process for process in everybody if "resource_tracker" not in str(process.cmdline())]


async def soak(options: argparse.Namespace, voices: Path, folder: Path) -> None:
    config = Config(name="soak", agent=options.agent, steps=(), workers=options.workers)
    with serving(config, folder) as (server, port):
        print(
            "| minute | MB of each process | CPU % | calls | failed | turns | unanswered "
            "| turn P50/P95 ms | late % | load |\n|" + "---|" * 10,
            flush=True,
        )
        talking = Soak(options.lines)
        async with Street(config.url(port), voices) as street:
            lines = [
                asyncio.create_task(talking.line(street, random.Random(number)))
                for number in range(options.lines)
            ]
            used = _used(server)
            for minute in range(1, options.minutes + 1):
                await asyncio.sleep(60)
                street.slips.clear()
                memory = " ".join(
                    f"{p.memory_full_info().uss / 1e6:.1f}" for p in _processes(server)
                )
                cpu, used = _used(server) - used, _used(server)
                print(
                    f"| {minute} | {memory} | {cpu / 0.6:.0f} {talking.minute()} "
                    f"{os.getloadavg()[0]:.1f} |",
                    flush=True,
                )
            for line in lines:
                line.cancel()


def _used(server: psutil.Process) -> float:
    return sum(p.cpu_times().user + p.cpu_times().system for p in _processes(server))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=12)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--agent", default="whole", help="a name in agents.py")
    options = parser.parse_args()
    os.environ["TWILIO_AUTH_TOKEN"] = TOKEN
    if options.workers == 1:
        pin(os.getpid(), 1)
    with tempfile.TemporaryDirectory() as folder:
        voices = Path(folder) / "voices"
        made = [(make_clips(noisy=noisy), background(noisy=noisy)) for noisy in (False, True)]
        voices.write_bytes(pickle.dumps(made))
        asyncio.run(soak(options, voices, Path(folder)))


if __name__ == "__main__":
    main()
