"""How many calls a core carries: stock Pipecat's and ours, over real sockets, in turn.

Each run starts a server on one core and callers on the other, waits until every call has been
greeted, and measures: turn latency and late audio as the callers feel them, CPU and memory of the
server's processes, the lag of its event loop. N grows until the P95 of the turn latency is 20 %
above that of few calls, or more than 1 % of the audio is late. Services are fakes with the same
latencies on both sides; a third of the callers is in noise; every fourth line is a barge-in.

    python benchmarks/calls_per_core/run.py [--quick] [--repeats 3] [--secs 30] [--only NAME]
"""

import argparse
import json
import math
import os
import pickle
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import psutil
from clips import background, make_clips

HERE = Path(__file__).parent
TOKEN = "0123456789abcdef0123456789abcdef"
LATE_LIMIT, SLOWER_LIMIT = 0.01, 1.2

# Two turns of a caller. Callers who begin within less stay together for the whole run, and all
# stop speaking in the same seconds of each turn.
SPREAD_SECS = 12.0
SETTLE_SECS = 5.0


@dataclass(frozen=True, kw_only=True)
class Config:
    """What is measured.

    Parameters:
        name: How the table calls it.
        agent: Of ours, the name in `agents.py`; of stock, "smart" or "timeout".
        steps: How many calls, from few on.
        workers: How many processes answer; more than one have all cores.
    """

    name: str
    agent: str
    steps: Sequence[int]
    stock: bool = False
    workers: int = 1

    def command(self, port: int) -> list[str]:
        if self.stock:
            code = f"import agents; agents.serve_stock({port}, smart={self.agent == 'smart'})"
            return [sys.executable, "-c", code]
        serve = [sys.executable, "-m", "antiphon", "serve", "--transport", "twilio"]
        options = {"--agent": f"agents:{self.agent}", "--port": port, "--capacity": 2000}
        options["--workers"] = self.workers
        return [*serve, *(str(word) for pair in options.items() for word in pair)]

    def url(self, port: int) -> str:
        return (
            f"ws://127.0.0.1:{port}/ws" if self.stock else f"http://127.0.0.1:{port}/twilio/voice"
        )


CONFIGS = (
    Config(name="stock, Smart Turn", agent="smart", stock=True, steps=(4, 8, 12, 14, 16)),
    Config(name="ours, Smart Turn", agent="smart_turn", steps=(4, 12, 36, 44, 52, 60)),
    Config(
        name="stock, speech timeout", agent="timeout", stock=True, steps=(4, 14, 18, 20, 22, 24)
    ),
    Config(name="ours, speech timeout", agent="speech_timeout", steps=(4, 14, 80, 100, 120, 140)),
    Config(name="ours with all it has", agent="whole", steps=(4, 40, 60, 80, 100)),
    Config(name="ours, 2 workers", agent="speech_timeout", workers=2, steps=(10, 150, 200, 250)),
)


@dataclass(frozen=True, kw_only=True)
class Result:
    """One run, in the units of the names."""

    config: str
    calls: int
    cpu_percent: float
    cpu_ms_per_call_sec: float
    callers_cpu_percent: float
    mb_per_call: float
    turn_p50_ms: float
    turn_p95_ms: float
    turns: int
    unanswered: int
    late_share: float
    stop_p50_ms: float
    stop_p95_ms: float
    setup_p50_ms: float
    setup_p95_ms: float
    lag_p99_ms: float
    lag_max_ms: float
    slip_p99_ms: float
    load_average: float
    failures: Sequence[str] = field(default_factory=tuple)

    def passes(self, light: "Result") -> bool:
        return (
            self.turn_p95_ms <= SLOWER_LIMIT * light.turn_p95_ms
            and self.late_share <= LATE_LIMIT
            and not self.failures
            and self.unanswered <= 0.01 * self.turns
        )


