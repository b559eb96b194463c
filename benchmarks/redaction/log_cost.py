"""What a line of the log costs: without the guard, of the host beside it, and of a call.

    python benchmarks/redaction/log_cost.py [--calls 10000]

Every figure is the CPU of one line, the best of several rounds, in one run; a ratio is to the same
line before the guard. *After N calls* is after `guard_logs` was called for each of N calls that
began and ended.
"""

import argparse
import logging
import time
from collections.abc import Callable
from io import StringIO

from loguru import logger

from antiphon.core import call_scope
from antiphon.core.call_scope import CallScope
from antiphon.processors.redaction import guard_logs

ROUNDS, LINES = 7, 200
HOSTS = "HTTP 200 after 1234 ms on port 8080"
CALLS = "the caller said 4539 1488 0343 6467"


def cost_us(say: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(LINES):
            say()
        best = min(best, (time.process_time() - began) / LINES)
    return best * 1e6


def in_call(say: Callable[[], object]) -> Callable[[], object]:
    def bound() -> None:
        with logger.contextualize(call_id="CA1"):
            say()

    return bound


def fail(depth: int) -> None:
    if depth:
        fail(depth - 1)
    raise ValueError(CALLS * 500)


def failure() -> Exception:
    try:
        fail(300)
    except ValueError as error:
        return error
    raise AssertionError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    calls = parser.parse_args().calls
    logger.remove()
    logger.add(StringIO(), level="TRACE", diagnose=True)
    stdlib = logging.getLogger("host")
    stdlib.addHandler(logging.StreamHandler(StringIO()))
    stdlib.propagate = False
    error = failure()

    lines: dict[str, Callable[[], object]] = {
        "host, loguru": lambda: logger.info(HOSTS),
        "host, logging": lambda: stdlib.warning(HOSTS),
        "call, loguru": in_call(lambda: logger.info(CALLS)),
        "call, logging": lambda: stdlib.warning(CALLS, extra={"call_id": "CA1"}),
    }
    plain = {name: cost_us(say) for name, say in lines.items()}
    guard_logs()
    first = {name: cost_us(say) for name, say in lines.items()}
    for _ in range(calls):
        guard_logs()
        scope = CallScope()
        scope.begin()
        scope.end()
    # Else the host's lines would be a minute's worth of late ones.
    call_scope._ended_at = float("-inf")
    call_scope._within.set(False)
    later = {name: cost_us(say) for name, say in lines.items()}
    print(
        f"{'':16}{'plain µs':>10}{'guarded':>10}{f'after {calls:,} calls':>22}{'later/first':>13}"
    )
    for name in lines:
        print(
            f"{name:16}{plain[name]:10.1f}{first[name] / plain[name]:9.2f}x"
            f"{later[name] / plain[name]:21.2f}x{later[name] / first[name]:12.2f}x"
        )

    def worst() -> None:
        message = f"{CALLS} " * 1000
        logger.bind(call_id="CA1", said=[message] * 9).opt(exception=error).error(message)

    worst()
    began = time.process_time()
    for _ in range(20):
        worst()
    worst_ms = (time.process_time() - began) / 20 * 1e3
    print(f"the dearest line, of 360,000 characters and 300 frames: {worst_ms:.1f} ms")


if __name__ == "__main__":
    main()