def measure(config: Config, calls: int, voices: Path, *, secs: float, spread_secs: float) -> Result:
    """Run one server with so many calls."""
    with tempfile.TemporaryDirectory() as folder, serving(config, Path(folder)) as (server, port):
        empty_bytes = _memory(server)
        report = Path(folder) / "callers.json"
        ramp_secs = max(spread_secs, calls * 0.08)
        settle_secs = min(spread_secs, SETTLE_SECS)
        command = [sys.executable, "callers.py", "--url", config.url(port), "--calls", str(calls)]
        command += ["--secs", str(secs), "--ramp-secs", str(ramp_secs), "--report", str(report)]
        command += ["--settle-secs", str(settle_secs), "--voices", str(voices)]
        callers = subprocess.Popen(
            command, cwd=HERE, stdout=subprocess.PIPE, text=True, env=_environment(folder)
        )
        if config.workers == 1:
            pin(callers.pid, 1)
        assert callers.stdout
        assert callers.stdout.readline() == "measuring\n", "the callers failed"
        used, wall = _cpu_secs(server), time.perf_counter()
        assert callers.stdout.readline() == "measured\n", "the callers failed"
        used, wall = _cpu_secs(server) - used, time.perf_counter() - wall
        full_bytes = _memory(server)
        load_average = os.getloadavg()[0]
        assert callers.wait() == 0
        felt = json.loads(report.read_text())
        lags = list(_lags(Path(folder), felt["from"], felt["from"] + felt["secs"]))
    said: dict[str, list[float]] = {}
    for what, value in felt["felt"]:
        said.setdefault(what, []).append(value)
    turns = [1000 * s for s in said.get("turn", [])]
    stops = [1000 * s for s in said.get("stop", [])]
    setups = [1000 * s for s in said.get("setup", [])]
    return Result(
        config=config.name,
        calls=calls,
        cpu_percent=100 * used / wall,
        cpu_ms_per_call_sec=1000 * used / wall / calls,
        callers_cpu_percent=100 * felt["cpu_secs"] / felt["secs"],
        mb_per_call=(full_bytes - empty_bytes) / 1e6 / calls,
        turn_p50_ms=_percentile(turns, 50),
        turn_p95_ms=_percentile(turns, 95),
        turns=len(turns),
        unanswered=len(said.get("unanswered", [])),
        late_share=sum(said.get("late", [])) / max(1.0, sum(said.get("heard", []))),
        stop_p50_ms=_percentile(stops, 50),
        stop_p95_ms=_percentile(stops, 95),
        setup_p50_ms=_percentile(setups, 50),
        setup_p95_ms=_percentile(setups, 95),
        lag_p99_ms=_percentile(lags, 99),
        lag_max_ms=max(lags, default=math.nan),
        slip_p99_ms=felt["slip_p99_ms"],
        load_average=load_average,
        failures=felt["failures"],
    )


@contextmanager
def serving(config: Config, folder: Path) -> Iterator[tuple[psutil.Process, int]]:
    """Run the server, on the first core unless it has several workers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        config.command(port), cwd=HERE, stderr=log, stdout=log, env=_environment(str(folder))
    )
    try:
        if config.workers == 1:
            pin(process.pid, 0)
        _wait_for(port, process)
        time.sleep(1 + 4 * (config.workers > 1))  # until every worker has loaded its models
        yield psutil.Process(process.pid), port
    finally:
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        log.close()


def _environment(lag_folder: str) -> dict[str, str]:
    paths = os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH"))))
    return {
        **os.environ,
        "PYTHONPATH": paths,
        "LAG_FOLDER": lag_folder,
        "TWILIO_AUTH_TOKEN": TOKEN,
        # As a deployment has it; at DEBUG Pipecat logs every frame's journey.
        "LOGURU_LEVEL": "WARNING",
    }


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise SystemExit(f"the server did not start: exit status {process.returncode}")


def pin(pid: int, core: int) -> None:
    """Let a process run on one core only, if there is more than one."""
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(pid, {sorted(os.sched_getaffinity(0))[core]})


def _tree(server: psutil.Process) -> list[psutil.Process]:
    return [server, *server.children(recursive=True)]


def _cpu_secs(server: psutil.Process) -> float:
    return sum(p.cpu_times().user + p.cpu_times().system for p in _tree(server))


def _memory(server: psutil.Process) -> int:
    return sum(p.memory_full_info().uss for p in _tree(server))


def _lags(folder: Path, start: float, end: float) -> Iterator[float]:
    for path in folder.iterdir():
        if not path.name.isdigit():
            continue
        for line in path.read_text().splitlines():
            at, *lags = map(float, line.split())
            if start <= at <= end:
                yield from lags


def _percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else math.nan


HEADER = (
    "| configuration | N | CPU % | ms/call-s | callers' CPU % | MB/call | turn P50/P95 ms | turns "
    "| late % | barge-in P50/P95 ms | set-up P50/P95 ms | loop lag P99/max ms | load |"
)


def row(result: Result) -> str:
    r = result
    bad = f" {len(r.failures)} failed" if r.failures else ""
    bad += f" {r.unanswered} unanswered" if r.unanswered else ""
    return (
        f"| {r.config} | {r.calls} | {r.cpu_percent:.0f} | {r.cpu_ms_per_call_sec:.1f} "
        f"| {r.callers_cpu_percent:.0f} | {r.mb_per_call:.2f} "
        f"| {r.turn_p50_ms:.0f}/{r.turn_p95_ms:.0f} | {r.turns}{bad} | {100 * r.late_share:.2f} "
        f"| {r.stop_p50_ms:.0f}/{r.stop_p95_ms:.0f} | {r.setup_p50_ms:.0f}/{r.setup_p95_ms:.0f} "
        f"| {r.lag_p99_ms:.0f}/{r.lag_max_ms:.0f} | {r.load_average:.1f} |"
    )


def spread(values: Sequence[float], digits: int = 1) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} [{low:.{digits}f}-{high:.{digits}f}]"


SPREAD: dict[str, Callable[[Sequence[Result]], str]] = {
    "runs": lambda rs: str(len(rs)),
    "ms/call-s": lambda rs: spread([r.cpu_ms_per_call_sec for r in rs]),
    "MB/call": lambda rs: spread([r.mb_per_call for r in rs], 2),
    "turn P50 ms": lambda rs: spread([r.turn_p50_ms for r in rs], 0),
    "turn P95 ms": lambda rs: spread([r.turn_p95_ms for r in rs], 0),
    "late %": lambda rs: spread([100 * r.late_share for r in rs], 2),
    "barge-in P50 ms": lambda rs: spread([r.stop_p50_ms for r in rs], 0),
    "loop lag P99 ms": lambda rs: spread([r.lag_p99_ms for r in rs], 0),
}


def summary(results: Sequence[Result]) -> str:
    """Tell, for each configuration and N, the median and the spread of its repeats."""
    lines = [f"| configuration | N | {' | '.join(SPREAD)} |", "|---" * (2 + len(SPREAD)) + "|"]
    for name, calls in dict.fromkeys((r.config, r.calls) for r in results):
        rs = [r for r in results if (r.config, r.calls) == (name, calls)]
        told = " | ".join(tell(rs) for tell in SPREAD.values())
        lines.append(f"| {name} | {calls} | {told} |")
    return "\n".join(lines)


class Bench:
    """Measures, and tells each result as it comes."""

    def __init__(self, options: argparse.Namespace, voices: Path) -> None:
        self.results: list[Result] = []
        self._options = options
        self._voices = voices

    def step(self, configs: Sequence[Config]) -> None:
        """Let N grow for each configuration in turn until it is too many; repeat there."""
        going = {config.name: config for config in configs}
        knees: list[tuple[Config, int]] = []
        for number in range(max(len(config.steps) for config in configs)):
            for config in list(going.values()):
                if number == len(config.steps) or not self.measure(config, config.steps[number]):
                    del going[config.name]
                    low = max(0, number - 1)
                    knees += [(config, calls) for calls in config.steps[low : number + 1]]
        knees += [(c, c.steps[-1]) for c in going.values()]
        for _ in range(self._options.repeats - 1):
            for config, calls in knees:
                self.measure(config, calls)

    def measure(self, config: Config, calls: int) -> bool:
        """Run once; say whether the server could carry so many."""
        secs, spread_secs = self._options.secs, 2.0 if self._options.quick else SPREAD_SECS
        if calls == config.steps[0] and len(config.steps) > 1:
            # All that follows is held against it, and few calls have few turns.
            secs *= 3
        result = measure(config, calls, self._voices, secs=secs, spread_secs=spread_secs)
        self.results.append(result)
        light = next(r for r in self.results if r.config == config.name)
        print(row(result) + ("" if result.passes(light) else " over the limit"), flush=True)
        if self._options.report:
            with self._options.report.open("a") as file:
                file.write(json.dumps(asdict(result)) + "\n")
        return result.passes(light)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short run of each of four")
    parser.add_argument("--repeats", type=int, default=3, help="of the last N and the one before")
    parser.add_argument("--secs", type=float, default=30.0, help="how long is measured")
    parser.add_argument("--only", action="append", help="part of a configuration's name")
    parser.add_argument("--calls", type=int, action="append", help="in place of the steps")
    parser.add_argument("--report", type=Path, help="a JSON lines file for every run")
    options = parser.parse_args()
    configs = [c for c in CONFIGS if any(part in c.name for part in options.only or [""])]
    if options.calls:
        configs = [replace(config, steps=options.calls) for config in configs]
    if options.quick:
        configs = [replace(config, steps=(4,)) for config in CONFIGS[:4]]
        options.repeats, options.secs = 1, 6.0
    with tempfile.TemporaryDirectory() as folder:
        voices = Path(folder) / "voices"
        made = [(make_clips(noisy=noisy), background(noisy=noisy)) for noisy in (False, True)]
        voices.write_bytes(pickle.dumps(made))
        print(HEADER + "\n" + "|---" * 13 + "|", flush=True)
        bench = Bench(options, voices)
        bench.step(configs)
    if options.repeats > 1:
        print("\n" + summary(bench.results))
    ratios(bench.results)


def ratios(results: Sequence[Result]) -> None:
    """Compare ours with stock at the same number of calls."""
    for mode in ("Smart Turn", "speech timeout"):
        stock, ours = (
            {
                r.calls: [x for x in results if (x.config, x.calls) == (r.config, r.calls)]
                for r in results
                if r.config == f"{who}, {mode}"
            }
            for who in ("stock", "ours")
        )
        for calls in stock.keys() & ours.keys():
            costs, turns = (
                [statistics.median(getattr(r, figure) for r in rs[calls]) for rs in (stock, ours)]
                for figure in ("cpu_ms_per_call_sec", "turn_p50_ms")
            )
            print(
                f"{mode}, {calls} calls, stock and ours: {costs[0]:.1f} and {costs[1]:.1f} "
                f"ms/call-s, ratio {costs[0] / costs[1]:.2f}; "
                f"turn P50 {turns[0]:.0f} and {turns[1]:.0f} ms"
            )


if __name__ == "__main__":
    main()
